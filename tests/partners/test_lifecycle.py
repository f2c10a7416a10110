"""What a partner sees of a merge and of an exercise: its own references, in plain words."""

from __future__ import annotations

import pytest
from django.test import Client

from cases import disclosure, workflow
from cases.models import Incident
from partners.models import Partner
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db


def shown(incident: Incident, partner: Partner, people: People, title: str) -> str:
    """Listed and disclosed; answers the partner's reference."""
    by = people.actor("communications")
    step = {"incident_id": incident.pk, "by": by, "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=partner.pk, title=title, meaning="Wait.", severity=3
    )
    return disclosure.disclose(**step, involvement_id=made.pk).reference


def browser(people: People) -> Client:
    client = Client()
    client.force_login(people["helix"])
    return client


def test_a_merged_incident_leads_the_partner_to_the_one_that_goes_on(declare, people, helix):
    kept, twin = declare(title="GLOBAL one"), declare(title="GLOBAL two")
    kept.refresh_from_db()
    onward = shown(kept, helix, people, "Late quotes")
    old = shown(twin, helix, people, "Quotes late")
    workflow.dismiss(
        incident_id=twin.pk,
        reason="GLOBAL reason",
        duplicate_of=kept.reference,
        by=people.actor("commander"),
        at=NOW,
    )
    client = browser(people)
    page = client.get(f"/portal/incidents/{old}/").text
    assert f"Continued as {onward}" in page
    assert f'href="/portal/incidents/{onward}/"' in page
    assert "not an incident for you" not in page
    assert f"Continued as {onward}" in client.get("/portal/").text
    assert "Continued as" not in client.get(f"/portal/incidents/{onward}/").text
    for address in ("/portal/", f"/portal/incidents/{old}/", f"/portal/incidents/{onward}/"):
        text = client.get(address).text
        assert "GLOBAL" not in text
        assert "INC-" not in text


def test_a_partner_that_follows_keeps_its_reference_and_sees_the_phase_of_the_other(
    incident_in, declare, people, helix, norrbank
):
    kept = incident_in("containment")
    twin = declare(title="GLOBAL two")
    old = shown(twin, norrbank, people, "Quotes late")
    workflow.dismiss(
        incident_id=twin.pk,
        reason="x",
        duplicate_of=kept.reference,
        by=people.actor("commander"),
        at=NOW,
    )
    client = Client()
    client.force_login(people["norrbank"])
    page = client.get(f"/portal/incidents/{old}/").text
    assert '<li class="now" aria-current="step"><b>Containment</b>' in page


def test_an_exercise_that_tells_partners_is_plain_in_the_portal(declare, people, helix):
    drill = declare(title="GLOBAL drill", is_exercise=True, exercise_tells=True)
    reference = shown(drill, helix, people, "Late quotes")
    client = browser(people)
    assert "<b>This is an exercise.</b>" in client.get(f"/portal/incidents/{reference}/").text
    assert '<span class="badge drill">Exercise</span>' in client.get("/portal/").text
