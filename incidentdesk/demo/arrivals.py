"""How incidents of the demo begin: alerts as sources send them, reports of partners, people."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

from cases import workflow
from cases.intake import alerts, formats, reports
from cases.models import Incident, Source
from incidentdesk.kernel.access import Actor

_WORDS = {3: "critical", 2: "warning", 1: "info"}
_SEEN_BY = {
    "staff": (Incident.Detection.STAFF, "{}"),
    "log": (Incident.Detection.LOG, "access log, read by {}"),
    "anomaly": (Incident.Detection.ANOMALY, "order-flow figures, seen by {}"),
}
FORMATS = {"alert": Source.Format.ALERTMANAGER, "pager": Source.Format.PAGERDUTY}


def deliver(
    source: Source, title: str, *, system: str, urgency: int, firing: bool, at: datetime
) -> int | None:
    """One delivery, parsed and handled as if it had come in; answers its incident."""
    make = _alertmanager if source.format == Source.Format.ALERTMANAGER else _pagerduty
    raw = json.dumps(make(title, system, _WORDS[urgency], firing, at))
    signals = formats.read(source.format, raw)
    receipt = alerts.receive(source=source, raw=raw, signals=signals, at=at)
    if receipt.status == "accepted":
        raise RuntimeError(f"The alert “{title}” of the demo could not be handled.")
    return receipt.incident_id


def notice(
    title: str, by: Actor, *, seen: str, axes: tuple[int, int, int], at: datetime
) -> Incident:
    """A person saw it: on a screen, in a log, in the figures."""
    detection, words = _SEEN_BY[seen]
    opening = workflow.Opening(
        title=title,
        detection=detection,
        detected_by=words.format(by.name),
        detected_at=at,
        impact=axes[0],
        scope=axes[1],
        urgency=axes[2],
    )
    return workflow.open_incident(opening=opening, by=by, at=at)


def report(title: str, by: Actor, *, category_id: int | None = None, at: datetime) -> int:
    """A partner reports; answers the report."""
    made = reports.report(
        title=title,
        description=f"{title}. We see this on our side since a few minutes; please look into it.",
        happened_at=at - timedelta(minutes=9),
        noticed_at=at - timedelta(minutes=4),
        category_id=category_id,
        by=by,
        at=at,
    )
    return made.pk


def _alertmanager(
    title: str, system: str, severity: str, firing: bool, at: datetime
) -> dict[str, object]:
    name = "".join(word.capitalize() for word in title.split() if word.isalpha())[:40]
    labels = {"alertname": name, "system": system, "severity": severity}
    alert = {
        "status": "firing" if firing else "resolved",
        "labels": labels,
        "annotations": {
            "summary": title,
            "description": f"{title}: {system} has been out of its band for a minute.",
        },
        "startsAt": (at - timedelta(seconds=60)).astimezone(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if firing else at.astimezone(UTC).isoformat(),
        "fingerprint": _key(title)[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "status": alert["status"],
        "receiver": "incident-desk",
        "alerts": [alert],
    }


def _pagerduty(
    title: str, system: str, severity: str, firing: bool, at: datetime
) -> dict[str, object]:
    event: dict[str, object] = {
        "routing_key": "demo-pagerduty",
        "event_action": "trigger" if firing else "resolve",
        "dedup_key": _key(title)[:24],
    }
    if firing:
        event["payload"] = {
            "summary": title,
            "source": system,
            "severity": severity,
            "timestamp": (at - timedelta(seconds=20)).astimezone(UTC).isoformat(),
        }
    return event


def _key(title: str) -> str:
    return hashlib.sha256(title.encode()).hexdigest()
