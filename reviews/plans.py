"""Plans: lessons and controls that did not hold are gathered, and each is decided on.

A plan closes once nothing in it is undecided, or the rest is moved to the next one on purpose.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from reviews import drafting, queries
from reviews.models import Control, ControlCheck, Lesson, Plan, PlanItem

Decision = PlanItem.Decision
NEEDS_WORDS = {
    Decision.REJECTED: "Say why it is rejected; it stays in the plan.",
    Decision.INCORPORATED: "Say as what it was incorporated: a project, a control, a change.",
}


@transaction.atomic
def begin(
    *, title: str, begins_on: date, ends_on: date, owner_id: int, by: Actor, at: datetime
) -> Plan:
    """A new plan for a stretch of time, and who sees to it."""
    access.require(by, Permission.PLAN_WRITE)
    title = drafting.words(title, lacks="Give the plan a title.", limit=120)
    if begins_on >= ends_on:
        raise InvalidInput("The plan ends before it begins; choose a later end.")
    if Plan.objects.filter(title__iexact=title).exists():
        raise Conflict(f"There is a plan “{title}” already.")
    owner = drafting.owner(owner_id)
    plan = Plan.objects.create(title=title, begins_on=begins_on, ends_on=ends_on, owner=owner)
    _record(plan, "began plan", by=by, at=at)
    return plan


@transaction.atomic
def gather(*, plan_id: int, by: Actor, at: datetime) -> int:
    """Take in what waits: lessons that stand in no plan, and controls that failed or were missing
    since they last stood in one. Of incidents that `by` may read; answers how many came in."""
    access.require(by, Permission.PLAN_WRITE)
    plan = _locked(plan_id)
    _require_open(plan)
    found = [PlanItem(plan=plan, lesson=one, gathered_at=at) for one in _lessons(by)]
    found += [PlanItem(plan=plan, control=one, gathered_at=at) for one in _controls(plan, by)]
    PlanItem.objects.bulk_create(found)
    if found:
        _record(plan, "gathered into plan", by=by, at=at, items=len(found))
    return len(found)


@transaction.atomic
def decide(*, item_id: int, decision: str, words: str = "", by: Actor, at: datetime) -> PlanItem:
    """Accepted, rejected with a reason, or incorporated as what; it can be decided anew while the
    plan is open."""
    access.require(by, Permission.PLAN_WRITE)
    item = _locked_item(item_id, by=by)
    _require_open(item.plan)
    if decision not in (Decision.ACCEPTED, *NEEDS_WORDS):
        raise InvalidInput("It is accepted, rejected or incorporated; choose one.")
    lacks = NEEDS_WORDS.get(Decision(decision))
    item.words = drafting.words(words, lacks=lacks) if lacks else words.replace("\x00", "").strip()
    item.decision, item.decided_at, item.decided_by_id = decision, at, by.person_id
    item.save()
    _record(item.plan, "decided in plan", by=by, at=at, item=item.pk, decision=decision)
    return item


@transaction.atomic
def close(*, plan_id: int, next_id: int | None = None, by: Actor, at: datetime) -> Plan:
    """The plan is done. What is undecided is decided before, or moves to the plan `next_id`."""
    access.require(by, Permission.PLAN_WRITE)
    plan = _locked(plan_id)
    _require_open(plan)
    rest = list(plan.items.select_for_update().filter(decision=Decision.UNDECIDED))
    if rest and next_id is None:
        seen = queries.items_visible_to(by).filter(plan=plan, decision=Decision.UNDECIDED).count()
        words = f"{seen} undecided" if seen else "Something that you may not open is undecided"
        raise Conflict(f"{words}: decide on it, or name the plan to which the rest moves.")
    if rest and next_id is not None:
        _move(rest, _next(plan, next_id), by=by, at=at)
    plan.state, plan.closed_at, plan.closed_by_id = Plan.State.CLOSED, at, by.person_id
    plan.save()
    _record(plan, "closed plan", by=by, at=at, moved=len(rest))
    return plan


# --- steps of the use cases above -----------------------------------------------------------------


def _lessons(by: Actor) -> list[Lesson]:
    return list(queries.lessons_visible_to(by).filter(plan_items=None).order_by("id"))


def _controls(plan: Plan, by: Actor) -> list[Control]:
    """Those with a check that did not hold, newer than the last time that they came into a plan."""
    since = PlanItem.objects.filter(
        control=OuterRef("control"), gathered_at__gte=OuterRef("added_at")
    )
    failed = queries.checks_visible_to(by).filter(
        verdict__in=[ControlCheck.Verdict.FAILED, ControlCheck.Verdict.MISSING],
        control__isnull=False,
    )
    wanted = failed.filter(~Exists(since)).values("control")
    return list(Control.objects.filter(pk__in=wanted).exclude(plan_items__plan=plan))


def _move(rest: list[PlanItem], to: Plan, *, by: Actor, at: datetime) -> None:
    known = set(to.items.values_list("lesson_id", "control_id"))
    PlanItem.objects.bulk_create(
        PlanItem(plan=to, lesson_id=row.lesson_id, control_id=row.control_id, gathered_at=at)
        for row in rest
        if (row.lesson_id, row.control_id) not in known
    )
    PlanItem.objects.filter(pk__in=[row.pk for row in rest]).update(
        decision=Decision.MOVED, words=to.title, decided_at=at, decided_by=by.person_id
    )


def _next(plan: Plan, next_id: int) -> Plan:
    found = Plan.objects.select_for_update(of=("self",)).filter(pk=next_id).first()
    if found is None or found.pk == plan.pk:
        raise InvalidInput("Choose another plan to which the rest moves.")
    _require_open(found)
    return found


def _locked(plan_id: int) -> Plan:
    found = Plan.objects.select_for_update(of=("self",)).filter(pk=plan_id).first()
    if found is None:
        raise NotFound("There is no such plan; look at the list of plans.")
    return found


def _locked_item(item_id: int, *, by: Actor) -> PlanItem:
    """The item, its plan's row locked before it; one that `by` may not see is not there."""
    gone = NotFound("There is no such item in a plan; look at the page again.")
    found = queries.items_visible_to(by).filter(pk=item_id).values_list("plan_id", flat=True)
    plan_id = found.first()
    if plan_id is None:
        raise gone
    plan = _locked(plan_id)
    item = PlanItem.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
    if item is None:
        raise gone
    item.plan = plan
    return item


def _require_open(plan: Plan) -> None:
    if not plan.is_open:
        raise Conflict(f"“{plan.title}” is closed and stays as it is; use an open plan.")


def _record(plan: Plan, action: str, *, by: Actor, at: datetime, **detail: object) -> None:
    """To the audit trail, without the words of a lesson: its incident may be restricted."""
    audit.record(by=by, at=at, action=action, about=f"plan:{plan.pk}", name=plan.title, **detail)
