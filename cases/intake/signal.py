"""The one shape into which every parser turns what a source sent. Pure; it knows no database."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.utils.dateparse import parse_datetime

from incidentdesk.kernel.errors import InvalidInput


class Action(StrEnum):
    """What a signal asks for."""

    FIRE = "fire"
    NOTE = "note"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Signal:
    """One alert as a source tells it. `key` is one alert, `group` is one incident.

    `is_hinted` says that a label mapping, and not the source, made it as urgent as it is.
    """

    action: Action
    key: str
    group: str
    title: str
    body: str = ""
    urgency: int = 2
    started_at: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    is_hinted: bool = False
    category: tuple[int, str] | None = None  # id and key, where it knows better than its source
    systems: tuple[int, ...] = ()  # the ids of those that it is known to concern,
    partners: tuple[int, ...] = ()  # besides what label mappings make of its labels
    detection: str = "alert"  # how it was found: one of Incident.Detection


def kept(signal: Signal) -> dict[str, Any]:
    """The signal as JSON, to be read again by `restored`."""
    started = signal.started_at.isoformat() if signal.started_at else None
    return asdict(signal) | {"started_at": started}


def restored(one: Any) -> Signal:
    """The signal that `kept` wrote."""
    known = mapping(one, "Each signal")
    try:
        known = {
            **known,
            "action": Action(known["action"]),
            "started_at": moment(known["started_at"]),
        }
        return Signal(**known)
    except (KeyError, ValueError, TypeError):
        raise InvalidInput("A signal is not as the desk writes it.") from None


def text(value: Any, limit: int) -> str:
    """A value as text that PostgreSQL can hold: no NUL, no lone surrogate, not too long."""
    plain = "" if value is None else str(value)
    return plain.replace("\x00", "").encode("utf-8", "replace").decode()[:limit]


def mapping(value: Any, what: str) -> dict[str, Any]:
    """`value` as an object, or a sentence that says which part is not one."""
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} has to be a JSON object.")
    return value


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time with its zone, in UTC, since PostgreSQL takes no offset of 16 hours or more;
    anything else, and the year 1 of Alertmanager, is unknown."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    # Years that a zone could push out of the calendar would be stored and never read again.
    if found is None or found.tzinfo is None or not 1970 <= found.year < 9999:
        return None
    return found.astimezone(UTC)


# A severity hint never sets impact: it maps to a starting urgency (U3 now, U2 today, U1 later).
_URGENCY = {
    "critical": 3,
    "page": 3,
    "emergency": 3,
    "error": 2,
    "warning": 2,
    "info": 1,
    "none": 1,
}


def urgency(hint: Any) -> int:
    """The starting urgency for a source's severity word; unknown words are U2."""
    return _URGENCY.get(hint.strip().lower(), 2) if isinstance(hint, str) else 2
