"""The course of a review: it opens once, closes its incident only when complete, and reopens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, InternalError, transaction

from cases import workflow as case
from cases.models import Incident, ReviewFacts
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import (
    Conflict,
    GateNotMet,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from reviews import workflow
from reviews.models import Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


def phase_of(review: Review) -> str:
    """The phase of its incident, read again."""
    return str(Incident.objects.get(pk=review.incident_id).phase)


def missing(review: Review) -> list[str]:
    """What the incident's gate knows to be missing."""
    return ReviewFacts.objects.get(pk=review.incident_id).missing


def test_beginning_the_review_moves_the_incident_and_takes_over_its_cause(
    review: Review, people: People
) -> None:
    assert phase_of(review) == "review"
    assert review.root_cause == "A stuck feed handler."
    assert (review.state, review.commander, review.opened_at) == (
        "draft",
        people["commander"],
        LATER,
    )


def test_an_early_review_is_refused_and_leaves_nothing(
    incident_in: Callable[[str], Incident], people: People
) -> None:
    incident = incident_in("recovery")

    with pytest.raises(GateNotMet, match="Every recovery task done"):
        workflow.begin(incident_id=incident.pk, by=people.actor("commander"), at=LATER)

    assert not Review.objects.exists()


def test_beginning_twice_gives_one_review(review: Review, people: People) -> None:
    with pytest.raises(Conflict, match="is in Review by now"):
        workflow.begin(incident_id=review.incident_id, by=people.actor("commander"), at=LATER)

    assert Review.objects.get() == review


@pytest.mark.parametrize(
    ("step", "lacks"),
    [
        ("why", "no root cause marked among the whys"),
        ("contributing_factors", "no contributing factors"),
        ("control", "no control or policy looked at"),
        ("document", "no document listed, and not said why none needs updating"),
        ("lesson", "no lesson"),
    ],
)
def test_without_one_thing_the_incident_does_not_close(
    review: Review, steps: Steps, step: str, lacks: str
) -> None:
    steps.everything(but=step)

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == [lacks]
    assert missing(review) == [lacks]
    assert (phase_of(review), Review.objects.get().state) == ("review", "draft")


def test_without_a_root_cause_the_incident_does_not_close(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything(but="root_cause")
    findings = workflow.Findings(contributing_factors="No alert on stale quotes.")
    workflow.write(
        review_id=review.pk,
        findings=findings,
        facilitator_id=people["responder"].pk,
        by=people.actor("responder"),
        at=LATER,
    )

    with pytest.raises(GateNotMet, match="Asking for approval has to wait: no root cause"):
        steps.finish()


def test_what_lacks_by_then_is_named_to_the_approver(steps: Steps) -> None:
    steps.everything(but="action")
    Incident.objects.update(severity=3)
    steps.action("detect")
    steps.ask()
    Incident.objects.update(severity=2)

    with pytest.raises(
        GateNotMet, match="Approving the review has to wait: no action of kind “prevent” agreed"
    ):
        steps.finish()


def test_without_an_action_the_incident_does_not_close(review: Review, steps: Steps) -> None:
    steps.everything(but="action")

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == [
        "no preventive action agreed",
        "no action of kind “prevent” agreed",
    ]


def test_a_grave_incident_needs_an_action_that_prevents(review: Review, steps: Steps) -> None:
    steps.everything(but="action")
    steps.action("detect")

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == ["no action of kind “prevent” agreed"]


def test_an_empty_review_names_everything_it_lacks(steps: Steps) -> None:
    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == [
        "no facilitator who does not command",
        "no root cause marked among the whys",
        "no contributing factors",
        "no control or policy looked at",
        "no preventive action agreed",
        "no action of kind “prevent” agreed",
        "no document listed, and not said why none needs updating",
        "no lesson",
    ]


def test_approving_closes_the_incident(review: Review, steps: Steps, people: People) -> None:
    steps.everything()

    steps.finish()

    incident = Incident.objects.get()
    found = Review.objects.get()
    assert (incident.phase, incident.over_at) == ("closed", LATER)
    assert (found.state, found.approved_at, found.approved_by) == (
        "approved",
        LATER,
        people["approver"],
    )
    assert ReviewFacts.objects.get().approved_by == people["approver"]


def test_a_second_click_on_approve_is_refused(steps: Steps) -> None:
    steps.everything()
    steps.finish()

    with pytest.raises(Conflict, match="is closed and its review stays as it is"):
        steps.finish()


def test_the_incident_does_not_close_past_its_review(review: Review, people: People) -> None:
    with pytest.raises(GateNotMet, match="Review approved by someone who did not command"):
        case.close(incident_id=review.incident_id, by=people.actor("approver"), at=LATER)


def test_the_commander_cannot_approve(review: Review, steps: Steps, people: People) -> None:
    steps.everything()
    people["commander"].roles = ["commander", "approver"]
    people["commander"].save()

    with pytest.raises(InvalidInput, match="You commanded this incident; somebody else"):
        steps.finish("commander")


def test_handing_over_command_does_not_make_one_a_second_person(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    people["commander"].roles = ["commander", "approver"]
    people["commander"].save()
    people["security"].roles = ["commander", "approver"]
    people["security"].save()
    case.take_command(incident_id=review.incident_id, by=people.actor("security"), at=LATER)

    for key in ("commander", "security"):
        with pytest.raises(InvalidInput, match="You commanded this incident"):
            steps.finish(key)


def test_the_database_refuses_an_approval_by_the_commander(review: Review, people: People) -> None:
    Review.objects.update(state="in_review", asked_at=LATER, asked_by=people["responder"])
    approval = {"state": "approved", "approved_at": LATER, "approved_by": people["commander"]}

    with pytest.raises(IntegrityError, match="review_not_approved_by_its_commander"):
        Review.objects.update(**approval)


def test_the_database_refuses_half_an_approval(review: Review, people: People) -> None:
    Review.objects.update(state="in_review", asked_at=LATER, asked_by=people["responder"])
    with pytest.raises(IntegrityError, match="review_approval_is_a_pair"):
        Review.objects.update(state="approved")


def test_the_database_keeps_approved_findings(closed: Review) -> None:
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Review.objects.update(root_cause="Somebody else's fault.")


def test_the_desk_itself_approves_nothing(review: Review, steps: Steps) -> None:
    steps.everything()

    with pytest.raises(NotAllowed, match="The desk is not a person"):
        workflow.finish(review_id=review.pk, by=access.SYSTEM, at=LATER)


@pytest.mark.parametrize(
    "role", ["responder", "commander", "communications", "administrator", "auditor"]
)
def test_who_may_not_approve_is_refused(steps: Steps, role: str) -> None:
    steps.everything()

    with pytest.raises(NotAllowed, match="may not approve a review"):
        steps.finish(role)


@pytest.mark.parametrize("role", ["responder", "approver", "security", "auditor"])
def test_who_does_not_command_begins_no_review(
    incident_in: Callable[[str], Incident], people: People, role: str
) -> None:
    incident = incident_in("recovery")

    with pytest.raises(NotAllowed, match="may not command an incident"):
        workflow.begin(incident_id=incident.pk, by=people.actor(role), at=LATER)


def test_a_review_that_does_not_exist_is_refused_in_words(people: People) -> None:
    with pytest.raises(NotFound, match="There is no such review"):
        workflow.finish(review_id=4711, by=people.actor("approver"), at=LATER)
