"""Staff view the portal as a partner sees it: read only, marked, recorded, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cases import restriction
from incidentdesk.kernel.models import AuditEvent
from partners import tokens
from partners.models import Webhook
from tests.conftest import NOW, People
from tests.hooks import receiver
from tests.partners.conftest import Both, leaks
from tests.partners.test_webhooks import added, boss, browser

pytestmark = pytest.mark.django_db
AT = "/accounts/view-as/ALDER/"


@pytest.fixture
def looking(both: Both, people: People) -> Client:
    """A commander who views as Alder."""
    client = Client()
    client.force_login(people["commander"])
    assert client.post(AT)["Location"] == "/portal/"
    return client


def test_staff_see_what_the_partner_sees_and_that_they_only_look(both: Both, looking: Client):
    page = f"/portal/incidents/{both.a.involvement.reference}/"
    text = looking.get(page).text
    assert "You view this as Alder Trading." in text
    assert "ALDER notice" in text
    assert "Acknowledge</button>" not in text
    assert looking.get(f"/portal/incidents/{both.b.involvement.reference}/").status_code == 404
    theirs = both.a.client.get(page).text
    assert "You view this as" not in theirs


def test_each_page_is_recorded_with_the_name(both: Both, looking: Client, people: People):
    looking.get("/portal/?q=")
    event = AuditEvent.objects.latest("pk")
    assert (event.user_id, event.action) == (people["commander"].pk, "viewed the portal as")
    assert event.about == f"partner:{both.a.partner.pk}"
    assert event.detail == {"name": "Alder Trading", "page": "/portal/?q="}


def test_nothing_can_be_changed(both: Both, looking: Client):
    before = both.a.rows()
    reference = both.a.involvement.reference
    for address in (
        f"incidents/{reference}/notices/1/acknowledge/",
        f"incidents/{reference}/works/",
        "report/",
        "team/invite/",
    ):
        response = looking.post(f"/portal/{address}", {"title": "x"})
        assert response.status_code == 403
        assert "nothing can be changed so" in response.text
    assert both.a.rows() == before


def test_it_begins_and_ends_with_a_button(both: Both, looking: Client):
    assert "View the portal as Alder Trading" in looking.get(AT).text
    back = looking.post(AT, {"stop": "1"})
    assert back["Location"] == f"/admin/partners/partner/{both.a.partner.pk}/change/"
    assert looking.get("/portal/")["Location"] == "/admin/"


def test_looking_at_the_question_begins_nothing(both: Both, people: People):
    client = Client()
    client.force_login(people["commander"])
    assert client.get(AT).status_code == 200
    assert client.get("/portal/")["Location"] == "/admin/"


def test_it_leads_to_the_incident_and_nowhere_else(both: Both, people: People):
    client = Client()
    client.force_login(people["auditor"])
    page = f"/portal/incidents/{both.a.involvement.reference}/"
    assert client.post(AT, {"next": page})["Location"] == page
    assert client.post(AT, {"next": "//evil.test"})["Location"] == "/portal/"


def test_partners_and_strangers_cannot_view_as_anybody(both: Both):
    for method in ("get", "post"):
        assert getattr(both.b.client, method)(AT).status_code == 404
        assert getattr(Client(), method)(AT).status_code == 302
    session = both.b.client.session
    assert "viewed_partner_id" not in session


def test_whoever_loses_the_role_loses_the_view(both: Both, looking: Client, people: People):
    people["commander"].roles = []
    people["commander"].save()
    assert looking.get("/portal/").status_code == 404


def test_a_restricted_incident_stays_hidden_from_whoever_is_not_let_in(
    both: Both,
    people: People,
):
    reference = both.a.involvement.reference
    restriction.restrict(
        incident_id=both.incident.pk,
        user_ids=[],
        reason="x",
        by=people.actor("commander"),
        at=NOW,
    )
    client = Client()
    client.force_login(people["responder"])
    client.post(AT)
    assert client.get(f"/portal/incidents/{reference}/").status_code == 404
    assert reference not in client.get("/portal/").text
    assert reference in both.a.client.get("/portal/").text


def test_the_log_of_a_webhook_names_no_incident_that_is_restricted(
    telling: Any, both: Both, people: People, settings: Any
):
    page, reference = "/portal/webhooks/2/", both.a.involvement.reference
    settings.WEBHOOK_LOOPBACK = True
    with receiver() as hook:
        added(both.a, hook)
    telling.tell(both.a.involvement, "ALDER second notice")
    other = telling.involve(telling.declare("GLOBAL other"), both.a)
    telling.tell(other, "ALDER other notice")
    client = Client()
    client.force_login(people["responder"])
    client.post(AT)
    assert reference in client.get(page).text
    restriction.restrict(
        incident_id=both.incident.pk, user_ids=[], reason="x", by=people.actor("commander"), at=NOW
    )
    text = client.get(page).text
    assert leaks(text, reference) == []
    assert other.reference in text
    assert reference in browser(boss(both.a)).get(page).text


def test_a_webhook_that_is_gone_is_told_of_as_to_the_partner(both: Both, looking: Client):
    said = "A webhook was switched off"
    assert said not in looking.get("/portal/").text
    Webhook.objects.filter(pk=both.b.webhook.pk).update(off_because="gone")
    assert said not in looking.get("/portal/").text
    Webhook.objects.filter(pk=both.a.webhook.pk).update(off_because="gone")
    assert said in looking.get("/portal/").text


def test_the_incident_page_and_the_register_lead_there(both: Both, people: People):
    client = Client()
    client.force_login(people["administrator"])
    page = client.get(f"/admin/partners/partner/{both.a.partner.pk}/view_as/")
    assert page["Location"] == AT
    assert AT in client.get(f"/admin/cases/incident/{both.incident.pk}/change/?tab=partners").text


def test_what_belongs_to_a_person_is_said_to_and_not_shown(both: Both, looking: Client):
    tokens.make(name="ALDER status page", scopes=[], by=both.a.actor, at=NOW)
    for page, sentence in (
        ("tokens", "Tokens belong to persons"),
        ("preferences", "Preferences belong to persons"),
    ):
        text = looking.get(f"/portal/{page}/").text
        assert sentence in text
        assert "No token is in use" not in text
        assert "You are not down for notices" not in text
        assert 'action="/portal/' not in text
        assert sentence not in both.a.client.get(f"/portal/{page}/").text
