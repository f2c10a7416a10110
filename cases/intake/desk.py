"""What the desk tells itself: anomalies of series, as alerts. Written here and read here, so that
one that could not be opened at once is read again from its stored delivery. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from cases.intake.signal import Action, Signal, mapping, moment
from incidentdesk.kernel.errors import InvalidInput


def written(signals: Iterable[Signal]) -> str:
    """The signals as a delivery."""
    return json.dumps({"signals": [asdict(one) for one in signals]}, default=_as_json)


def parse(payload: Any) -> list[Signal]:
    """The signals of a delivery."""
    found = mapping(payload, "The body").get("signals")
    if not isinstance(found, list):
        raise InvalidInput("The body has no signals.")
    return [_signal(mapping(one, "Each signal")) for one in found]


def _signal(one: dict[str, Any]) -> Signal:
    try:
        known = {**one, "action": Action(one["action"]), "started_at": moment(one["started_at"])}
        return Signal(**known)
    except (KeyError, ValueError, TypeError):
        raise InvalidInput("A signal is not as the desk writes it.") from None


def _as_json(value: Any) -> str:
    return str(value.isoformat())
