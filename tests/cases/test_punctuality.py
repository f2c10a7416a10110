"""How punctual we are to a partner: in time, late, overdue, and only what can be judged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import notices, packages, punctuality, restriction
from cases.models import Deadline, Involvement
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SOON = NOW + timedelta(days=1)


@pytest.fixture
def told(incident_in):
    """Helix in an incident in Recovery, told once."""
    return incident_in("recovery").involvements.get()


def kept(row, people, *, at=SOON, who="communications") -> list[tuple[str, int, int, int]]:
    found = punctuality.of(row.partner_id, actor=people.actor(who), at=at)
    return [(one.label, one.in_time, one.late, one.overdue) for one in found]


def test_first_notices_and_facts_are_in_time_late_or_overdue(told, people):
    clocks = Deadline.objects.filter(involvement=told)
    clocks.filter(kind="partner_notice").update(due_at=NOW, met_at=NOW + HOUR)
    packages.hand_over(
        incident_id=told.incident_id,
        involvement_id=told.pk,
        stage="initial",
        figures=packages.Figures(text="Late fills.", clients=3),
        by=people.actor("communications"),
        at=NOW,
    )
    clocks.filter(kind="facts_interim").update(due_at=NOW + HOUR)
    first, _, facts, _ = kept(told, people)
    assert first == ("First notices", 0, 1, 0)
    assert facts == ("Facts packages", 1, 0, 1)  # the final one is not due yet


def test_a_promised_update_is_judged_by_the_notice_that_followed(told, people):
    begun = NOW + timedelta(days=10)
    for sent, promised in ((0, 1), (1, 2), (4, 5)):  # hours: kept, kept two hours late, not kept
        step = {"by": people.actor("communications"), "at": begun + sent * HOUR}
        notice = notices.draft(
            incident_id=told.incident_id,
            kind="update",
            body="More.",
            involvement_ids=[told.pk],
            next_update_at=begun + promised * HOUR,
            **step,
        )
        notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=step["at"])
        notices.send(notice_id=notice.pk, **step)
    found = kept(told, people, at=begun + timedelta(days=1))
    assert found[1] == ("Promised updates", 1, 1, 1)


def test_exercises_other_partners_and_what_the_reader_may_not_see_do_not_count(
    told, people, norrbank
):
    nothing = [
        ("First notices", 0, 0, 0),
        ("Promised updates", 0, 0, 0),
        ("Facts packages", 0, 0, 0),
        ("Reports of the cause", 0, 0, 0),
    ]
    assert kept(told, people) != nothing
    other = punctuality.of(norrbank.pk, actor=people.actor("communications"), at=SOON)
    assert [one.counted for one in other] == [0, 0, 0, 0]
    restriction.restrict(
        incident_id=told.incident_id,
        user_ids=[],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert kept(told, people, who="security") == nothing
    Involvement.objects.filter(pk=told.pk).update(is_exercise=True)
    assert kept(told, people, who="commander") == nothing
