"""Exercises: plain, in no figure, and nobody is paged or told unless that was ticked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import disclosure, evaluation, notices, queries, response, workflow
from cases.intake import reports
from cases.models import Category, Entry, Incident, Report
from incidentdesk.kernel.errors import InvalidInput
from notifications.models import Escalation, Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def drill(declare):
    """An exercise that pages nobody and tells no partner."""
    return Incident.objects.get(pk=declare(title="Ransom drill", is_exercise=True).pk)


def test_an_exercise_says_so_and_pages_nobody(drill, people):
    assert str(drill) == f"{drill.reference} EXERCISE: Ransom drill"
    assert Entry.objects.get().body.startswith("This is an exercise. Opened by staff.")
    with pytest.raises(InvalidInput, match="This exercise pages nobody"):
        response.page(
            incident_id=drill.pk,
            user_ids=[people["security"].pk],
            group_ids=[],
            note="",
            by=people.actor("responder"),
            at=NOW,
        )
    found = evaluation.Evaluation(
        category_id=Category.objects.get(key="outage").pk,
        impact=4,
        scope=4,
        urgency=3,
    )
    evaluation.evaluate(incident_id=drill.pk, found=found, by=people.actor("responder"), at=LATER)
    assert Incident.objects.get().severity == 1
    assert (Escalation.objects.count(), Message.objects.count()) == (0, 0)


def test_an_exercise_that_pages_says_so_in_the_page(declare, people):
    incident = declare(title="Ransom drill", is_exercise=True, exercise_pages=True)
    assert Escalation.objects.get().title == "EXERCISE: Ransom drill"
    response.page(
        incident_id=incident.pk,
        user_ids=[people["security"].pk],
        group_ids=[],
        note="",
        by=people.actor("responder"),
        at=NOW,
    )
    assert "EXERCISE: Ransom drill" in Message.objects.get().subject


def involved(incident, helix, people):
    return disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=helix.pk,
        title="Late quotes",
        meaning="Wait.",
        severity=3,
        by=people.actor("communications"),
        at=NOW,
    )


def approved(incident, made, people):
    notice = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="Late.",
        involvement_ids=[made.pk],
        by=people.actor("communications"),
        at=NOW,
    )
    return notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)


def test_a_notice_of_an_exercise_is_drafted_and_approved_and_not_sent(drill, helix, people):
    made = involved(drill, helix, people)
    notice = approved(drill, made, people)
    by = people.actor("communications")
    for refused in (
        lambda: notices.send(notice_id=notice.pk, by=by, at=NOW),
        lambda: disclosure.disclose(incident_id=drill.pk, involvement_id=made.pk, by=by, at=NOW),
    ):
        with pytest.raises(InvalidInput, match="is an exercise that tells no partner"):
            refused()
    made.refresh_from_db()
    assert (made.disclosed_at, Message.objects.count()) == (None, 0)


def test_an_exercise_that_tells_partners_says_so_to_them(declare, helix, people):
    incident = declare(title="Ransom drill", is_exercise=True, exercise_tells=True)
    made = involved(incident, helix, people)
    notice = approved(incident, made, people)
    notices.send(notice_id=notice.pk, by=people.actor("communications"), at=NOW)
    made.refresh_from_db()
    assert made.is_exercise
    assert Message.objects.get().subject == "HELIX-2026-0001: EXERCISE: Late quotes"


def test_a_report_is_not_attached_to_an_exercise_that_tells_nobody(drill, helix, people):
    told = reports.report(
        title="Odd fills",
        description="x",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    with pytest.raises(InvalidInput, match="tells no partner"):
        reports.attach(
            report_id=told.pk,
            reference=drill.reference,
            by=people.actor("commander"),
            at=NOW,
        )
    assert Report.objects.get().state == "new"


def test_only_an_exercise_is_asked_whom_it_reaches(declare):
    with pytest.raises(InvalidInput, match="Only an exercise"):
        declare(exercise_pages=True)


def test_figures_are_made_of_what_is_real(drill, declare, people):
    real = declare()
    by = people.actor("commander")
    assert list(queries.counted_for(by)) == [real]
    assert queries.visible_to(by).count() == 2
    workflow.dismiss(incident_id=drill.pk, reason="Over.", by=by, at=NOW)
    workflow.reopen(incident_id=drill.pk, reason="Again.", by=by, at=NOW)
    assert not Escalation.objects.filter(about=drill.about).exists()
