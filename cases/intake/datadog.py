"""Datadog's webhooks, with the payload that `TEMPLATE` is: Datadog has none of its own.

Datadog puts values in the place of `$NAMES`; one that it does not know stays as it stands, which
is read as nothing. An alert is its cycle, from its trigger to its recovery; an incident its
monitor.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cases.intake.signal import Action, Signal, mapping, text
from incidentdesk.kernel.errors import InvalidInput

TEMPLATE = {
    "id": "$ALERT_ID",
    "cycle": "$ALERT_CYCLE_KEY",
    "transition": "$ALERT_TRANSITION",
    "priority": "$ALERT_PRIORITY",
    "type": "$ALERT_TYPE",
    "title": "$ALERT_TITLE",
    "text": "$TEXT_ONLY_MSG",
    "scope": "$ALERT_SCOPE",
    "metric": "$ALERT_METRIC",
    "host": "$HOSTNAME",
    "tags": "$TAGS",
    "link": "$LINK",
    "at": "$DATE_POSIX",
}
_URGENCY = {"P1": 3, "P2": 3, "P3": 2, "P4": 1, "P5": 1, "error": 2, "warning": 2, "info": 1}
_SAID = ("scope", "metric", "host", "tags", "link", "priority", "type")


def template() -> str:
    """What to paste into Datadog's field “Payload”."""
    return json.dumps(TEMPLATE, indent=2)


def parse(payload: Any) -> list[Signal]:
    """The one signal of a call."""
    call = mapping(payload, "The body")
    said = {name: _said(call.get(name)) for name in TEMPLATE}
    key = said["cycle"] or said["id"]
    if not key:
        raise InvalidInput("The body has neither cycle nor id; paste the desk's payload template.")
    is_over = "recovered" in said["transition"].lower()
    if not is_over and not said["title"]:
        raise InvalidInput("The body has no title; paste the desk's payload template.")
    return [
        Signal(
            action=Action.RESOLVE if is_over else Action.FIRE,
            key=key,
            group=said["id"] or key,
            title=said["title"][:200],
            body="\n".join(part for part in (said["text"], said["link"]) if part)[:8000],
            urgency=_URGENCY.get(said["priority"]) or _URGENCY.get(said["type"], 2),
            started_at=_moment(said["at"]),
            labels={name: said[name] for name in _SAID if said[name]},
        )
    ]


def _said(value: Any) -> str:
    found = text(value, 8000).strip()
    return "" if found.startswith("$") and found[1:].replace("_", "").isupper() else found[:500]


def _moment(seconds: str) -> datetime | None:
    """Seconds since 1970, as `$DATE_POSIX` has them."""
    if not seconds.isdecimal() or len(seconds) > 10:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
