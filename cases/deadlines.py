"""Clocks of incidents: which deadlines a severity sets, when they are met, when they move.

A deadline whose anchor is not known yet does not run; once met it stays as it was met.
"""

from __future__ import annotations

from datetime import datetime

from cases.models import Deadline, Incident, Target
from incidentdesk.kernel import clocks


def reset(incident: Incident) -> None:
    """Recompute every deadline that is not met from the incident's severity and anchors."""
    wanted = []
    for target in Target.objects.filter(severity=incident.severity):
        anchor: datetime | None = getattr(incident, target.anchor)
        if anchor is not None:
            due = clocks.add(anchor, target.amount, target.counting)
            wanted.append(
                Deadline(incident=incident, kind=target.kind, anchor_at=anchor, due_at=due)
            )
    running = Deadline.objects.filter(incident=incident, met_at=None)
    met = set()
    if incident.pk and incident.confirmed_at is not None:  # a fresh incident has none yet
        met = set(
            Deadline.objects.filter(incident=incident, met_at__isnull=False).values_list(
                "kind", flat=True
            )
        )
        running.exclude(kind__in=[d.kind for d in wanted]).update(is_dropped=True)
    Deadline.objects.bulk_create(
        [deadline for deadline in wanted if deadline.kind not in met],
        update_conflicts=True,
        unique_fields=["incident", "kind"],
        update_fields=["anchor_at", "due_at"],
    )


def meet(incident: Incident, kind: str, *, at: datetime) -> None:
    """The thing was done at `at`; later times change nothing."""
    Deadline.objects.filter(incident=incident, kind=kind, met_at=None).update(met_at=at)


def drop(incident: Incident, kind: str | None = None) -> None:
    """It no longer applies: one kind, or (the incident is over) every running one."""
    running = Deadline.objects.filter(incident=incident, met_at=None)
    (running.filter(kind=kind) if kind else running).update(is_dropped=True)


def resume(incident: Incident) -> None:
    """Let what was dropped run again: an incident was reopened."""
    Deadline.objects.filter(incident=incident, met_at=None).update(is_dropped=False)
    reset(incident)
