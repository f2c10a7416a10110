"""A report line by line, for people: number, name, and what stands there in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.regulation import its


@dataclass(frozen=True)
class Line:
    """One field that is known."""

    number: str
    name: str
    value: str


_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # as the schema has times
WHOSE = {its.DESK: "we have still to say", its.PARTNER: "yours to add"}


def known(stage: str, report: Mapping[str, Any]) -> list[Line]:
    """What a report of this stage holds, in the order of the form."""
    if not report:
        return []
    return [Line(one.number, one.name, words(value)) for one, value in its.known(stage, report)]


def words(value: Any) -> str:
    """A value of the report as a page says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(words(one) for one in value)
    if isinstance(value, Mapping):
        return words(value.get("classificationCriterion", ""))
    if isinstance(value, int | float):
        return f"{value:,}"
    text = str(value)
    if _STAMP.fullmatch(text):
        return f"{datetime.fromisoformat(text):%-d %b %Y %H:%M:%S} UTC"
    return text.replace("_", " ") if text.islower() and " " not in text else text
