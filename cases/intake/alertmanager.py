"""Prometheus Alertmanager's webhook, version 4. One alert is its fingerprint, one incident its
groupKey. `startsAt` may change on resolve and `endsAt` is the year 1 while firing, so neither
identifies anything."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cases.intake.signal import Action, Signal, mapping, moment, text, urgency
from incidentdesk.kernel.errors import InvalidInput

_UNSAID = ("alertname", "severity")  # shown beside the title, not in it


def parse(payload: Any) -> list[Signal]:
    """The signals of one webhook call; InvalidInput says what cannot be read."""
    call = mapping(payload, "The body")
    alerts = call.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise InvalidInput("The body has no list “alerts”; is this Alertmanager's webhook?")
    group = text(call.get("groupKey"), 4000)
    return [_signal(mapping(alert, "Each alert"), group) for alert in alerts]


def _signal(alert: dict[str, Any], group: str) -> Signal:
    labels = _texts(alert.get("labels"))
    notes = _texts(alert.get("annotations"))
    status = alert.get("status")
    if status not in ("firing", "resolved"):
        raise InvalidInput("Each alert needs the status “firing” or “resolved”.")
    key = text(alert.get("fingerprint"), 512) or _digest(labels)
    title = notes.get("summary", "").strip() or notes.get("title", "").strip() or _name(labels)
    return Signal(
        action=Action.FIRE if status == "firing" else Action.RESOLVE,
        key=key,
        group=group if 0 < len(group) <= 500 else _digest({"group": group or key}),
        title=title[:200],
        body=notes.get("description", ""),
        urgency=urgency(labels.get("severity", "")),
        started_at=moment(alert.get("startsAt")),
        labels=labels,
    )


def _texts(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    found = mapping(value, "Each set of labels or annotations")
    return {text(name, 200): text(content, 2000) for name, content in found.items()}


def _name(labels: dict[str, str]) -> str:
    """`QuoteStale{region="eu"}`, as Prometheus writes it."""
    rest = ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k not in _UNSAID)
    name = labels.get("alertname", "").strip() or "Alert"
    return f"{name}{{{rest}}}" if rest else name


def _digest(labels: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()
