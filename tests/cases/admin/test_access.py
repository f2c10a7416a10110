"""Who gets in at all, and that an auditor's reading is recorded."""

from __future__ import annotations

from django.test import Client

from incidentdesk.kernel.models import AuditEvent, User
from tests.cases.admin.conftest import address, page_of, state_of


def test_a_superuser_without_a_role_gets_nothing(incident_in):
    incident = incident_in("containment")
    browser = Client()
    browser.force_login(
        User.objects.create_user("root@desk.test", "x", name="Root", is_superuser=True)
    )
    before = state_of(incident)
    for path in ("/admin/", "/admin/cases/incident/", page_of(incident)):
        answer = browser.get(path)
        assert (answer.status_code, incident.title in answer.content.decode()) == (302, False)
    for action in ("post_update", "take_command", "dismiss"):
        answer = browser.post(address(incident, action), {"text": "x", "reason": "x"})
        assert answer.status_code == 302
    assert state_of(incident) == before


def test_a_partners_contact_and_a_stranger_get_nothing(as_, incident_in):
    incident = incident_in("containment")
    for browser, to in ((as_("helix"), "/portal/"), (Client(), "/accounts/login/")):
        for path in ("/admin/cases/incident/", page_of(incident), address(incident, "page")):
            answer = browser.get(path, follow=False)
            assert answer.status_code == 302
            target = answer.headers["Location"]
            assert target.startswith(("/admin/login/", to))
            assert browser.get(target).headers.get("Location", to).startswith(to)


def test_what_an_auditor_reads_is_recorded_and_nobody_elses_reading_is(as_, incident_in, people):
    incident = incident_in("containment")
    as_("responder").get(page_of(incident))
    assert not AuditEvent.objects.filter(about=incident.about).exists()
    as_("auditor").get(page_of(incident))
    noted = AuditEvent.objects.get(about=incident.about)
    assert (noted.action, noted.user_id) == ("read", people["auditor"].pk)
