"""What each involved partner was promised: its first notice by contract, and the next update.

Both are deadlines of the incident that name the partner's involvement. The wait for an approval is
part of their time: they are met by sending.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cases.models import Deadline, Incident, Involvement
from cases.models.deadline import NEXT_UPDATE, PARTNER_NOTICE
from partners import directory

STAGES = (50, 75, 90, 100)  # per cent of its time, at which its crew is warned


def warning_after(deadline: Deadline, moment: datetime) -> datetime | None:
    """When its crew is warned next after `moment`; None once it is over."""
    whole = deadline.due_at - deadline.anchor_at
    stages = (deadline.anchor_at + whole * stage / 100 for stage in STAGES)
    return next((when for when in stages if when > moment), None)


def stage_at(deadline: Deadline, moment: datetime) -> int:
    """How much of its time is over: the last stage that it passed, 0 before the first."""
    whole = deadline.due_at - deadline.anchor_at
    passed = [s for s in STAGES if deadline.anchor_at + whole * s / 100 <= moment]
    return passed[-1] if passed else 0


def reset(incident: Incident) -> None:
    """Recompute when each partner is to be told by its contract; what is met stays.

    Counted from detection, by the severity for the partner. Without an agreed time none runs.
    """
    involved = list(incident.involvements.select_related("partner__terms"))
    if not involved:
        return
    of_partners = Deadline.objects.filter(incident=incident, kind=PARTNER_NOTICE)
    known = {row.involvement_id: row for row in of_partners}
    found = list(_wanted(incident, involved))
    wanted = {row.involvement_id for row in found}
    gone = [row.pk for pk, row in known.items() if pk not in wanted and row.met_at is None]
    if gone:
        of_partners.filter(pk__in=gone).delete()
    changed = [row for row in found if _differs(row, known.get(row.involvement_id))]
    if changed:
        Deadline.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["incident", "kind", "involvement"],
            update_fields=["anchor_at", "due_at", "warn_at"],
        )


def _wanted(incident: Incident, involved: Iterable[Involvement]) -> Iterable[Deadline]:
    for row in involved:
        span = directory.terms_of(row.partner).notice_within(row.severity)
        if span is not None:
            deadline = Deadline(
                incident=incident,
                involvement=row,
                kind=PARTNER_NOTICE,
                anchor_at=incident.detected_at,
                due_at=incident.detected_at + span,
                is_dropped=row.decision in Involvement.NOT_TOLD,
            )
            deadline.warn_at = warning_after(deadline, incident.detected_at)
            yield deadline


def _differs(row: Deadline, known: Deadline | None) -> bool:
    if known is None:
        return True
    if known.met_at is not None:  # a severity that changes later makes nothing late
        return known.anchor_at != row.anchor_at
    return (known.anchor_at, known.due_at) != (row.anchor_at, row.due_at)


def settle(incident: Incident) -> None:
    """Who is not to be told has no clock; who is has one again."""
    running = Deadline.objects.filter(incident=incident, kind=PARTNER_NOTICE, met_at=None)
    running.filter(involvement__decision__in=Involvement.NOT_TOLD).update(is_dropped=True)
    if incident.is_open:
        running.exclude(involvement__decision__in=Involvement.NOT_TOLD).update(is_dropped=False)


def keep(involvement: Involvement, next_update_at: datetime | None, *, at: datetime) -> None:
    """The partner was sent a notice: what was promised is kept by it, what it promises runs."""
    mine = Deadline.objects.filter(incident=involvement.incident_id, involvement=involvement)
    mine.filter(met_at=None).update(met_at=at, warn_at=None, is_dropped=False)
    if next_update_at is None:
        return
    promise = Deadline(
        incident_id=involvement.incident_id,
        involvement=involvement,
        kind=NEXT_UPDATE,
        anchor_at=at,
        due_at=next_update_at,
    )
    promise.warn_at = warning_after(promise, at)
    Deadline.objects.bulk_create(
        [promise],
        update_conflicts=True,
        unique_fields=["incident", "kind", "involvement"],
        update_fields=["anchor_at", "due_at", "met_at", "is_dropped", "warn_at"],
    )


def follow(involvement: Involvement) -> None:
    """The involvement went on in another incident, and its clocks with it."""
    mine = Deadline.objects.filter(involvement=involvement)
    mine.update(incident=involvement.incident_id)
