"""PagerDuty's Events API v2: trigger, acknowledge, resolve. For tools with a settable address."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cases.intake.signal import Action, Signal, mapping, moment, text, urgency
from incidentdesk.kernel.errors import InvalidInput

_ACTIONS = {
    "trigger": Action.FIRE,
    "acknowledge": Action.NOTE,
    "resolve": Action.RESOLVE,
}


def routing_key(payload: Any) -> str:
    """The source's key, or '' where there is none."""
    key = payload.get("routing_key") if isinstance(payload, dict) else None
    return text(key, 500) if isinstance(key, str) else ""


def parse(payload: Any) -> list[Signal]:
    """The one signal of an event. A trigger without a dedup_key gets one, each copy the same."""
    event = mapping(payload, "The body")
    action = _ACTIONS.get(str(event.get("event_action")))
    if action is None:
        raise InvalidInput("event_action has to be trigger, acknowledge or resolve.")
    key = text(event.get("dedup_key"), 256)
    if len(key) > 255:
        raise InvalidInput("dedup_key has more than 255 characters.")
    if not key and action != Action.FIRE:
        raise InvalidInput("dedup_key is needed to acknowledge or resolve.")
    detail = event.get("payload")
    if action != Action.FIRE and not isinstance(detail, dict):
        detail = {}
    detail = mapping(detail, "payload")
    title = text(detail.get("summary"), 1024).strip()
    if action == Action.FIRE and not title:
        raise InvalidInput("payload.summary is needed to trigger; say what is wrong.")
    key = key or hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
    labels = {
        name: text(detail.get(name), 500)
        for name in ("source", "severity", "component", "group", "class")
        if detail.get(name)
    }
    return [
        Signal(
            action=action,
            key=key,
            group=key,
            title=title[:200],
            body=_body(detail),
            urgency=urgency(detail.get("severity")),
            started_at=moment(detail.get("timestamp")),
            labels=labels,
        )
    ]


def _body(detail: dict[str, Any]) -> str:
    """Details as lines a person can read."""
    custom = detail.get("custom_details")
    if isinstance(custom, dict):
        return "\n".join(f"{text(k, 200)}: {text(v, 2000)}" for k, v in custom.items())[:8000]
    return text(custom, 8000)
