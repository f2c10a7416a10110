"""CloudEvents 1.0 over HTTP: structured, batched, and binary, whose attributes are headers.

The type says what an event asks for: one that ends in `.resolved` (or the like) clears, one in
`.acknowledged` notes, every other fires. What it is about is its `subject` within its `source`;
without one each event is an alert of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cases.intake.signal import Action, Signal, mapping, moment, text, urgency
from incidentdesk.kernel.errors import InvalidInput

_CLEARS = ("resolved", "cleared", "closed", "recovered", "ok")
_NOTES = ("acknowledged", "acked")
_TITLES = ("title", "summary", "message")
_NEEDED = ("id", "source", "type", "specversion")
_HEAD = "ce-"


def whole(headers: Mapping[str, str], body: str) -> str:
    """A binary event in the shape of a structured one; the others as they came."""
    attributes = {
        name.lower().removeprefix(_HEAD): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith(_HEAD)
    }
    if not attributes:
        return body
    try:
        data = json.loads(body) if body.strip() else None
        return json.dumps(attributes | {"data": data})
    except (ValueError, RecursionError):
        return json.dumps(attributes | {"data": body})


def parse(payload: Any) -> list[Signal]:
    """The signals of one event or of a batch."""
    events = payload if isinstance(payload, list) else [payload]
    if not events:
        raise InvalidInput("The batch is empty.")
    return [_signal(mapping(event, "Each event")) for event in events]


def _signal(event: dict[str, Any]) -> Signal:
    missing = [name for name in _NEEDED if not isinstance(event.get(name), str) or not event[name]]
    if missing:
        raise InvalidInput(f"Each event needs {', '.join(missing)}; is this a CloudEvent?")
    if not event["specversion"].startswith("1."):
        raise InvalidInput("The desk reads CloudEvents of version 1.")
    kind, subject = text(event["type"], 500), text(event.get("subject"), 500)
    source = text(event["source"], 500)
    data = event.get("data")
    facts: dict[str, Any] = data if isinstance(data, dict) else {}
    key = f"{source} {subject or text(event['id'], 500)}"
    title = next((text(facts[name], 1024) for name in _TITLES if facts.get(name)), "").strip()
    return Signal(
        action=_action(kind),
        key=_short(key),
        group=_short(key),
        title=(title or f"{kind}: {subject or source}")[:200],
        body=text(facts.get("description"), 8000) or _as_lines(data),
        urgency=urgency(facts.get("severity") or event.get("severity")),
        started_at=moment(event.get("time")),
        labels=_labels(event),
    )


def _action(kind: str) -> Action:
    last = kind.lower().replace("/", ".").replace("_", ".").split(".")[-1]
    return Action.RESOLVE if last in _CLEARS else Action.NOTE if last in _NOTES else Action.FIRE


def _short(key: str) -> str:
    """A key that the column takes; long ones by their digest."""
    return key if len(key) <= 500 else hashlib.sha256(key.encode()).hexdigest()


def _labels(event: dict[str, Any]) -> dict[str, str]:
    return {
        text(name, 200): text(value, 2000)
        for name, value in event.items()
        if name not in ("data", "data_base64") and not isinstance(value, dict | list)
    }


def _as_lines(data: Any) -> str:
    if isinstance(data, dict):
        return "\n".join(f"{text(k, 200)}: {text(v, 2000)}" for k, v in data.items())[:8000]
    return text(data, 8000)
