"""Restricted incidents: reading as an auditor opens no door to write, and no answer names one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from cases import evidence, restriction
from cases.intake import reports
from cases.models import Event, Evidence, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import NotFound
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from tests.cases.intake.conftest import alert, answer, call, enqueue, event, pagerduty, post
from tests.conftest import NOW

__all__ = ["enqueue", "pagerduty", "post"]  # fixtures
pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
MISSING = "There is no such incident; it may be on another desk."


@pytest.fixture
def hide(people):
    """`hide(incident)`: for the commander alone from now on."""

    def run(incident: Incident) -> Incident:
        restriction.restrict(
            incident_id=incident.pk,
            user_ids=[],
            reason="Perhaps one of us.",
            by=people.actor("commander"),
            at=NOW,
        )
        return Incident.objects.get(pk=incident.pk)

    return run


@pytest.fixture
def piece(declare, people, hide) -> Evidence:
    """A piece of evidence of a hidden incident."""
    made = evidence.add(
        incident_id=declare().pk,
        upload=ContentFile(b"x", name="x.txt"),
        title="Log",
        collector="Commander",
        collected_at=NOW,
        by=people.actor("commander"),
        at=NOW,
    )
    hide(made.incident)
    return made


@pytest.fixture
def night(people) -> Actor:
    """An auditor who has every other role as well."""
    user = User.objects.create_user("night@desk.test", name="Noor", roles=list(ROLES))
    return access.actor_for(user)


def test_reading_as_an_auditor_attaches_no_report(declare, hide, night, people, helix):
    hidden = hide(declare())
    told = reports.report(
        title="Fills missing",
        description="Six.",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    with pytest.raises(NotFound, match=MISSING):
        reports.attach(report_id=told.pk, reference=hidden.reference, by=night, at=LATER)
    told.refresh_from_db()
    assert (told.state, told.incident, hidden.involvements.count()) == ("new", None, 0)


def test_reading_as_an_auditor_verifies_no_evidence(piece, night):
    with pytest.raises(NotFound, match=MISSING):
        evidence.verify(evidence_id=piece.pk, by=night, at=LATER)
    assert [link.action for link in piece.custody.all()] == ["added"]


def test_an_auditor_takes_evidence_of_a_restricted_incident_away_on_record(piece, people):
    by = people.actor("auditor")
    evidence.export(incident_id=piece.incident_id, by=by, at=LATER)
    assert [(link.action, link.actor) for link in piece.custody.order_by("id")] == [
        ("added", "Incident commander"),
        ("exported", "Auditor"),
    ]


def test_a_sender_is_not_told_the_name_of_a_restricted_incident(declare, hide, source, post):
    first = answer(post(call(alert("QuoteStale"))))
    hidden = hide(Incident.objects.get(reference=first["incident"]))
    key = first["dedup_key"]
    repeated = answer(post(call(alert("QuoteStale"))))
    joined = answer(post(call(alert("QuoteLost"), alert("QuoteStale"))))
    cleared = answer(post(call(alert("QuoteStale", status="resolved"))))
    assert [(one["status"], one["incident"], one["incidents"]) for one in (repeated, joined)] == [
        ("folded", None, []),
        ("folded", None, []),
    ]
    assert (cleared["status"], cleared["incident"], cleared["incidents"]) == ("resolved", None, [])
    assert repeated["dedup_key"] == cleared["dedup_key"] == key
    stored = Event.objects.order_by("id").values_list("said", "incident_id", "concerns")
    assert list(stored)[1:] == [
        ("folded", hidden.pk, [hidden.pk]),
        ("folded", hidden.pk, [hidden.pk]),
        ("resolved", hidden.pk, [hidden.pk]),
    ]


def test_a_pager_that_notes_or_repeats_is_not_told_the_name_either(hide, enqueue):
    first = answer(enqueue(event()))
    hide(Incident.objects.get(reference=first["incident"]))
    for action in ("trigger", "acknowledge", "resolve"):
        told = answer(enqueue(event(action)))
        assert (told["status"], told["incident"], told["incidents"]) == ("success", None, [])
