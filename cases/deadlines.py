"""Clocks of incidents: which deadlines a severity sets, when they are met, when they move.

A deadline whose anchor is not known yet does not run; once met it stays as it was met.
"""

from __future__ import annotations

from datetime import datetime

from cases.models import Deadline, Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.prepared import Inserted, Prepared

# Signed statements after which no first notice is due.
_DEADLINES = Inserted(Deadline)
_TARGETS = Prepared(
    "targets",
    "SELECT kind, anchor, amount, counting FROM cases_target"
    " WHERE severity = %(severity)s ORDER BY id",
    severity="smallint",
)

WITHOUT_NOTICE = ("no_partners", "notice_not_needed")


def start(incident: Incident) -> None:
    """Set the deadlines of an incident that opens; it has none yet."""
    _DEADLINES.add(*_wanted(incident))


def reset(incident: Incident) -> None:
    """Recompute every deadline that is not met from the incident's severity and anchors.

    A kind that the severity does not have is taken away; what was dropped stays dropped.
    """
    wanted = _wanted(incident)
    of_incident = Deadline.objects.filter(incident=incident)
    met = set(of_incident.filter(met_at__isnull=False).values_list("kind", flat=True))
    running = of_incident.filter(met_at=None, is_dropped=False)
    running.exclude(kind__in=[deadline.kind for deadline in wanted]).delete()
    Deadline.objects.bulk_create(
        [deadline for deadline in wanted if deadline.kind not in met],
        update_conflicts=True,
        unique_fields=["incident", "kind"],
        update_fields=["anchor_at", "due_at"],
    )


def _wanted(incident: Incident) -> list[Deadline]:
    """The deadlines that the severity sets, of those whose anchor is known."""
    wanted = []
    for kind, anchor, amount, counting in _TARGETS.rows({"severity": incident.severity}):
        anchor_at: datetime | None = getattr(incident, anchor)
        if anchor_at is not None:
            due = clocks.add(anchor_at, amount, counting)
            wanted.append(Deadline(incident=incident, kind=kind, anchor_at=anchor_at, due_at=due))
    return wanted


def meet(incident: Incident, kind: str, *, at: datetime) -> None:
    """The thing was done at `at`; later times change nothing."""
    Deadline.objects.filter(incident=incident, kind=kind, met_at=None).update(met_at=at)


def drop(incident: Incident, kind: str | None = None) -> None:
    """It no longer applies: one kind, or (the incident is over) every running one."""
    running = Deadline.objects.filter(incident=incident, met_at=None)
    (running.filter(kind=kind) if kind else running).update(is_dropped=True)


def resume(incident: Incident) -> None:
    """Let what was dropped run again, but what was signed away: an incident was reopened."""
    Deadline.objects.filter(incident=incident, met_at=None).update(is_dropped=False)
    reset(incident)
    if incident.statements.filter(key__in=WITHOUT_NOTICE).exists():
        drop(incident, "first_notice")
