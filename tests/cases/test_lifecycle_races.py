"""Two people at once: roles, restrictions, merges, splits. One gets it, the other is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cases import crew, reading, restriction, splitting, timeline, workflow
from cases.intake import alerts
from cases.intake.signal import Action, Signal
from cases.models import Alert, Assignment, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=5)


def parted(answers: list[Any]) -> tuple[list[Any], list[Exception]]:
    raised = [answer for answer in answers if isinstance(answer, Exception)]
    return [a for a in answers if not isinstance(a, Exception)], raised


@pytest.fixture
def shift(people) -> list[Any]:
    """Four who may command, as they act."""
    made = [
        User.objects.create_user(f"c{n}@desk.test", name=f"C{n}", roles=["commander"])
        for n in range(4)
    ]
    return [access.actor_for(user) for user in made]


def test_of_four_who_take_command_of_what_nobody_had_one_does(declare, shift, at_once):
    incident = declare()

    def take(by: Any) -> Callable[[], Any]:
        return lambda: workflow.take_command(incident_id=incident.pk, seen=0, by=by, at=NOW)

    taken, raised = parted(at_once([take(by) for by in shift]))
    assert (len(taken), [type(e) for e in raised]) == (1, [Conflict] * 3)
    leader = Incident.objects.get().commander
    assert {str(e) for e in raised} == {
        f"{leader} took command at 09:41 on 4 Mar; look at the page again."
    }
    held = Assignment.objects.get(role="commander", accepted_at__isnull=False, ended_at=None)
    assert held.user == leader


def test_two_who_accept_one_role_at_once_do_not_both_have_it(declare, shift, people, at_once):
    incident = declare()
    offers = [
        crew.assign(
            incident_id=incident.pk,
            role="commander",
            user_id=by.user_id,
            by=people.actor("commander"),
            at=NOW,
        )
        for by in shift
    ]

    def accept(offer: Assignment, by: Any) -> Callable[[], Any]:
        return lambda: crew.accept(assignment_id=offer.pk, by=by, at=LATER)

    calls = [accept(offer, by) for offer, by in zip(offers, shift, strict=True)]
    taken, raised = parted(at_once(calls))
    assert (len(taken), [type(e) for e in raised]) == (1, [Conflict] * 3)
    assert Incident.objects.get().commander_id == taken[0].user_id
    assert timeline.first_fault(incident) is None


def test_two_merged_into_each_other_at_once_are_no_circle(declare, shift, at_once):
    one, two = (Incident.objects.get(pk=declare(title=t).pk) for t in ("One", "Two"))

    def merge(incident: Incident, other: Incident, by: Any) -> Callable[[], Any]:
        return lambda: workflow.dismiss(
            incident_id=incident.pk, duplicate_of=other.reference, reason="Same.", by=by, at=NOW
        )

    done, raised = parted(at_once([merge(one, two, shift[0]), merge(two, one, shift[1])]))
    assert (len(done), [type(e) for e in raised]) in ((1, [Conflict]), (1, [InvalidInput]))
    assert sorted(Incident.objects.values_list("phase", flat=True)) == [
        "dismissed",
        "identification",
    ]


def test_merging_and_reopening_and_restricting_at_once_end_in_words(declare, shift, at_once):
    kept, twin = (Incident.objects.get(pk=declare(title=t).pk) for t in ("Kept", "Twin"))
    step = {"incident_id": twin.pk, "by": shift[0], "at": NOW}
    workflow.dismiss(**step, duplicate_of=kept.reference, reason="Same.")
    answers = at_once(
        [
            lambda: workflow.reopen(**step, reason="No."),
            lambda: restriction.restrict(
                incident_id=kept.pk, user_ids=[shift[0].user_id], reason="x", by=shift[1], at=NOW
            ),
            lambda: workflow.reopen(**step, reason="No."),
        ]
    )
    _, raised = parted(answers)
    assert {type(e) for e in raised} <= {Conflict}
    assert len(raised) in (1, 2)
    assert timeline.first_fault(kept) is timeline.first_fault(twin) is None
    assert reading.family(kept.pk) in ([kept.pk], [kept.pk, twin.pk])


def test_an_alert_that_is_split_off_twice_leaves_once(source, shift, at_once):
    fired = [Signal(Action.FIRE, key, "g", f"Alert {key}") for key in "abc"]
    alerts.receive(source=source, raw="{}", signals=fired, at=NOW)
    parent = Incident.objects.get()
    leaving = Alert.objects.get(external_key="b")

    def split(by: Any) -> Callable[[], Any]:
        return lambda: splitting.split(
            incident_id=parent.pk,
            alert_ids=[leaving.pk],
            title="Other",
            reason="x",
            by=by,
            at=LATER,
        )

    def repeat() -> Any:
        return alerts.receive(source=source, raw="{}", signals=[fired[1]], at=LATER)

    done, raised = parted(at_once([split(shift[0]), split(shift[1]), repeat]))
    assert (len(done), [type(e) for e in raised]) == (2, [Conflict])
    leaving.refresh_from_db()
    assert leaving.incident_id != parent.pk
    assert (leaving.count, Incident.objects.count(), Alert.objects.count()) == (2, 2, 3)
