"""Heartbeats as deliveries: what the desk notes when a beat is missing, fails, or comes back.

One source is one alert, so that a run that fails and then goes missing stays one incident.
"""

from __future__ import annotations

from typing import Any

from cases.intake.signal import Action, Signal, mapping, text
from incidentdesk.kernel.errors import InvalidInput

KEY = "beat"
MISSED, FAILED, WELL = "missed", "failed", "well"
_TITLES = {MISSED: "{} did not call in", FAILED: "{} says that it failed"}


def parse(payload: Any) -> list[Signal]:
    """The one signal of a noted beat."""
    noted = mapping(payload, "The body")
    kind = noted.get("beat")
    if kind == WELL:
        return [Signal(action=Action.RESOLVE, key=KEY, group=KEY, title="")]
    if kind not in _TITLES:
        raise InvalidInput("beat has to be missed, failed or well.")
    name = text(noted.get("name"), 100) or "The source"
    return [
        Signal(
            action=Action.FIRE,
            key=KEY,
            group=KEY,
            title=_TITLES[kind].format(name)[:200],
            body=text(noted.get("said"), 8000),
            labels={"beat": kind},
        )
    ]
