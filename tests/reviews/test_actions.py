"""Preventive actions: agreed with an owner and a day, alive after the incident closed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from cases.models import Incident, ReviewFacts
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from reviews import actions
from reviews.models import PreventiveAction, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, NEXT_WEEK, Steps

pytestmark = pytest.mark.django_db


def newest_entry() -> str:
    """The last line of the incident's timeline."""
    return Incident.objects.get().entries.order_by("-sequence")[0].body


def test_an_action_is_agreed_with_an_owner_and_a_day(steps: Steps) -> None:
    action = steps.action()

    assert (action.state, action.due_on) == ("agreed", NEXT_WEEK)
    assert newest_entry() == (
        "Action agreed (prevent): Time out the call, Responder, by 11 Mar 2026."
    )


def test_a_due_day_in_the_past_is_refused(steps: Steps) -> None:
    with pytest.raises(InvalidInput, match="lies in the past"):
        steps.action(due_on=LATER.date() - timedelta(days=1))


def test_an_owner_works_at_the_desk(review: Review, people: People) -> None:
    people["responder"].is_active = False
    people["responder"].save()

    for user_id in (people["responder"].pk, people["helix"].pk, 4711):
        with pytest.raises(InvalidInput, match="Choose an owner who works at the desk"):
            actions.agree(
                review_id=review.pk,
                title="Time out the call",
                kind="prevent",
                owner_id=user_id,
                due_on=NEXT_WEEK,
                by=people.actor("commander"),
                at=LATER,
            )


def test_an_action_is_finished_after_the_incident_closed(closed: Review, people: People) -> None:
    action, a_year_later = PreventiveAction.objects.get(), LATER + timedelta(days=365)

    actions.finish(
        action_id=action.pk, note="In release 41.", by=people.actor("responder"), at=a_year_later
    )

    action.refresh_from_db()
    assert (action.state, action.ended_at, action.ended_by) == (
        "done",
        a_year_later,
        people["responder"],
    )
    assert newest_entry() == "Action done: Time out the call. In release 41."
    assert (Review.objects.get().state, Incident.objects.get().phase) == ("approved", "closed")


def test_an_action_is_dropped_with_a_reason_only(closed: Review, people: People) -> None:
    action, by = PreventiveAction.objects.get(), people.actor("security")

    with pytest.raises(InvalidInput, match="Dropping an action needs a reason"):
        actions.drop(action_id=action.pk, reason="  ", by=by, at=LATER)
    actions.drop(action_id=action.pk, reason="The gateway is retired.", by=by, at=LATER)

    assert newest_entry() == "Action dropped: Time out the call. The gateway is retired."


def test_a_second_end_is_refused(closed: Review, people: People) -> None:
    action, by = PreventiveAction.objects.get(), people.actor("responder")
    actions.finish(action_id=action.pk, note="Done.", by=by, at=LATER)

    with pytest.raises(Conflict, match="“Time out the call” was done already"):
        actions.drop(action_id=action.pk, reason="No.", by=by, at=LATER)


def test_dropping_the_only_action_of_a_draft_leaves_it_incomplete(
    steps: Steps, people: People
) -> None:
    steps.everything()
    action = PreventiveAction.objects.get()
    assert ReviewFacts.objects.get().missing == []

    actions.drop(action_id=action.pk, reason="Too dear.", by=people.actor("responder"), at=LATER)

    assert ReviewFacts.objects.get().missing == [
        "no preventive action agreed",
        "no action of kind “prevent” agreed",
    ]


@pytest.mark.parametrize("role", ["communications", "approver", "administrator", "auditor"])
def test_who_may_not_write_reviews_ends_no_action(
    closed: Review, people: People, role: str
) -> None:
    action = PreventiveAction.objects.get()

    with pytest.raises(NotAllowed):
        actions.finish(action_id=action.pk, note="Done.", by=people.actor(role), at=LATER)
    with pytest.raises(NotAllowed):
        actions.drop(action_id=action.pk, reason="No.", by=people.actor(role), at=LATER)


def test_an_action_that_does_not_exist_is_refused_in_words(people: People) -> None:
    with pytest.raises(NotFound, match="no such preventive action any more"):
        actions.finish(action_id=4711, note="Done.", by=people.actor("responder"), at=LATER)


def test_the_database_refuses_an_end_without_a_note(closed: Review, people: People) -> None:
    with pytest.raises(IntegrityError, match="action_ended_by_someone_with_a_note"):
        PreventiveAction.objects.update(
            state="done", ended_at=LATER, ended_by=people["responder"], note=""
        )


def test_a_kind_is_one_of_three(review: Review, people: People) -> None:
    with pytest.raises(InvalidInput, match="prevents, detects or responds"):
        actions.agree(
            review_id=review.pk,
            title="Hope",
            kind="hope",
            owner_id=people["responder"].pk,
            due_on=date(2026, 4, 1),
            by=people.actor("responder"),
            at=LATER,
        )
