"""Maintenance windows that end: what still fires opens then, and what repeats is set to its next
time."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cases import timeline
from cases.intake import alerts, holding, maintenance
from cases.models import Alert, Entry, HeldAlert, Incident, MaintenanceWindow, Source
from incidentdesk.kernel.access import SYSTEM

logger = logging.getLogger(__name__)

A_RUN = 500  # alerts of one window at a time; what is left comes with the next run


def end_due(*, at: datetime) -> int:
    """End the windows whose time is over. Answers how many alerts were released."""
    held = HeldAlert.objects.filter(window=OuterRef("pk"), cleared_at=None, released_at=None)
    over = MaintenanceWindow.objects.filter(~Q(repeats="") | Exists(held), ends_at__lte=at)
    released = 0
    for pk in over.order_by("ends_at").values_list("pk", flat=True):
        try:
            released += _end(pk, at=at)
        except Exception:  # whatever is wrong with one, the others end
            logger.exception("maintenance window %s did not end; it is tried again", pk)
    return released


@transaction.atomic
def _end(pk: int, *, at: datetime) -> int:
    """Release what one window holds, and move it on."""
    window = MaintenanceWindow.objects.select_for_update(no_key=True).get(pk=pk)
    if window.ends_at > at:  # somebody was faster, or has it go on
        return 0
    held = HeldAlert.objects.filter(window=window, cleared_at=None, released_at=None)
    rows = list(held.select_related("source__category").order_by("id")[:A_RUN])
    for source in {row.source_id: row.source for row in rows}.values():
        _release(window, source, [row for row in rows if row.source_id == source.pk], at=at)
    if len(rows) < A_RUN and (next_time := maintenance.following(window, at=at)):
        window.starts_at, window.ends_at = next_time
        window.save(update_fields=["starts_at", "ends_at"])
    return len(rows)


def _release(
    window: MaintenanceWindow, source: Source, rows: list[HeldAlert], *, at: datetime
) -> None:
    """Hand them to intake, as if they came now; but not what opened and cleared on its own since,
    before anybody came to release it."""
    since = dict(
        Alert.objects.filter(source=source, external_key__in=[row.external_key for row in rows])
        .exclude(resolved_at=None)
        .order_by("resolved_at")
        .values_list("external_key", "resolved_at")
    )
    for row in rows:
        if (cleared := since.get(row.external_key)) and cleared >= row.at:
            row.cleared_at = cleared
    HeldAlert.objects.bulk_update([row for row in rows if row.cleared_at], ["cleared_at"])
    rows = [row for row in rows if row.cleared_at is None]
    signals = {row.external_key: holding.signal_of(row) for row in rows}
    before = set(Alert.objects.filter(_firing(source, signals)).values_list("pk", flat=True))
    alerts.handle(source=source, signals=list(signals.values()), at=at)
    found = Alert.objects.filter(_firing(source, signals)).select_related("incident")
    by_key = {alert.external_key: alert for alert in found}
    for row in rows:
        alert = by_key.get(row.external_key)
        row.released_at, row.incident = at, alert.incident if alert else None
    HeldAlert.objects.bulk_update(rows, ["released_at", "incident"])
    fed: dict[int, Incident] = {
        alert.incident_id: alert.incident for alert in by_key.values() if alert.pk not in before
    }
    for incident in fed.values():
        text = f"Held back by maintenance “{window}”; it still fires at its end."
        timeline.record(incident, Entry.Kind.ALERT, text, by=SYSTEM, at=at)


def _firing(source: Source, keys: Iterable[str]) -> Q:
    return Q(source=source, external_key__in=list(keys), resolved_at=None)
