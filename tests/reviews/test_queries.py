"""What others read of reviews: what is open, what is late, what was verified in time; facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import workflow as case
from cases.models import Incident
from incidentdesk.kernel.access import SYSTEM, Actor
from reviews import actions, facts, queries
from reviews.models import PreventiveAction, Review
from tests.conftest import NOW, People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def phase_times(incident: Incident, *, at: datetime) -> list[facts.PhaseTime]:
    """The time in each phase against its clocks."""
    return facts.phase_times(incident, facts.clocks_of(incident), at=at)


def test_an_action_is_overdue_from_the_day_after_and_after_closing(closed: Review) -> None:
    action = PreventiveAction.objects.get()
    due_day = LATER.replace(day=11, hour=23)

    assert list(queries.overdue_actions(SYSTEM, due_day)) == []
    assert list(queries.overdue_actions(SYSTEM, due_day + timedelta(hours=1))) == [action]
    assert list(queries.overdue_actions(SYSTEM, LATER + timedelta(days=365))) == [action]


def test_an_action_is_overdue_until_it_is_verified(closed: Review, people: People) -> None:
    action = PreventiveAction.objects.get()
    actions.finish(action_id=action.pk, note="Done.", by=people.actor("responder"), at=LATER)

    assert list(queries.open_actions(SYSTEM)) == []
    assert list(queries.overdue_actions(SYSTEM, LATER + MONTH)) == [action]
    by = people.actor("security")
    actions.verify(action_id=action.pk, evidence="The drill.", by=by, at=LATER + MONTH)
    assert list(queries.overdue_actions(SYSTEM, LATER + MONTH)) == []


def test_the_oldest_overdue_action_comes_first(steps: Steps) -> None:
    newer = steps.action(due_on=(LATER + timedelta(days=9)).date())
    older = steps.action(due_on=(LATER + timedelta(days=2)).date())

    assert list(queries.overdue_actions(SYSTEM, LATER + MONTH)) == [older, newer]


def test_actions_in_time_counts_what_was_due_and_leaves_out_what_was_dropped(
    steps: Steps, people: People
) -> None:
    by, other = people.actor("responder"), people.actor("security")
    days = [LATER + timedelta(days=n) for n in range(1, 6)]
    in_time, late, dropped, _open, not_due = (steps.action(due_on=day.date()) for day in days)
    actions.finish(action_id=in_time.pk, note="Done.", by=by, at=days[0])
    actions.finish(action_id=late.pk, note="Done.", by=by, at=days[1] + timedelta(days=1))
    for done, at in ((in_time, days[0]), (late, days[1] + timedelta(days=1))):
        actions.verify(action_id=done.pk, evidence="The drill.", by=other, at=at)
    actions.drop(action_id=dropped.pk, reason="No.", by=by, at=days[2])
    actions.finish(action_id=not_due.pk, note="Early.", by=by, at=days[3])

    found = queries.actions_in_time(SYSTEM, since=LATER, at=days[4])

    assert found == queries.InTime(verified=1, due=3)


def test_without_actions_nothing_was_due(db: None) -> None:
    found = queries.actions_in_time(SYSTEM, since=NOW - MONTH, at=NOW)
    assert (found, found.percent) == (queries.InTime(verified=0, due=0), 0)


def test_a_review_carries_the_due_time_of_its_incident_s_deadline(
    review: Review, people: People
) -> None:
    due = review.incident.deadlines.get(kind="review").due_at

    found = queries.open_reviews(people.actor("auditor")).get()

    assert found == review
    assert found.due_at == due


def test_who_has_no_role_sees_nothing(closed: Review, people: People) -> None:
    nobody = Actor(name="Nobody")

    assert not queries.visible_to(nobody).exists()
    assert not queries.actions_visible_to(nobody).exists()
    assert not queries.lessons_visible_to(nobody).exists()
    assert queries.visible_to(people.actor("auditor")).count() == 1
    assert queries.actions_visible_to(people.actor("auditor")).count() == 1
    assert queries.lessons_visible_to(people.actor("auditor")).count() == 1


def test_of_incident_finds_the_review_or_nothing(
    closed: Review, incident_in: Callable[[str], Incident]
) -> None:
    assert queries.of_incident(closed.incident_id) == closed
    assert queries.of_incident(incident_in("identification").pk) is None


def test_a_closed_review_is_not_open(closed: Review, people: People) -> None:
    assert not queries.open_reviews(people.actor("commander")).exists()


def test_times_in_phases_add_up_over_several_stays(review: Review, people: People) -> None:
    commander = people.actor("commander")
    case.step_back(incident_id=review.incident_id, reason="Early.", by=commander, at=LATER)
    end = LATER + timedelta(hours=2)

    times = phase_times(Incident.objects.get(), at=end)

    assert [time.label for time in times] == [
        "Identification",
        "Containment",
        "Mitigation",
        "Recovery",
        "Review",
    ]
    assert (times[3].stays, times[4].words) == (2, "0 s")
    assert sum((time.span for time in times), timedelta()) == end - NOW


def test_time_after_closing_counts_for_no_phase(closed: Review) -> None:
    incident = Incident.objects.get()
    assert phase_times(incident, at=LATER) == phase_times(incident, at=LATER + MONTH)


def test_late_clocks_are_those_met_late_and_those_still_open(review: Review) -> None:
    late = facts.late_clocks(facts.clocks_of(Incident.objects.get()), at=LATER + MONTH)

    assert [(clock.label, clock.is_met) for clock in late] == [
        ("First partner notice", True),
        ("First facts package: Helix Markets", False),
        ("Recovered", True),
        ("Interim facts package: Helix Markets", False),
        ("Review held", False),
        ("Final facts package: Helix Markets", False),
        ("Report of the cause: Helix Markets", False),
    ]
    words = {clock.label: clock.words for clock in late}
    assert words["Recovered"] == "19 h 30 late"
    assert words["Review held"].endswith("late, still open")


def test_the_partners_told_come_with_what_they_were_sent(review: Review) -> None:
    (told,) = facts.partners_told(Incident.objects.get())

    assert told.involvement.partner.name == "Helix Markets"
    (copy,) = told.copies
    assert copy.sent_at is not None
    assert (copy.kind, NOW < copy.sent_at < LATER) == ("first", True)


def test_each_phase_stands_against_its_target(review: Review) -> None:
    incident = Incident.objects.get()

    times = phase_times(incident, at=LATER + MONTH)

    assert [(time.label, time.is_late, time.target.partition(":")[0]) for time in times] == [
        ("Identification", False, "Commander, category and severity"),
        ("Containment", False, "Contained"),
        ("Mitigation", False, ""),
        ("Recovery", True, "Recovered"),
        ("Review", True, "Review held"),
    ]
    assert times[3].target == "Recovered: 19 h 30 late"
    assert times[4].target.endswith("late, still open")


def test_one_page_of_actions_costs_one_query(steps: Steps, people: People) -> None:
    for _ in range(5):
        steps.action()

    with CaptureQueriesContext(
        connection,
    ) as captured:
        rows = list(queries.actions_visible_to(people.actor("auditor")))
        assert [str(row.owner) + row.review.incident.reference for row in rows]

    assert len(captured) == 1
