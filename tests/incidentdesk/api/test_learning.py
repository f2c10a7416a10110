"""What programs read of what was learned, and what an issue tracker's token may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from cases import restriction
from cases.models import Incident
from reviews import actions, controls, lessons, plans, problems
from reviews import workflow as review_workflow
from reviews.models import Control, PreventiveAction, Review
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
PATHS = ("/actions", "/lessons", "/problems")


@pytest.fixture
def learned(incident_in: Callable[..., Incident], people: People) -> Incident:
    """An incident in Review with one of each."""
    incident = incident_in("review")
    review_workflow.open_missing(at=LATER)
    review = Review.objects.get(incident=incident)
    step: dict[str, Any] = {"by": people.actor("security"), "at": LATER}
    control = Control.objects.create(number="AC-1", title="Access")
    controls.add_check(
        review_id=review.pk, control_id=control.pk, verdict="failed", note="Mend.", **step
    )
    owner = people["responder"].pk
    actions.agree(review_id=review.pk, title="Mend it", kind="prevent", owner_id=owner, **step)
    lessons.add(review_id=review.pk, text="A stale price is quiet.", tags=["feeds"], **step)
    span = {"begins_on": date(2027, 1, 1), "ends_on": date(2027, 6, 30)}
    plan = plans.begin(title="H1", owner_id=owner, **span, **step)
    plans.gather(plan_id=plan.pk, **step)
    problems.record(title="Again", owner_id=owner, incident_ids=[incident.pk], **step)
    return incident


def test_programs_read_actions_lessons_controls_plans_and_problems(
    learned: Incident, program: Callable[..., Any]
) -> None:
    caller = program("auditor")
    found = {path: caller.get(path).json()["items"] for path in (*PATHS, "/controls", "/plans")}

    assert [(row["title"], row["state"]) for row in found["/actions"]] == [("Mend it", "agreed")]
    assert [(row["text"], row["systems"], row["category"]) for row in found["/lessons"]] == [
        ("A stale price is quiet.", ["quote-gw-eu-2"], "outage")
    ]
    assert [row["number"] for row in found["/controls"]] == ["AC-1"]
    assert [row["title"] for row in found["/problems"]] == ["Again"]
    (control,), (plan,) = found["/controls"], found["/plans"]
    checks = caller.get(f"/controls/{control['id']}/checks").json()["items"]
    assert [(row["verdict"], row["incident"]) for row in checks] == [("failed", learned.reference)]
    items = caller.get(f"/plans/{plan['id']}/items").json()["items"]
    assert {(row["lesson"], row["control"]) for row in items} == {
        ("A stale price is quiet.", None),
        (None, "AC-1"),
    }
    assert len(caller.get("/lessons", words="prices").json()["items"]) == 1
    assert caller.get("/lessons", words="ledger").json()["items"] == []
    assert len(caller.get("/problems", incident_id=learned.pk).json()["items"]) == 1


def test_of_a_restricted_incident_others_read_none_of_it(
    learned: Incident, program: Callable[..., Any], people: People
) -> None:
    restriction.restrict(
        incident_id=learned.pk, user_ids=[], reason="x", by=people.actor("commander"), at=LATER
    )
    outside, inside = program("responder"), program("commander")

    assert {path: len(outside.get(path).json()["items"]) for path in PATHS} == dict.fromkeys(
        PATHS, 0
    )
    assert {path: len(inside.get(path).json()["items"]) for path in PATHS} == dict.fromkeys(
        PATHS, 1
    )
    (control,) = outside.get("/controls").json()["items"]
    (plan,) = outside.get("/plans").json()["items"]
    assert outside.get(f"/controls/{control['id']}/checks").json()["items"] == []
    items = outside.get(f"/plans/{plan['id']}/items").json()["items"]
    assert [row["lesson"] for row in items] == [None]
    action = PreventiveAction.objects.get().pk
    assert outside.get(f"/actions/{action}").status_code == 404
    assert outside.post(f"/actions/{action}/external", reference="OPS-7").status_code == 404


def test_a_tracker_s_token_sets_what_it_knows_and_nothing_else(
    learned: Incident, program: Callable[..., Any]
) -> None:
    action = PreventiveAction.objects.get().pk
    tracker = program("responder", scopes=["read", "track"])
    address = f"/actions/{action}/external"

    answer = tracker.post(address, reference="OPS-7", link="https://t.example/7", state="done")

    assert answer.status_code == 200, answer.json()
    found = answer.json()
    assert (found["state"], found["external_reference"], found["verified_by"]) == (
        "done",
        "OPS-7",
        None,
    )
    assert tracker.post(address, state="verified").status_code == 422
    assert tracker.post(f"/actions/{action}/verify", evidence="Seen.").status_code == 403
    other = program("responder", scopes=["read", "review"])
    assert other.post(address, reference="OPS-8").status_code == 403
    verifier = program("security", scopes=["read", "review"])
    assert verifier.post(f"/actions/{action}/verify", evidence="Seen.").json()["state"] == (
        "verified"
    )
