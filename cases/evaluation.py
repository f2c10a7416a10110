"""Evaluation: impact, scope and urgency, the severity that follows, and overriding it.

Anyone who responds may raise a severity; only a commander lowers one, with a reason, and never
below a floor. Every change re-evaluates deadlines and escalation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from cases import (
    bases,
    deadlines,
    leading,
    moments,
    moving,
    personal_data,
    playbooks,
    queries,
    rules,
    severity,
    timeline,
    workflow,
)
from cases.bases import Support
from cases.models import Category, Entry, Incident, MomentChange, SeverityChange, SeverityMatrix
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput

__all__ = ["Evaluation", "Support", "change_matrix", "correct_time", "evaluate"]

AXES = ("impact", "scope", "urgency")
_BY_OPENNESS = Incident.Tlp.values  # from those whom fewest may be told to those for all
# Times that are entered by what they belong to; they can be corrected, not made up.
_MADE_ELSEWHERE = {
    "confirmed_at": "Its nature is not confirmed yet; evaluate it first.",
    "contained_at": "It is not contained yet; the move to Mitigation enters this time.",
    "recovered_at": "It has not recovered yet; record the recovery first.",
    "resolved_at": "It is not resolved yet; the move to Review enters this time.",
}


@dataclass(frozen=True)
class Evaluation:
    """What was found out. Axes that nobody knows yet stay None and count as assumed."""

    category_id: int
    impact: int | None
    scope: int | None
    urgency: int | None
    floors: tuple[str, ...] = ()
    occurred_at: datetime | None = None
    detected_at: datetime | None = None
    aware_at: datetime | None = None
    tlp: str | None = None  # None: as it is
    is_confirmed: bool = False
    reason: str = ""
    bases: Mapping[str, Support] = field(default_factory=dict)  # axis → what supports its value


@transaction.atomic
def evaluate(*, incident_id: int, found: Evaluation, by: Actor, at: datetime) -> Incident:
    """Set category, axes, floors and times; the severity follows from the matrix.

    `is_confirmed` says that the nature is confirmed: it is an incident of this category. The
    first time a category is set, its playbook is laid out as tasks. What supports a value counts
    for that value only: another value needs its own. A TLP that somebody chose is lowered as a
    severity is: by a commander, with a reason.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    in_force = rules.in_force()
    in_force.require_known(found.floors)
    was_category, before = incident.category_id, incident.severity
    is_free = is_still_a_guess(incident, found)
    incident.category = Category.objects.get(pk=found.category_id)
    incident.impact, incident.scope, incident.urgency = found.impact, found.scope, found.urgency
    incident.floors = sorted(found.floors)
    result = in_force.severity_of(incident)
    if not is_free:
        _may_change(before, result.severity, reason=found.reason, by=by)
    lowered = _put_tlp(incident, found, by=by)
    incident.severity_override, incident.severity_reason = None, ""
    incident.severity = result.severity
    bases.require_fit(incident, found.bases, by=by)
    changes = _put_times(incident, found, by=by, at=at)
    incident.save()
    bases.put(incident, found.bases, by=by, at=at)
    nature = "Nature confirmed. " if incident.confirmed_at else "Nature not confirmed yet. "
    text = f"{nature}{incident.category}. SEV-{incident.severity}: {result.why}."
    tell(incident, before, text + lowered, found.reason, by=by, at=at)
    for change in changes:
        deadlines.move_anchor(incident, change.name, change.former)
    if incident.category_id != was_category or incident.playbook_id is None:
        playbooks.lay_out(incident)
    if personal_data.FLOOR in incident.floors:
        personal_data.ask(incident, by=by, at=at)
    workflow.meet_evaluation(incident, at=at)
    return incident


@transaction.atomic
def override_severity(
    *, incident_id: int, severity: int, reason: str, by: Actor, at: datetime
) -> Incident:
    """Set the severity by hand, with a reason; never milder than a floor allows."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    moving.require_reason(reason, "Overriding a severity")
    floor = rules.severity_of(incident).floor
    if floor and severity > floor.severity:
        raise InvalidInput(
            f"The severity cannot be milder than SEV-{floor.severity}: {floor.inline}."
        )
    before = incident.severity
    incident.severity_override, incident.severity_reason = severity, reason.strip()
    _may_change(before, severity, reason=reason, by=by)
    incident.severity = severity
    incident.save()
    text = f"Severity set by hand to SEV-{severity}, from SEV-{before}."
    tell(incident, before, text, reason, by=by, at=at)
    return incident


@transaction.atomic
def correct_time(
    *, incident_id: int, name: str, value: datetime, reason: str, by: Actor, at: datetime
) -> Incident:
    """Correct one of the seven times, with a reason. Deadlines that hang on it are due anew."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if name not in moments.LABELS:
        raise InvalidInput("There is no such time; choose one of the seven.")
    moving.require_reason(reason, "Correcting a time")
    former: datetime | None = getattr(incident, name)
    if former is None and name in _MADE_ELSEWHERE:
        raise InvalidInput(_MADE_ELSEWHERE[name])
    moments.require_order(incident, {name: value}, at=at)
    if not moments.put(incident, {name: value}, by=by, at=at):
        raise Conflict("This is the time that stands there already.")
    incident.save(update_fields=[name, "classify_at"])
    deadlines.reset(incident)
    deadlines.move_anchor(incident, name, former)
    was = f"from {former:%-d %b %Y %H:%M} " if former else ""
    text = f"{moments.LABELS[name]} corrected {was}to {value:%-d %b %Y %H:%M} UTC."
    timeline.record(
        incident, Entry.Kind.EVALUATION, f"{text} Reason: {reason.strip()}", by=by, at=at
    )
    return incident


@transaction.atomic
def change_matrix(
    *, cells: Sequence[int], reason: str, seen_id: int | None = None, by: Actor, at: datetime
) -> SeverityMatrix:
    """Put another matrix in force, as a new row; the former stays readable.

    `cells` are 48 severities in the order of `SeverityMatrix.cells`. It has to stay monotone: more
    impact, scope or urgency never gives a milder severity. `seen_id` is the row that the writer
    saw: if another is in force by now, this is refused. Incidents keep their severity until they
    are evaluated again.
    """
    access.require(by, Permission.REGISTER_WRITE)
    moving.require_reason(reason, "Changing the matrix", where="it stays with the change")
    if len(cells) != len(severity.CELLS) or set(cells) - {1, 2, 3, 4}:
        raise InvalidInput("A matrix has 48 cells, each with a severity from 1 to 4.")
    breaks = list(severity.Grid(tuple(cells)).breaks())
    if breaks:
        more = f" {len(breaks) - 1} more like it." if breaks[1:] else ""
        raise InvalidInput(f"{breaks[0]}; a worse answer cannot be milder.{more}")
    former = SeverityMatrix.objects.latest("id")
    if seen_id is not None and former.pk != seen_id:
        raise Conflict("Somebody changed the matrix meanwhile; look at the page again.")
    changes = severity.differences(former.cells, cells)
    if not changes:
        raise InvalidInput("Nothing is different; change at least one cell.")
    made = SeverityMatrix.objects.create(
        cells=list(cells), in_force_at=at, reason=reason.strip(), changed_by_id=by.user_id
    )
    about = f"severitymatrix:{made.pk}"
    audit.record(
        by=by, at=at, action="changed severity matrix", about=about, name=reason, changes=changes
    )
    return made


# --- steps that several share ---------------------------------------------------------------------


def put_floors(incident: Incident, keys: Iterable[str]) -> int:
    """Add floors under the lock and save; the severity only rises. Answers what it was."""
    before = incident.severity
    incident.floors = sorted({*incident.floors, *keys})
    after = min(before, rules.severity_of(incident).severity)
    if after < before:  # a severity set by hand gives way to a floor
        incident.severity_override, incident.severity_reason = None, ""
    incident.severity = after
    incident.save(update_fields=["floors", "severity", "severity_override", "severity_reason"])
    return before


def tell(
    incident: Incident, before: int, text: str, reason: str = "", *, by: Actor, at: datetime
) -> None:
    """The timeline, the clocks and, if it is worse, the new severity's ladder: somebody has to
    acknowledge again."""
    why = f" Reason: {reason.strip()}" if reason.strip() else ""
    entry = timeline.record(incident, Entry.Kind.EVALUATION, text + why, by=by, at=at)
    if incident.severity != before:
        SeverityChange.objects.create(entry=entry, former=before, value=incident.severity)
    deadlines.reset(incident)
    if incident.severity < before:
        words = f"SEV-{incident.severity} now, SEV-{before} when {incident.acknowledged_by} "
        words += "acknowledged it; it is paged again."
        leading.page_anew(incident, words, silent_at=None, at=at)


def _may_change(before: int, after: int, *, reason: str, by: Actor) -> None:
    """Making a severity milder needs the commander's right and a reason."""
    if after > before:
        access.require(by, Permission.INCIDENT_COMMAND)
        moving.require_reason(reason, f"Lowering the severity from SEV-{before} to SEV-{after}")


def _put_tlp(incident: Incident, found: Evaluation, *, by: Actor) -> str:
    """Set who may be told, if that was said; answers the words of what was lowered."""
    was, lowers = incident.tlp, would_lower_tlp(incident, found)
    incident.tlp = found.tlp or was
    if not lowers:
        return ""
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_reason(found.reason, f"Lowering TLP:{was} to TLP:{incident.tlp}")
    return f" TLP:{incident.tlp} now, from TLP:{was}."


def is_still_a_guess(incident: Incident, found: Evaluation) -> bool:
    """Whether the severity so far rests on assumptions, which anybody who responds may replace.

    So does that of an incident that nobody has evaluated or set by hand yet, and what follows
    from answering an axis that was open, as long as the nature is not confirmed.
    """
    if incident.confirmed_at is not None or incident.severity_override is not None:
        return False
    keeps = set(incident.floors) <= set(found.floors) and all(
        getattr(incident, axis) in (None, getattr(found, axis)) for axis in AXES
    )
    return keeps or not _was_evaluated(incident)


def would_lower_tlp(incident: Incident, found: Evaluation) -> bool:
    """Whether more people may be told than somebody decided; what nobody chose yet anybody sets."""
    if found.tlp is None or found.tlp == incident.tlp:
        return False
    is_lower = _BY_OPENNESS.index(found.tlp) > _BY_OPENNESS.index(incident.tlp)
    return is_lower and _was_evaluated(incident)


def _was_evaluated(incident: Incident) -> bool:
    return incident.entries.filter(kind=Entry.Kind.EVALUATION).exists()


def _put_times(
    incident: Incident, found: Evaluation, *, by: Actor, at: datetime
) -> list[MomentChange]:
    times: dict[str, datetime | None] = {
        "occurred_at": found.occurred_at,
        "detected_at": found.detected_at or incident.detected_at,
        "aware_at": found.aware_at,
    }
    moments.require_order(incident, times, at=at)
    if found.is_confirmed and incident.confirmed_at is None:
        times["confirmed_at"] = at
    return moments.put(incident, times, by=by, at=at)
