"""A review comes back when its incident does, and is opened by the desk if nobody opened it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cases import response, restoring
from cases import workflow as case
from cases.models import Incident, ReviewFacts
from incidentdesk.kernel.errors import Conflict, GateNotMet
from reviews import jobs, workflow
from reviews.models import ControlCheck, Review
from tests.conftest import People
from tests.notifications.conftest import in_threads
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


def phase_of(review: Review) -> str:
    """The phase of its incident, read again."""
    return str(Incident.objects.get(pk=review.incident_id).phase)


def missing(review: Review) -> list[str]:
    """What the incident's gate knows to be missing."""
    return ReviewFacts.objects.get(pk=review.incident_id).missing


def reopen(review: Review, people: People) -> None:
    """Reopen the closed incident."""
    case.reopen(
        incident_id=review.incident_id,
        reason="It came back.",
        by=people.actor("commander"),
        at=LATER,
    )


def test_a_reopened_incident_reopens_its_review_at_the_next_touch(
    closed: Review, steps: Steps, people: People
) -> None:
    reopen(closed, people)

    steps.control()

    found = Review.objects.get()
    assert (found.state, found.approved_at, found.approved_by) == ("draft", None, None)
    bodies = list(Incident.objects.get().entries.values_list("body", flat=True)[:2])
    assert bodies == [
        "Control looked at: Change approval: worked.",
        "The review is a draft again: its incident was reopened.",
    ]


def test_a_reopened_incident_closes_only_after_a_new_approval(
    closed: Review, steps: Steps, people: People
) -> None:
    reopen(closed, people)
    jobs.open_missing()
    assert (Review.objects.get().state, missing(closed)) == ("draft", [])

    with pytest.raises(GateNotMet, match="Review approved by someone"):
        case.close(incident_id=closed.incident_id, by=people.actor("approver"), at=LATER)
    steps.finish("security")

    assert phase_of(closed) == "closed"
    assert Review.objects.get().approved_by == people["security"]


def test_a_review_whose_incident_went_back_a_phase_waits_and_goes_on(
    review: Review, steps: Steps, people: People
) -> None:
    steps.control()
    commander = people.actor("commander")
    case.step_back(incident_id=review.incident_id, reason="Too early.", by=commander, at=LATER)

    with pytest.raises(Conflict, match="went back to Recovery; its review goes on"):
        steps.lesson()
    for key in ("nothing_to_reconcile", "all_clear_not_needed", "blocks_lifted"):
        response.sign(incident_id=review.incident_id, key=key, text="Seen.", by=commander, at=LATER)
    for involvement in review.incident.involvements.all():
        restoring.confirm_partner(
            incident_id=review.incident_id,
            involvement_id=involvement.pk,
            who="Their desk",
            by=commander,
            at=LATER,
        )
    again = workflow.begin(incident_id=review.incident_id, by=commander, at=LATER)

    assert again == review
    assert ControlCheck.objects.count() == 1
    assert "no control or policy looked at" not in missing(review)


def test_the_job_opens_a_review_that_is_missing_and_only_once(
    incident_in: Callable[[str], Incident], people: People
) -> None:
    incident = incident_in("review")
    assert not Review.objects.exists()

    jobs.open_missing()

    review = Review.objects.get()
    assert (review.incident, review.commander) == (incident, people["commander"])
    assert incident.entries.first().body == "Review opened."
    assert workflow.open_missing(at=LATER) == 0
    assert "no lesson" in missing(review)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_open_one_review(incident_in: Callable[[str], Incident]) -> None:
    incident_in("review")

    opened = in_threads(*[lambda: workflow.open_missing(at=LATER)] * 4)

    assert sorted(opened) == [0, 0, 0, 1]
    assert Review.objects.count() == 1
