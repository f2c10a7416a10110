"""`/report/`: whoever works here says what is wrong; nothing is read back, no partner gets in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases.models import Evidence, Incident
from incidentdesk.kernel.models import User
from partners.models import Contact

pytestmark = pytest.mark.django_db
CANARY = "canary-incident"


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Open gate",
        "description": "The gate of the cage was open.",
        "noticed_at": "2026-03-04T09:00",
        **changes,
    }


@pytest.fixture
def janitor(db: None, declare) -> Client:
    """Somebody who works here and has no role; an incident is open meanwhile."""
    declare(title=CANARY)
    browser = Client()
    browser.force_login(User.objects.create_user("janitor@desk.test", name="Jo Janitor"))
    return browser


def test_somebody_without_a_role_reports_and_reads_nothing_back(janitor):
    assert janitor.get("/")["Location"] == "/report/"
    files = [SimpleUploadedFile("gate.png", b"pixels")]
    done = janitor.post("/report/", typed(uploads=files), follow=True)
    incident = Incident.objects.latest("pk")
    assert (incident.title, incident.detection, incident.detected_by) == (
        "Open gate",
        "staff",
        "Jo Janitor · internal report",
    )
    assert Evidence.objects.get().incident == incident
    assert "Your report was received" in done.text
    assert incident.reference not in done.text
    assert CANARY not in done.text
    for path in (incident.url, "/admin/", "/portal/"):
        assert janitor.get(path).status_code in (302, 403, 404)


def test_who_may_read_incidents_is_told_the_reference(as_):
    done = as_("auditor").post("/report/", typed(), follow=True)
    assert Incident.objects.get().reference in done.text


def test_what_is_refused_is_not_lost_and_a_second_click_does_nothing(janitor):
    refused = janitor.post("/report/", typed(title=""))
    assert refused.status_code == 422
    assert "The gate of the cage was open." in refused.text
    early = janitor.post("/report/", typed(noticed_at="2126-03-04T09:00"))
    assert "You cannot have noticed it in the future; check the time." in early.text
    ancient = janitor.post("/report/", typed(noticed_at="0001-01-01T00:00"))
    said = ["Nothing told here happened before 1990; check the year."]
    assert ancient.context["form"].errors == {"noticed_at": said}
    janitor.post("/report/", typed())
    again = janitor.post("/report/", typed())
    assert "You reported this a moment ago; it was received." in again.text
    assert Incident.objects.filter(title="Open gate").count() == 1


def test_more_than_ten_reports_an_hour_are_a_mistake(janitor):
    for number in range(11):
        last = janitor.post("/report/", typed(title=f"Gate {number}"))
    assert "You reported 10 times within an hour; call the desk instead." in last.text
    assert Incident.objects.filter(title__startswith="Gate").count() == 10


def test_nobody_of_a_partner_gets_there_even_after_they_left(people, helix):
    browser = Client()
    browser.force_login(people["helix"])
    assert browser.get("/report/").status_code == 404
    assert browser.post("/report/", typed()).status_code == 404
    Contact.objects.update(is_active=False)
    assert browser.get("/report/").status_code == 404
    assert Client().get("/report/")["Location"].startswith("/accounts/login/")
    assert Incident.objects.count() == 0
