"""Plans: what is gathered, how it is decided, when a plan closes, and what it says on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from cases import restriction
from cases.models import Incident
from incidentdesk.kernel import pdf
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import AuditEvent
from reviews import controls, lessons, plans
from reviews.models import Control, Lesson, Plan, PlanItem, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def begin(people: People) -> Callable[..., Plan]:
    """`begin("H1")`: a plan of the security lead."""

    def make(title: str = "Security plan 2027 H1") -> Plan:
        return plans.begin(
            title=title,
            begins_on=date(2027, 1, 1),
            ends_on=date(2027, 6, 30),
            owner_id=people["security"].pk,
            by=people.actor("security"),
            at=LATER,
        )

    return make


@pytest.fixture
def plan(review: Review, steps: Steps, people: People, begin: Callable[..., Plan]) -> Plan:
    """With a lesson and a control that failed; one that worked stays out."""
    steps.everything()
    failed = Control.objects.create(number="AC-1", title="Access control")
    known: dict[str, Any] = {"review_id": review.pk, "by": people.actor("responder"), "at": LATER}
    controls.add_check(**known, control_id=failed.pk, verdict="failed", note="Look monthly.")
    made = begin()
    assert plans.gather(plan_id=made.pk, by=people.actor("security"), at=LATER) == 2
    return made


def decide(plan: Plan, people: People, decision: str, words: str = "") -> None:
    for item in plan.items.filter(decision="undecided"):
        plans.decide(
            item_id=item.pk, decision=decision, words=words, by=people.actor("security"), at=LATER
        )


def test_lessons_and_controls_that_failed_are_gathered_once(
    plan: Plan, people: People, begin: Callable[..., Plan]
) -> None:
    items = [(row.lesson_id, row.control and row.control.number) for row in plan.items.all()]
    assert items == [(Lesson.objects.get().pk, None), (None, "AC-1")]
    assert plans.gather(plan_id=plan.pk, by=people.actor("security"), at=LATER) == 0
    other = begin("H2")
    assert plans.gather(plan_id=other.pk, by=people.actor("security"), at=LATER) == 0


def test_a_control_that_fails_again_comes_into_the_next_plan(
    plan: Plan, review: Review, people: People, begin: Callable[..., Plan]
) -> None:
    later = LATER.replace(hour=23)
    known: dict[str, Any] = {"review_id": review.pk, "by": people.actor("responder"), "at": later}
    failed = Control.objects.get(number="AC-1")
    controls.add_check(**known, control_id=failed.pk, verdict="failed", note="Weekly.")
    other = begin("H2")

    plans.gather(plan_id=other.pk, by=people.actor("security"), at=later)

    assert [row.control for row in other.items.all()] == [failed]


def test_what_is_rejected_says_why_and_what_is_incorporated_as_what(
    plan: Plan, people: People
) -> None:
    item: dict[str, Any] = {"item_id": plan.items.first().pk, "by": people.actor("security")}
    for decision, words in (("rejected", "Say why it is rejected"), ("incorporated", "as what")):
        with pytest.raises(InvalidInput, match=words):
            plans.decide(**item, decision=decision, words=" ", at=LATER)
    with pytest.raises(InvalidInput, match="accepted, rejected or incorporated"):
        plans.decide(**item, decision="moved", at=LATER)

    plans.decide(**item, decision="incorporated", words="Project 7.", at=LATER)

    found = PlanItem.objects.get(pk=item["item_id"])
    assert (found.decision, found.words, found.decided_by) == (
        "incorporated",
        "Project 7.",
        people["security"],
    )


def test_a_plan_closes_once_nothing_is_undecided_and_stays_as_it_is(
    plan: Plan, people: People
) -> None:
    by: dict[str, Any] = {"plan_id": plan.pk, "by": people.actor("security"), "at": LATER}
    with pytest.raises(Conflict, match="2 undecided: decide on it"):
        plans.close(**by)

    decide(plan, people, "accepted")
    plans.close(**by)

    plan.refresh_from_db()
    assert (plan.state, plan.closed_by) == ("closed", people["security"])
    for call in (plans.gather, plans.close):
        with pytest.raises(Conflict, match="is closed and stays as it is"):
            call(**by)


def test_the_rest_moves_to_the_next_plan_on_purpose(
    plan: Plan, people: People, begin: Callable[..., Plan]
) -> None:
    by: dict[str, Any] = {"plan_id": plan.pk, "by": people.actor("security"), "at": LATER}
    following = begin("Security plan 2027 H2")
    with pytest.raises(InvalidInput, match="Choose another plan"):
        plans.close(**by, next_id=plan.pk)

    plans.close(**by, next_id=following.pk)

    assert {row.decision for row in plan.items.all()} == {"moved"}
    moved = following.items.values_list("lesson", "control", "decision")
    assert [row[2] for row in moved] == ["undecided", "undecided"]
    assert {row[:2] for row in moved} == set(plan.items.values_list("lesson", "control"))


def test_of_a_restricted_incident_nothing_is_gathered_or_shown_to_others(
    plan: Plan, review: Review, people: People, as_: Callable[[str], Client]
) -> None:
    by = people.actor("responder")
    lessons.add(review_id=review.pk, text="Zebra words.", by=by, at=LATER)
    restriction.restrict(
        incident_id=review.incident_id,
        user_ids=[],
        reason="x",
        by=people.actor("commander"),
        at=LATER,
    )
    page = f"/admin/reviews/plan/{plan.pk}"

    assert plans.gather(plan_id=plan.pk, by=people.actor("security"), at=LATER) == 0
    for path in (f"{page}/change/", f"{page}/print/", "/admin/reviews/plan/"):
        words = as_("security").get(path).content.decode()
        assert [
            w for w in ("Zebra", "A stale price", review.incident.reference) if w in words
        ] == []
        assert "AC-1 Access control" in words or path.endswith("plan/")
    hidden = plan.items.get(control=None)
    with pytest.raises(NotFound):
        plans.decide(item_id=hidden.pk, decision="accepted", by=people.actor("security"), at=LATER)
    decide_control = plan.items.get(lesson=None)
    plans.decide(
        item_id=decide_control.pk, decision="accepted", by=people.actor("security"), at=LATER
    )
    with pytest.raises(Conflict, match="Something that you may not open is undecided"):
        plans.close(plan_id=plan.pk, by=people.actor("security"), at=LATER)
    assert "A stale price" in as_("commander").get(f"{page}/change/").content.decode()
    assert not AuditEvent.objects.filter(detail__icontains="stale price").exists()


def test_the_plan_prints_what_was_decided_and_what_is_open(
    plan: Plan, people: People, as_: Callable[[str], Client]
) -> None:
    decide(plan, people, "rejected", "Replaced in spring.")
    page = f"/admin/reviews/plan/{plan.pk}"

    words = as_("auditor").get(f"{page}/print/").content.decode()

    for said in (
        "Security plan 2027 H1",
        "A stale price looks like a quiet market",
        "AC-1 Access control",
        "Rejected: Replaced in spring.",
        "Time out the call",
    ):
        assert said in words
    if not pdf.missing():
        answer = as_("auditor").get(f"{page}/pdf/")
        assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")


def test_a_plan_is_made_gathered_decided_and_closed_by_clicks(
    steps: Steps, people: People, as_: Callable[[str], Client]
) -> None:
    steps.lesson()
    client, base = as_("security"), "/admin/reviews/plan"
    made = client.post(
        f"{base}/do/begin/",
        {
            "title": "H1",
            "begins_on": "2027-01-01",
            "ends_on": "2027-06-30",
            "owner": people["security"].pk,
        },
    )
    plan = Plan.objects.get()
    assert made["Location"] == f"{base}/{plan.pk}/change/"

    client.post(f"{base}/{plan.pk}/do/gather/")
    item = plan.items.get()
    asked = client.get(f"{base}/{plan.pk}/do/decide/?part={item.pk}").content.decode()
    assert "A stale price" in asked
    refused = client.post(f"{base}/{plan.pk}/do/decide/", {"part": item.pk, "decision": "rejected"})
    assert refused.status_code == 422
    client.post(f"{base}/{plan.pk}/do/decide/", {"part": item.pk, "decision": "accepted"})
    client.post(f"{base}/{plan.pk}/do/close/", {"next": ""})

    plan.refresh_from_db()
    assert plan.state == "closed"
    assert as_("responder").get(f"{base}/do/begin/").status_code == 403


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE reviews_planitem SET control_id = NULL", "plan_item_is_one_thing"),
        ("UPDATE reviews_planitem SET decision = 'accepted'", "plan_item_decided_by_someone"),
        (
            "UPDATE reviews_planitem SET decision = 'rejected', decided_at = now(),"
            " decided_by_id = (SELECT min(id) FROM kernel_user)",
            "plan_item_rejected_or_incorporated_in_words",
        ),
        ("UPDATE reviews_plan SET state = 'closed'", "plan_closed_by_someone"),
        ("UPDATE reviews_plan SET ends_on = begins_on", "plan_begins_before_it_ends"),
        (
            "INSERT INTO reviews_planitem (plan_id, lesson_id, control_id, decision, words,"
            " gathered_at) SELECT plan_id, lesson_id, control_id, decision, words, gathered_at"
            " FROM reviews_planitem",
            "once_a_plan",
        ),
    ],
)
def test_the_database_refuses(plan: Plan, statement: str, refusal: str) -> None:
    with (
        pytest.raises(IntegrityError, match=refusal),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_incident_of_a_lesson_in_a_plan_is_the_one_it_came_from(plan: Plan) -> None:
    assert Incident.objects.get().pk == Lesson.objects.get().review.incident_id
