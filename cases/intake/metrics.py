"""Figures as JSON lines, `{"metric", "value", "at", "labels"}`: text in, figures and bad lines out.

`of` may stand beside `value` and makes a ratio of it: so many of so many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cases.intake import lines
from cases.intake.signal import mapping, moment, text
from incidentdesk.kernel.errors import InvalidInput

LARGEST = 1e150  # what the detector can sum
MOST_LABELS, LONGEST_LABEL, LONGEST_METRIC = 20, 200, 200
AHEAD = timedelta(minutes=5)  # by how much a clock over there may be wrong
KEPT = timedelta(days=35)  # figures older than that are not stored, or not any more


@dataclass(frozen=True)
class Figure:
    """One figure of a series; `tries` is what it is so many of, of a ratio."""

    metric: str
    value: float
    at: datetime
    labels: dict[str, str] = field(default_factory=dict)
    tries: float | None = None
    line: int = 1


def parse(raw: str, *, at: datetime) -> tuple[list[Figure], list[lines.Bad]]:
    """The figures of a body, and the lines that are none. InvalidInput if it holds nothing."""
    return lines.parse(raw, lambda known, line: _figure(known, line, at))


def _figure(known: dict[str, Any], line: int, at: datetime) -> Figure:
    metric = known.get("metric")
    if not isinstance(metric, str) or not metric.strip() or len(metric) > LONGEST_METRIC:
        raise InvalidInput(f"metric has to be a name of at most {LONGEST_METRIC} characters.")
    value = _number(known.get("value"), "value")
    tries = None if known.get("of") is None else _number(known["of"], "of")
    if tries is not None and not 0 <= value <= tries:
        raise InvalidInput("value has to lie between 0 and of: it is so many of so many.")
    return Figure(
        metric=text(metric, LONGEST_METRIC).strip(),
        value=value,
        at=_moment(known.get("at"), at),
        labels=_labels(known.get("labels")),
        tries=tries,
        line=line,
    )


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{name} has to be a number.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) < LARGEST:  # nor is it, of what is not a number
        raise InvalidInput(f"{name} is not a figure that can be watched.")
    return number


def _moment(value: Any, now: datetime) -> datetime:
    found = moment(value)
    if found is None and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            found = datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            found = None
    if found is None:
        raise InvalidInput(
            "at has to be a time with its zone, like 2026-03-04T09:41:00Z, or seconds since 1970."
        )
    if found > now + AHEAD:
        raise InvalidInput("at lies in the future; check the clock over there.")
    if found < now - KEPT:
        raise InvalidInput(f"at lies more than {KEPT.days} days back; figures are kept so long.")
    return found


def _labels(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    found = mapping(value, "labels")
    if len(found) > MOST_LABELS:
        raise InvalidInput(f"A series has at most {MOST_LABELS} labels.")
    if not all(isinstance(one, str | int | float) for one in found.values()):
        raise InvalidInput("Each label has to be a word or a number.")
    if any(len(str(part)) > LONGEST_LABEL for pair in found.items() for part in pair):
        raise InvalidInput(f"A label and its value have at most {LONGEST_LABEL} characters each.")
    return {text(name, LONGEST_LABEL): text(one, LONGEST_LABEL) for name, one in found.items()}
