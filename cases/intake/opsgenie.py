"""Opsgenie's Alert API v2: create, acknowledge, close. For tools with a settable address.

The action and the alias stand in the address; `whole` puts them beside the body, so that what is
stored can be read again.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cases.intake.signal import Action, Signal, mapping, moment, text
from incidentdesk.kernel.errors import InvalidInput

ACTIONS = {"create": Action.FIRE, "acknowledge": Action.NOTE, "close": Action.RESOLVE}
_URGENCY = {"P1": 3, "P2": 3, "P3": 2, "P4": 1, "P5": 1}
_SAID = ("source", "entity", "priority", "user")


def key_of(authorization: str) -> str:
    """The source's key out of `Authorization: GenieKey <key>`; '' where there is none."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "geniekey" else ""


def whole(body: str, *, action: str, alias: str = "") -> str:
    """The request in one: `{"action", "alias", "alert"}`. A close may come without a body; what
    cannot be read stays as it came, and is refused as such."""
    try:
        alert = json.loads(body) if body.strip() else {}
        return json.dumps({"action": action, "alias": alias, "alert": alert})
    except (ValueError, RecursionError):
        return body


def parse(payload: Any) -> list[Signal]:
    """The one signal of a request."""
    request = mapping(payload, "The request")
    alert = mapping(request.get("alert"), "The body")
    action = ACTIONS.get(str(request.get("action")))
    if action is None:
        raise InvalidInput("The action has to be create, acknowledge or close.")
    key = text(request.get("alias") or alert.get("alias"), 513)
    if len(key) > 512:
        raise InvalidInput("alias has more than 512 characters.")
    if action != Action.FIRE:
        return [Signal(action=action, key=key, group=key, title="")]
    title = text(alert.get("message"), 1024).strip()
    if not title:
        raise InvalidInput("message is needed to create an alert; say what is wrong.")
    key = key or hashlib.sha256(json.dumps(alert, sort_keys=True).encode()).hexdigest()
    return [
        Signal(
            action=action,
            key=key,
            group=key,
            title=title[:200],
            body=text(alert.get("description"), 15_000),
            urgency=_URGENCY.get(str(alert.get("priority", "P3")).upper(), 2),
            started_at=moment(alert.get("createdAt")),
            labels=_labels(alert),
        )
    ]


def _labels(alert: dict[str, Any]) -> dict[str, str]:
    details = mapping(alert.get("details") or {}, "details")
    tags = alert.get("tags")
    found = {text(name, 200): text(value, 2000) for name, value in details.items()}
    found |= {name: text(alert[name], 500) for name in _SAID if alert.get(name)}
    if isinstance(tags, list) and tags:
        found["tags"] = ", ".join(text(tag, 100) for tag in tags[:50])
    return found
