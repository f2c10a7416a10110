"""JSON lines of `POST /intake/<key>/access`, and what each of them tells.

One object a line: `{"actor", "action", "outcome", "ip", "at"}`; also `privileged`, `partner` (the
key is this partner's) and `id` (the sender's own name for the line). A line without one is known by
the digest of the whole body and its number, so that the body sent again tells nothing new, and
another body does, though it says the same. What else a line holds is kept within bounds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cases.access import stored, told
from cases.access.told import Told
from cases.intake import lines
from cases.intake.signal import moment, text
from cases.models import Source
from incidentdesk.kernel.errors import InvalidInput

MOST_FIELDS, LONGEST_NAME, LONGEST_VALUE = 20, 60, 300
_OUTCOMES = {
    **dict.fromkeys(("success", "succeeded", "ok", "accepted", "allowed"), told.SUCCESS),
    **dict.fromkeys(("failure", "failed", "denied", "refused", "error"), told.FAILURE),
    **dict.fromkeys(("barred", "disabled", "locked", "revoked", "expired"), told.BARRED),
}
_KNOWN = {"actor", "action", "outcome", "ip", "at", "privileged", "partner", "id"}
_SECRET = ("password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "apikey")
MASK = "…"


def parse(raw: str, *, at: datetime | None = None) -> tuple[list[Told], list[lines.Bad]]:
    """The events of a body, and the lines that are none. InvalidInput if it holds nothing.

    They may be of any time, so that `at`, when it came, is of no account.
    """
    body = hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()
    return lines.parse(raw, lambda said, line: _event(said, f"{body}:{line}"))


def _event(said: dict[str, Any], place: str) -> Told:
    at = moment(said.get("at"))
    if at is None:
        raise InvalidInput("at has to be a time with its zone, like 2026-03-04T09:41:00Z.")
    action = text(said.get("action"), 80).strip()
    if not action:
        raise InvalidInput("action has to say what was done, for instance login.")
    outcome = _OUTCOMES.get(text(said.get("outcome"), 20).strip().lower())
    if outcome is None:
        raise InvalidInput("outcome has to be success, failure or barred.")
    partner = text(said.get("partner"), 80).strip()
    return Told(
        at=at,
        action=action,
        outcome=outcome,
        actor=text(said.get("actor"), 200).strip(),
        address=_address(said.get("ip")),
        is_privileged=said.get("privileged") is True,
        is_key=bool(partner),
        detail=_rest(said) | ({"partner": partner} if partner else {}),
        id=text(said.get("id"), 200).strip() or place,
    )


def _address(value: Any) -> str | None:
    try:
        return told.address_of(value)
    except ValueError:
        raise InvalidInput("ip has to be an IPv4 or IPv6 address, or be left out.") from None


def _rest(said: dict[str, Any]) -> dict[str, str]:
    """What else was told: so many fields, each so long, and no secret."""
    names = [name for name in said if name not in _KNOWN][:MOST_FIELDS]
    return {text(name, LONGEST_NAME): _value(name, said[name]) for name in names}


def _value(name: str, value: Any) -> str:
    if any(word in name.lower() for word in _SECRET):
        return MASK
    try:
        plain = value if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        plain = MASK
    return text(plain, LONGEST_VALUE)


def store(source: Source, events: Sequence[Told], *, at: datetime) -> lines.Stored:
    """Store what is not there yet, to be judged after the commit."""
    count = stored.store(source, [stored.Line(one) for one in events], at=at)
    return lines.Stored(count, len(events) - count)
