"""What would follow from an evaluation before it is saved. Reads only; nothing is changed."""

from __future__ import annotations

from copy import copy
from dataclasses import asdict, dataclass
from datetime import datetime

from cases import deadlines, evaluation, paths, rules
from cases.evaluation import Evaluation
from cases.models import Category, Deadline, Incident, Target
from cases.models.deadline import FIRST_NOTICE
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from notifications import queries as post
from notifications import routing
from notifications.models import EscalationPath


@dataclass(frozen=True)
class Ahead:
    """A deadline that the severity would set. Without a `due_at` its anchor is not known yet."""

    target: Target
    due_at: datetime | None
    was_due_at: datetime | None
    met_at: datetime | None


@dataclass(frozen=True)
class Consequences:
    """The severity that would be set, where it comes from, and what follows."""

    severity: int
    before: int
    why: str
    open_axes: tuple[str, ...]
    lowers: str  # what would be lowered, which is a commander's to do, with a reason
    is_allowed: bool  # this person may save it
    path: EscalationPath | None
    steps: list[str]
    begins_anew: bool  # it got worse: the path begins at once, whoever had acknowledged
    is_acknowledged: bool
    deadlines: list[Ahead]
    notice: Ahead | None
    is_notice_signed_away: bool
    partners: int

    @property
    def needs_commander(self) -> bool:
        """Something would be lowered."""
        return bool(self.lowers)


def of(incident: Incident, found: Evaluation, *, by: Actor, at: datetime) -> Consequences:
    """What would follow if `by` saved this evaluation now. A fixed number of queries."""
    in_force = rules.in_force()
    floors = [key for key in found.floors if key in in_force.floors]
    result = in_force.grade(found.impact, found.scope, found.urgency, floors)
    after = _as_it_would_be(incident, found, result.severity, at=at)
    milder = result.severity > incident.severity
    lowered = {
        "the severity": milder and not evaluation.is_still_a_guess(incident, found),
        "the TLP": evaluation.would_lower_tlp(incident, found),
    }
    lowers = " and ".join(what for what, it_does in lowered.items() if it_does)
    ahead = _ahead(after, in_force.targets(result.severity))
    signed = deadlines.needs_no_notice(incident)
    category = Category.objects.filter(pk=found.category_id).first()
    path = routing.path_for(
        severity=result.severity,
        category=category.key if category else "",
        **asdict(paths.hit(incident)),
        at=at,
    )
    return Consequences(
        severity=result.severity,
        before=incident.severity,
        why=result.why,
        open_axes=tuple(a for a in evaluation.AXES if getattr(found, a) is None),
        lowers=lowers,
        is_allowed=not lowers or access.allows(by, Permission.INCIDENT_COMMAND),
        path=path,
        steps=post.whom_it_pages(path),
        begins_anew=result.severity < incident.severity,
        is_acknowledged=incident.acknowledged_at is not None,
        deadlines=[one for one in ahead if one.target.kind != FIRST_NOTICE],
        notice=next((one for one in ahead if one.target.kind == FIRST_NOTICE), None),
        is_notice_signed_away=signed,
        partners=incident.involvements.count(),
    )


def _as_it_would_be(
    incident: Incident, found: Evaluation, severity: int, *, at: datetime
) -> Incident:
    """A copy with the severity and the times that would be set; it is never saved."""
    after = copy(incident)
    after.severity = severity
    after.occurred_at, after.aware_at = found.occurred_at, found.aware_at
    after.detected_at = found.detected_at or incident.detected_at
    if found.is_confirmed and incident.confirmed_at is None:
        after.confirmed_at = at
    return after


def _ahead(after: Incident, targets: list[Target]) -> list[Ahead]:
    """Every deadline of the severity that was not dropped, with when it would be due."""
    now: dict[str, Deadline] = {row.kind: row for row in after.deadlines.all()}
    due = {row.kind: row.due_at for row in deadlines.wanted(after, targets)}
    return [
        Ahead(
            target,
            due_at=due.get(target.kind),
            was_due_at=now[target.kind].due_at if target.kind in now else None,
            met_at=now[target.kind].met_at if target.kind in now else None,
        )
        for target in targets
        if target.severity == after.severity
        and not (target.kind in now and now[target.kind].is_dropped)
    ]
