"""Clocks of incidents: which deadlines a severity sets, when they are met, when they move.

A deadline whose anchor is not known yet does not run; once met it stays as it was met.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from cases import promises
from cases.models import Deadline, Incident, Involvement, Phase, Target
from cases.models.deadline import AFTERWARDS, FIRST_NOTICE, ROOT_CAUSE
from incidentdesk.kernel import clocks
from incidentdesk.kernel.prepared import Inserted

_DEADLINES = Inserted(Deadline)

NO_PARTNERS = "no_partners"  # the statement after which no notice is due
# The time of the incident that meets a deadline.
_MET_BY = {"contained_at": "contain", "recovered_at": "recover"}


def start(incident: Incident, targets: Iterable[Target]) -> None:
    """Set the deadlines of an incident that opens and has none yet, by its severity's targets."""
    _DEADLINES.add(*wanted(incident, targets))


def reset(incident: Incident) -> None:
    """Recompute every deadline that is not met from the incident's severity and anchors.

    A kind that the severity does not have is taken away; what was dropped stays dropped.
    """
    found = wanted(incident, Target.objects.filter(severity=incident.severity))
    of_incident = Deadline.objects.filter(incident=incident, involvement=None)
    known = {row.kind: row for row in of_incident}
    running = of_incident.filter(met_at=None, is_dropped=False)
    running.exclude(kind__in=[deadline.kind for deadline in found]).delete()
    _put([deadline for deadline in found if _moves(known.get(deadline.kind), deadline)])
    promises.reset(incident)


def _moves(known: Deadline | None, found: Deadline) -> bool:
    """It is new, or runs and is due at another time: then its warnings begin anew."""
    if known is None:
        return True
    same = (known.anchor_at, known.due_at) == (found.anchor_at, found.due_at)
    return known.met_at is None and not same


def _put(found: list[Deadline]) -> None:
    if found:
        Deadline.objects.bulk_create(
            found,
            update_conflicts=True,
            unique_fields=["incident", "kind", "involvement"],
            update_fields=["anchor_at", "due_at", "warn_at"],
        )


def move_anchor(incident: Incident, name: str, former: datetime | None) -> None:
    """A time was corrected: what was met and hangs on it is due anew; `reset` does the others.

    What is met by that time itself is met at the corrected one.
    """
    now: datetime | None = getattr(incident, name)
    if former is None or now is None:
        return
    kind = _MET_BY.get(name)
    if kind:
        Deadline.objects.filter(incident=incident, kind=kind, met_at=former).update(met_at=now)
    targets = Target.objects.filter(severity=incident.severity, anchor=name)
    by_kind = {target.kind: target for target in targets if target.kind != ROOT_CAUSE}
    met = Deadline.objects.filter(incident=incident, met_at__isnull=False, kind__in=by_kind)
    moved = list(met.filter(anchor_at=former))
    for deadline in moved:
        target = by_kind[deadline.kind]
        deadline.anchor_at = now
        deadline.due_at = clocks.add(now, target.amount, target.counting)
    Deadline.objects.bulk_update(moved, ["anchor_at", "due_at"])


def wanted(incident: Incident, targets: Iterable[Target]) -> list[Deadline]:
    """The deadlines that its severity's targets set, of those whose anchor is known.

    What is owed to each partner follows from the severity for it (`promises`).
    """
    found = []
    for target in targets:
        anchor: datetime | None = getattr(incident, target.anchor)
        if target.kind == ROOT_CAUSE or anchor is None:
            continue
        due = clocks.add(anchor, target.amount, target.counting)
        warn = clocks.first_reminder(anchor, due)
        found.append(
            Deadline(
                incident=incident, kind=target.kind, anchor_at=anchor, due_at=due, warn_at=warn
            )
        )
    return found


def meet(incident: Incident, kind: str, *, at: datetime) -> None:
    """The thing was done at `at`; later times change nothing."""
    Deadline.objects.filter(incident=incident, kind=kind, met_at=None).update(met_at=at)


def run_again(incident: Incident, kind: str) -> None:
    """What met it did not last."""
    Deadline.objects.filter(incident=incident, kind=kind).update(met_at=None, is_dropped=False)
    reset(incident)


def drop(incident: Incident, kind: str | None = None) -> None:
    """It no longer applies: one kind, or (the incident is over) every running one."""
    running = Deadline.objects.filter(incident=incident, met_at=None)
    if incident.phase == Phase.CLOSED:  # reports, and what a partner needs for its own, are owed
        running = running.exclude(kind__in=AFTERWARDS)
    (running.filter(kind=kind) if kind else running).update(is_dropped=True)


def resume(incident: Incident) -> None:
    """Let what was dropped run again, but what was signed away: an incident was reopened."""
    Deadline.objects.filter(incident=incident, met_at=None).update(is_dropped=False)
    reset(incident)
    settle_notices(incident)


def settle_notices(incident: Incident) -> None:
    """What was decided or sent says which notices are still due, to all and to each partner."""
    promises.settle(incident)
    settle_first_notice(incident)


def settle_first_notice(incident: Incident) -> None:
    """Met once every partner that is to be told was told; dropped where none is to be."""
    if needs_no_notice(incident):
        drop(incident, FIRST_NOTICE)
        return
    owed = incident.involvements.exclude(decision__in=Involvement.NOT_TOLD)
    first = Min("copies__sent_at")
    told = list(owed.order_by().annotate(told_at=first).values_list("told_at", flat=True))
    running = Deadline.objects.filter(incident=incident, kind=FIRST_NOTICE, met_at=None)
    if told and None not in told:
        running.update(met_at=max(told))
    elif incident.is_open:
        running.update(is_dropped=False)


def needs_no_notice(incident: Incident) -> bool:
    """No partner is affected, as was signed; or each is decided not to be notified by itself."""
    if incident.statements.filter(key=NO_PARTNERS).exists():
        return True
    decided = set(incident.involvements.order_by().values_list("decision", flat=True))
    return bool(decided) and decided <= set(Involvement.NOT_TOLD)
