"""What a partner's programs are told: incident disclosed or changed, notice published, phase
changed, request opened. A row of the feed and the calls to webhooks, with what they tell of.

Steps of use cases. Only the partner's own references stand in them, and words only where a mail
would carry them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from cases import labels
from cases.models import Incident, Involvement, NoticeCopy, PartnerEvent, Request
from partners import deliveries, directory
from partners.models import EventType


def disclosed(incident: Incident, involvement: Involvement, *, at: datetime) -> None:
    """The partner sees the incident from now on."""
    data = _data(involvement, phase=involvement.phase, **_words(incident, involvement))
    _write([_event(EventType.DISCLOSED, involvement, data, at=at)], incident, at=at)


def changed(incident: Incident, involvement: Involvement, *, at: datetime) -> None:
    """What the partner reads of it is another: title, meaning, severity, or when it began."""
    words = _words(incident, involvement)
    if words:
        began = involvement.started_at
        words |= {"meaning": involvement.meaning, "started_at": began and _stamp(began)}
    data = _data(involvement, **words)
    _write([_event(EventType.CHANGED, involvement, data, at=at)], incident, at=at)


def published(incident: Incident, copy: NoticeCopy, *, at: datetime) -> None:
    """The partner has a notice from now on; of TLP:RED its readers alone find it in the feed."""
    words: dict[str, Any] = {}
    if labels.carries_text(copy):
        next_at = copy.next_update_at
        words = {
            "kind": copy.kind,
            "text": copy.body,
            "next_update_at": next_at and _stamp(next_at),
        }
    data = _data(copy.involvement, tlp=copy.tlp, **words)
    event = _event(EventType.NOTICE, copy.involvement, data, at=at)
    event.tlp, event.reader_ids = copy.tlp, copy.reader_ids
    _write([event], incident, at=at)


def moved(incident: Incident, involvements: Iterable[Involvement], *, at: datetime) -> None:
    """Every partner that sees the incident sees the phase that it is in now."""
    events = [
        _event(EventType.PHASE, row, _data(row, phase=row.phase), at=at)
        for row in involvements
        if row.disclosed_at is not None
    ]
    _write(events, incident, at=at)


def asked(incident: Incident, request: Request, *, at: datetime) -> None:
    """The partner is asked for something."""
    data = _data(request.involvement)
    data |= {"request": request.reference, "due_at": _stamp(request.due_at)}
    data["link"] = f"{settings.SITE_URL}/portal/requests/{request.reference}/"
    _write([_event(EventType.REQUEST, request.involvement, data, at=at)], incident, at=at)


def _words(incident: Incident, involvement: Involvement) -> dict[str, Any]:
    if not labels.may_carry(incident.tlp, involvement.partner):
        return {}
    return {"title": involvement.heading, "severity": involvement.severity}


def _data(involvement: Involvement, **more: Any) -> dict[str, Any]:
    reference = involvement.reference
    return {
        "reference": reference,
        "link": f"{settings.SITE_URL}/portal/incidents/{reference}/",
        "is_exercise": involvement.is_exercise,
        **more,
    }


def _event(
    kind: EventType, involvement: Involvement, data: dict[str, Any], *, at: datetime
) -> PartnerEvent:
    return PartnerEvent(
        partner_id=involvement.partner_id,
        involvement=involvement,
        kind=kind,
        data=data,
        at=at,
    )


def _write(events: list[PartnerEvent], incident: Incident, *, at: datetime) -> None:
    """Number and store them, one a partner; the numbers are taken last, since others wait."""
    if not events:
        return
    numbers = directory.next_event_numbers([event.partner_id for event in events])
    for event in events:
        event.number = numbers[event.partner_id]
    PartnerEvent.objects.bulk_create(events)
    deliveries.tell(
        (
            deliveries.Told(
                event.partner_id,
                event.event_id,
                event.kind,
                event.data["reference"],
                event.entry,
                incident.about,
                None if event.kind == EventType.REQUEST else event.involvement.severity,
            )
            for event in events
        ),
        at=at,
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
