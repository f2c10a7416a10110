"""What the desk tells itself: anomalies of series, as alerts. Written here and read here, so that
one that could not be opened at once is read again from its stored delivery. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cases.intake.signal import Signal, kept, mapping, restored
from incidentdesk.kernel.errors import InvalidInput


def written(signals: Iterable[Signal]) -> str:
    """The signals as a delivery."""
    return json.dumps({"signals": [kept(one) for one in signals]})


def parse(payload: Any) -> list[Signal]:
    """The signals of a delivery."""
    found = mapping(payload, "The body").get("signals")
    if not isinstance(found, list):
        raise InvalidInput("The body has no signals.")
    return [restored(one) for one in found]
