"""The course of a preventive action: in progress, done, verified by another person, sent back,
moved; what is asked of each step, and what the database refuses of itself."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pgtrigger
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from cases.models import Incident
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Message
from reviews import action_reminders, actions, controls, documents
from reviews.models import Control, Postponement, PreventiveAction, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, NEXT_WEEK, Steps

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


@pytest.fixture
def action(closed: Review) -> PreventiveAction:
    """Agreed, owned by the responder; its incident is closed."""
    return PreventiveAction.objects.get()


@pytest.fixture
def done(action: PreventiveAction, people: People) -> PreventiveAction:
    """Done by the commander."""
    by = people.actor("commander")
    return actions.finish(action_id=action.pk, note="In release 41.", by=by, at=LATER)


def lines() -> list[str]:
    """The timeline's last words, the newest first."""
    return list(Incident.objects.get().entries.order_by("-sequence").values_list("body", flat=True))


def test_an_action_goes_from_agreed_over_done_to_verified_by_another_person(
    action: PreventiveAction, people: People
) -> None:
    owner, at = people.actor("responder"), LATER + timedelta(days=2)
    actions.start(action_id=action.pk, by=owner, at=LATER)
    actions.finish(action_id=action.pk, note="In release 41.", by=owner, at=LATER)
    actions.verify(
        action_id=action.pk, evidence="Replayed the gap.", by=people.actor("security"), at=at
    )

    action.refresh_from_db()
    assert (action.state, action.verified_at, action.verified_by) == (
        "verified",
        at,
        people["security"],
    )
    assert (action.ended_by, action.evidence) == (people["responder"], "Replayed the gap.")
    assert lines()[:3] == [
        "Action verified: Time out the call. Replayed the gap.",
        "Action done: Time out the call. In release 41.",
        "Action in progress: Time out the call.",
    ]


@pytest.mark.parametrize("who", ["responder", "commander"])
def test_neither_its_owner_nor_who_did_it_verifies_or_sends_back(
    done: PreventiveAction, people: People, who: str
) -> None:
    step: dict[str, Any] = {"action_id": done.pk, "by": people.actor(who), "at": LATER}

    with pytest.raises(InvalidInput, match="somebody else has to verify it"):
        actions.verify(**step, evidence="Trust me.")
    with pytest.raises(InvalidInput, match="somebody else has to send it back"):
        actions.send_back(**step, reason="No.")


def test_only_what_is_done_is_verified(action: PreventiveAction, people: People) -> None:
    with pytest.raises(Conflict, match="is agreed; only what is done"):
        actions.verify(action_id=action.pk, evidence="Seen.", by=people.actor("security"), at=LATER)


def test_evidence_is_asked_for(done: PreventiveAction, people: People) -> None:
    with pytest.raises(InvalidInput, match="Say what shows that it works"):
        actions.verify(action_id=done.pk, evidence=" ", by=people.actor("security"), at=LATER)


def test_what_does_not_hold_is_in_progress_again_and_the_timeline_says_why(
    done: PreventiveAction, people: People
) -> None:
    by = people.actor("security")

    actions.send_back(action_id=done.pk, reason="The call still hangs.", by=by, at=LATER)

    done.refresh_from_db()
    assert (done.state, done.ended_at, done.ended_by) == ("in_progress", None, None)
    assert lines()[0] == (
        "Action sent back, not verified: Time out the call. The call still hangs."
    )


def test_a_due_day_moves_with_a_reason_and_where_it_stood_is_kept(
    action: PreventiveAction, people: People
) -> None:
    by, later = people.actor("commander"), NEXT_WEEK + timedelta(days=30)
    with pytest.raises(InvalidInput, match="Say why the day moves"):
        actions.postpone(action_id=action.pk, due_on=later, reason="", by=by, at=LATER)

    actions.postpone(action_id=action.pk, due_on=later, reason="Supplier.", by=by, at=LATER)

    kept = Postponement.objects.get()
    assert (kept.before_on, kept.after_on, kept.reason) == (NEXT_WEEK, later, "Supplier.")
    action.refresh_from_db()
    assert action.due_on == later
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM reviews_postponement")


def test_the_day_of_the_severity_is_proposed(steps: Steps, people: People) -> None:
    known = {"title": "Alarm", "kind": "detect", "owner_id": people["responder"].pk}
    made = actions.agree(review_id=steps.id, **known, by=people.actor("responder"), at=LATER)

    assert made.due_on == LATER.date() + timedelta(days=60)  # a SEV-2
    assert [actions.proposed_due(n, LATER) - LATER.date() for n in (1, 2, 3, 4)] == [
        timedelta(days=days) for days in (30, 60, 90, 90)
    ]


def test_an_action_is_about_a_control_or_a_document_of_its_own_review(
    steps: Steps, people: People
) -> None:
    control = Control.objects.create(number="AC-1", title="Access")
    by = people.actor("responder")
    known: dict[str, Any] = {"title": "Mend", "kind": "prevent", "by": by, "at": LATER}
    known |= {"review_id": steps.id, "owner_id": people["responder"].pk}
    mine = documents.add(
        review_id=steps.id,
        kind="runbook",
        title="Runbook",
        owner_id=people["responder"].pk,
        due_on=NEXT_WEEK,
        by=by,
        at=LATER,
    )

    made = actions.agree(**known, control_id=control.pk, document_id=mine.pk, priority=1)

    assert (made.control, made.document, made.priority) == (control, mine, 1)
    with pytest.raises(NotFound, match="lists no such document"):
        actions.agree(**known, document_id=mine.pk + 1)
    with pytest.raises(NotFound, match="no such control"):
        actions.agree(**known, control_id=control.pk + 1)


# --- reminders ------------------------------------------------------------------------------------


def told(at: datetime) -> list[tuple[str, str]]:
    """To whom and what, of one run of the job at that time."""
    before = set(Message.objects.values_list("pk", flat=True))
    action_reminders.remind(at=at)
    rows = Message.objects.exclude(pk__in=before).order_by("pk")
    return [(row.to_address, row.subject.partition(": ")[2]) for row in rows]


def test_an_overdue_action_of_a_closed_incident_still_reminds_a_year_later(
    action: PreventiveAction,
) -> None:
    """It had less than a week, and nobody looked at it since."""
    a_year = LATER + YEAR
    late = "Preventive action “Time out the call” is late"
    assert Incident.objects.get().phase == "closed"

    assert told(a_year) == [("responder@desk.test", late)]
    assert told(a_year + timedelta(days=1)) == []
    assert told(a_year + timedelta(days=8)) == [("responder@desk.test", late)]


def test_what_is_done_waits_for_a_verifier_who_is_reminded_and_never_for_its_owner(
    done: PreventiveAction, people: People
) -> None:
    """The commander did it: the security lead is the one who can look."""
    words = "Preventive action “Time out the call” to verify"

    assert told(LATER + timedelta(days=30)) == [("security@desk.test", f"{words} is late")]
    assert told(LATER + YEAR) == [("security@desk.test", f"{words} is late")]
    with pgtrigger.ignore("reviews.Review:what_is_no_draft_stays"):
        Review.objects.update(facilitator=people["communications"])
    assert told(LATER + 2 * YEAR) == [("communications@desk.test", f"{words} is late")]


@pytest.mark.parametrize("end", ["verified", "dropped"])
def test_what_is_verified_or_dropped_is_not_reminded_of(
    closed: Review, people: People, end: str
) -> None:
    action, by = PreventiveAction.objects.get(), people.actor("security")
    if end == "verified":
        owner = people.actor("responder")
        actions.finish(action_id=action.pk, note="Done.", by=owner, at=LATER)
        actions.verify(action_id=action.pk, evidence="Seen.", by=by, at=LATER)
    else:
        actions.drop(action_id=action.pk, reason="Retired.", by=by, at=LATER)

    assert told(LATER + YEAR) == []


# --- what the database refuses --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("put", "refusal"),
    [
        (
            "state='verified', verified_at=now(), verified_by_id=owner_id, evidence='x'",
            "action_verified_by_a_second_person",
        ),
        (
            "state='verified', verified_at=now(), verified_by_id=ended_by_id, evidence='x'",
            "action_verified_by_a_second_person",
        ),
        (
            "state='verified', verified_at=now(), verified_by_id={other}, evidence=''",
            "action_verified_by_someone_with_evidence",
        ),
        ("state='verified'", "action_verified_by_someone_with_evidence"),
        ("state='agreed'", "action_ended_by_someone_with_a_note"),
        ("state='dropped', note=''", "action_ended_by_someone_with_a_note"),
        ("priority=4", "action_priority"),
    ],
)
def test_the_database_refuses(
    done: PreventiveAction, people: People, put: str, refusal: str
) -> None:
    other = User.objects.create_user("x@desk.test", name="X", roles=["responder"]).pk
    with (
        pytest.raises(IntegrityError, match=refusal),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE reviews_preventiveaction SET " + put.format(other=other))  # noqa: S608


def test_the_database_takes_another_person(done: PreventiveAction, people: People) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reviews_preventiveaction SET state='verified', verified_at=now(),"
            " verified_by_id=%s, evidence='x'",
            [people["security"].pk],
        )
    assert PreventiveAction.objects.get().state == "verified"


# --- controls: what reviews say -------------------------------------------------------------------


def test_a_review_says_of_a_control_of_the_register_whether_it_held(
    steps: Steps, people: People
) -> None:
    control = Control.objects.create(number="AC-1", title="Access control")
    by: dict[str, Any] = {"review_id": steps.id, "by": people.actor("responder"), "at": LATER}

    by_number = controls.add_check(**by, name="ac-1", verdict="worked")
    by_title = controls.add_check(**by, name="Access Control", verdict="not_tested")

    assert [by_number.control, by_title.control] == [control, control]
    assert by_number.name == "Access control"
    with pytest.raises(InvalidInput, match="is not in the register of controls"):
        controls.add_check(**by, name="Something", verdict="worked")


def test_one_that_is_missing_may_be_a_name_only_and_says_what_must_change(
    steps: Steps, people: People
) -> None:
    by: dict[str, Any] = {"review_id": steps.id, "by": people.actor("responder"), "at": LATER}
    with pytest.raises(InvalidInput, match="Say what must change, since “Kill switch”"):
        controls.add_check(**by, name="Kill switch", verdict="missing")

    made = controls.add_check(**by, name="Kill switch", verdict="missing", note="Build one.")

    assert (made.control, made.name) == (None, "Kill switch")
    with (
        pytest.raises(IntegrityError, match="control_is_in_the_register_or_missing"),
        transaction.atomic(),
    ):
        type(made).objects.filter(pk=made.pk).update(verdict="worked")


def test_a_control_whose_day_comes_reminds_its_owner_and_then_whoever_administers(
    people: People,
) -> None:
    day = date(2026, 6, 1)
    control = Control.objects.create(
        number="AC-1", title="Access control", owner=people["responder"], review_on=day
    )
    Control.objects.create(
        number="AC-2", title="Old", owner=people["responder"], review_on=day, is_retired=True
    )
    due = datetime(2026, 6, 2, tzinfo=LATER.tzinfo)

    assert controls.remind(at=due - timedelta(days=16)) == 0
    assert controls.remind(at=due - timedelta(days=15)) == 1
    assert controls.remind(at=due) == 1
    mail = Message.objects.latest("pk")
    assert (mail.to_address, mail.subject) == (
        "responder@desk.test",
        "Control AC-1 Access control: its review is late",
    )
    assert controls.remind(at=due + timedelta(days=6)) == 0
    User.objects.filter(pk=people["responder"].pk).update(is_active=False)
    assert controls.remind(at=due + timedelta(days=8)) == 1
    assert Message.objects.latest("pk").to_address == "administrator@desk.test"

    by = people.actor("security")
    controls.look_over(
        control_id=control.pk, next_on=date(2026, 12, 1), note="Holds.", by=by, at=due
    )
    assert controls.remind(at=due + timedelta(days=40)) == 0
