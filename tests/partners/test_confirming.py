"""A partner says in its portal that the service works again, for itself and at the right time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cases import restoring, restriction
from cases.intake import reports
from cases.models import Entry, Incident, Involvement
from incidentdesk.kernel import grants
from incidentdesk.kernel.models import User
from tests.conftest import NOW, PASSWORD

pytestmark = pytest.mark.django_db
BUTTON = "We see it working again"


@pytest.fixture
def involvement(incident_in, helix) -> Involvement:
    """Helix in an incident that is in Recovery."""
    return incident_in("recovery").involvements.get()


@pytest.fixture
def browser(people, helix) -> Client:
    """A browser in which Helix's contact is logged in."""
    client = Client()
    client.force_login(people["helix"])
    return client


def page(involvement: Involvement) -> str:
    return f"/portal/incidents/{involvement.reference}/"


def test_the_partner_confirms_and_the_desk_sees_it(browser, involvement):
    assert BUTTON in browser.get(page(involvement)).text
    response = browser.post(f"{page(involvement)}works/", follow=True)
    assert response.redirect_chain == [(page(involvement), 302)]
    assert "The response team sees that it works again for you." in response.text
    assert "Helix Markets contact told us that it does" in response.text
    assert BUTTON not in response.text
    involvement.refresh_from_db()
    assert involvement.recovery_confirmed_by == "Helix Markets contact"
    entry = Entry.objects.filter(incident=involvement.incident_id).first()
    assert (entry.partner_id, entry.kind) == (involvement.partner_id, "partner")
    assert entry.body == "Helix Markets: Helix Markets contact sees the service working again."


def test_a_partner_of_a_restricted_incident_acknowledges_confirms_and_reports(
    browser, involvement, people
):
    """Restricting shuts out people of the desk; what was disclosed to a partner stays its own."""
    incident, at = involvement.incident, NOW + timedelta(days=1)
    by = people.actor("commander")
    restriction.restrict(incident_id=incident.pk, user_ids=[], reason="x", by=by, at=at)
    copy = involvement.copies.get(kind="first")
    for button in ("notices/1/acknowledge/", "works/"):
        response = browser.post(f"{page(involvement)}{button}", follow=True)
        assert response.redirect_chain == [(page(involvement), 302)]
    involvement.refresh_from_db()
    copy.refresh_from_db()
    assert involvement.recovery_confirmed_by == copy.acknowledged_by == "Helix Markets contact"
    assert [entry.body for entry in incident.entries.order_by("-sequence")[:2]] == [
        "Helix Markets: Helix Markets contact sees the service working again.",
        "Helix Markets: Helix Markets contact acknowledged the notice (first notice).",
    ]
    told = reports.report(
        title="Fills missing",
        description="Six.",
        noticed_at=NOW,
        by=people.contact("helix", involvement.partner),
        at=at,
    )
    found = reports.attach(report_id=told.pk, reference=incident.reference, by=by, at=at)
    assert found == incident


def test_a_second_click_is_told_so(browser, involvement):
    browser.post(f"{page(involvement)}works/")
    before = Entry.objects.count()
    response = browser.post(f"{page(involvement)}works/", follow=True)
    assert "Helix Markets contact confirmed it already." in response.text
    assert Entry.objects.count() == before


def test_what_the_desk_heard_on_the_phone_is_shown_to_the_partner(browser, involvement, people):
    restoring.confirm_partner(
        incident_id=involvement.incident_id,
        involvement_id=involvement.pk,
        who="Ada, by phone",
        by=people.actor("communications"),
        at=Incident.objects.get().moves.last().at,
    )
    assert "Ada, by phone told us that it does" in browser.get(page(involvement)).text


def test_before_recovery_there_is_nothing_to_confirm(browser, incident_in, helix):
    involvement = incident_in("containment").involvements.get()
    involvement.refresh_from_db()
    if involvement.disclosed_at is None:
        Involvement.objects.filter(pk=involvement.pk).update(
            disclosed_at=NOW, reference="HELIX-2026-0900"
        )
        involvement.refresh_from_db()
    assert BUTTON not in browser.get(page(involvement)).text
    response = browser.post(f"{page(involvement)}works/", follow=True)
    assert "Service is not being restored at present" in response.text
    assert "INC-" not in response.text
    involvement.refresh_from_db()
    assert involvement.recovery_confirmed_at is None


@pytest.mark.asvs("3.5.1 3.5.3", 34)
@pytest.mark.mistake(14)
def test_looking_confirms_nothing_and_neither_does_another_partner(
    browser, involvement, people, norrbank
):
    assert browser.get(f"{page(involvement)}works/").status_code == 405
    stranger = Client()
    stranger.force_login(people["norrbank"])
    assert stranger.post(f"{page(involvement)}works/").status_code == 404
    involvement.refresh_from_db()
    assert involvement.recovery_confirmed_at is None


def test_who_only_reads_for_a_partner_does_not_speak_for_it(involvement, helix):
    reader = User.objects.create_user("reader@helix.test", PASSWORD, name="Reader")
    grants.grant(reader, "audit", helix)
    client = Client()
    client.force_login(reader)
    text = client.get(page(involvement)).text
    assert BUTTON not in text
    assert "Nobody at your company has confirmed it yet." in text
    response = client.post(f"{page(involvement)}works/")
    assert response.status_code == 403
    involvement.refresh_from_db()
    assert involvement.recovery_confirmed_at is None
