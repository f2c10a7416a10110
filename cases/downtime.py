"""Floors that time brings: a critical system that stays fully down raises the severity by itself.

The desk does it, once a minute and without a click. It only ever raises, and what stands already
stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from cases import evaluation, queries, rules
from cases.models import AffectedSystem, Incident
from cases.models.incident import OVER
from cases.severity import Floor
from incidentdesk.kernel.access import SYSTEM

logger = logging.getLogger(__name__)


def add_due_floors(*, at: datetime) -> int:
    """Add every floor whose time has come; answers how many incidents it concerned.

    Each incident has a transaction of its own; one that fails is left for the next run.
    """
    timed = [f for f in rules.in_force().floors.values() if f.after_minutes is not None]
    if not timed:
        return 0
    down: dict[int, list[AffectedSystem]] = {}
    for row in _down().exclude(incident__phase__in=OVER).select_related("incident"):
        down.setdefault(row.incident_id, []).append(row)
    done = 0
    for pk in sorted(down):
        if not _due(down[pk][0].incident, down[pk], timed, at=at):
            continue
        try:
            done += _add(pk, at=at)
        except Exception:  # whatever is wrong with one, those behind it are looked at
            logger.exception("the floors of incident %s could not be added", pk)
    return done


@transaction.atomic
def _add(incident_id: int, *, at: datetime) -> bool:
    """Add the floors of one incident under its lock; False if there is nothing to add by now."""
    incident = queries.locked(incident_id, by=SYSTEM)
    in_force = rules.in_force()
    timed = [f for f in in_force.floors.values() if f.after_minutes is not None]
    rows = list(_down().filter(incident=incident).select_related("system"))
    due = _due(incident, rows, timed, at=at)
    if not due or not incident.is_open:
        return False
    before = evaluation.put_floors(incident, [floor.key for floor in due])
    after = incident.severity
    names = ", ".join(f"{row.system} since {row.down_since:%-d %b %H:%M}" for row in rows)
    facts = "; ".join(floor.inline for floor in due)
    moved = f"SEV-{after}, from SEV-{before}." if after < before else f"It stays SEV-{after}."
    text = f"Fully down: {names} UTC. Floor by time: {facts}. {moved}"
    evaluation.tell(incident, before, text, by=SYSTEM, at=at)
    return True


def _down() -> QuerySet[AffectedSystem]:
    """Critical systems of incidents that are fully down and neither isolated nor restored."""
    return AffectedSystem.objects.filter(
        state=AffectedSystem.State.AFFECTED, down_since__isnull=False, system__is_critical=True
    ).order_by("down_since", "id")


def _due(
    incident: Incident, rows: Iterable[AffectedSystem], timed: Iterable[Floor], *, at: datetime
) -> list[Floor]:
    """The floors whose time has come and that the incident does not have yet, worst first."""
    since = min((row.down_since for row in rows if row.down_since), default=None)
    return [
        floor
        for floor in sorted(timed, key=lambda floor: floor.severity)
        if floor.key not in incident.floors
        and since is not None
        and at - since >= timedelta(minutes=floor.after_minutes or 0)
    ]
