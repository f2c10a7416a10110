"""The register of controls, the plan of the half-year, and a problem record, in the demo."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from incidentdesk.demo import phrases
from incidentdesk.demo.agenda import Agenda
from incidentdesk.demo.cast import OWNERS, Cast
from incidentdesk.kernel import audit
from incidentdesk.kernel.access import SYSTEM
from reviews import plans, problems, queries, recurrence
from reviews.models import Control, PlanItem

REFERENCES = (
    ["ISO27001:A.5.24", "DORA:17"],
    ["ISO27001:A.8.32", "SOC2:CC8.1"],
    ["DORA:11"],
    ["ISO27001:A.8.16", "SOC2:CC7.2"],
)
INCORPORATED = "The resilience programme: work package 3."
REJECTED = "Covered by the new gateway, which replaces this part in spring."


def register_controls(cast: Cast, *, now: datetime) -> None:
    """What reviews look at, each with a number, an owner and a day; a missing one has no row."""
    place = 0
    for key, words in phrases.BY_CATEGORY.items():
        known = [name for name, verdict, _ in words.controls if verdict != "missing"]
        for number, name in enumerate(known, 1):
            is_policy = "policy" in name.lower() or "standard" in name.lower()
            row = Control.objects.create(
                number=f"{key[:2].upper()}-{number:02}",
                title=name,
                kind=Control.Kind.POLICY if is_policy else Control.Kind.CONTROL,
                owner_id=cast.actors[OWNERS[place % len(OWNERS)]].person_id,
                references=REFERENCES[place % len(REFERENCES)],
                review_on=now.date() + timedelta(days=-9 + 23 * place),
            )
            about = f"control:{row.pk}"
            audit.record(by=SYSTEM, at=now, action="added control", about=about, name=str(row))
            place += 1


def plan(agenda: Agenda, cast: Cast, *, now: datetime) -> None:
    """The plan of the coming half-year was gathered last week and is half decided; what came again
    most is one problem."""
    agenda.add(now - timedelta(days=7), lambda at: _gather(cast, at))
    agenda.add(now - timedelta(days=6), lambda at: _record(cast, at))


def _gather(cast: Cast, at: datetime) -> None:
    by = cast.actors["security"]
    is_first = at.month < 7
    year = at.year if is_first else at.year + 1
    begins, ends, half = (
        (date(year, 7, 1), date(year, 12, 31), "H2")
        if is_first
        else (date(year, 1, 1), date(year, 6, 30), "H1")
    )
    title = f"Security plan {year} {half}"
    made = plans.begin(
        title=title, begins_on=begins, ends_on=ends, owner_id=by.person_id, by=by, at=at
    )
    plans.gather(plan_id=made.pk, by=by, at=at)
    Decision = PlanItem.Decision
    ways = (
        (Decision.ACCEPTED, ""),
        (Decision.INCORPORATED, INCORPORATED),
        (Decision.REJECTED, REJECTED),
    )
    for number, item in enumerate(queries.items_visible_to(by).filter(plan=made)[:9]):
        decision, words = ways[number % 3]
        plans.decide(item_id=item.pk, decision=decision, words=words, by=by, at=at)


def _record(cast: Cast, at: datetime) -> None:
    by = cast.actors["security"]
    for one in recurrence.with_incidents(recurrence.unassessed(by, at=at)[:1], by, at=at):
        made = problems.record(
            title=f"{one.system} fails again and again",
            owner_id=cast.actors["responder2"].person_id,
            incident_ids=[row.pk for row in one.incidents if not row.is_restricted],
            cause="Not settled: load tests of the last release ran on half the sessions.",
            by=by,
            at=at,
        )
        cause = "The component has no bound on what one client may queue."
        problems.understand(problem_id=made.pk, cause=cause, by=by, at=at)
