"""Plain JSON of any shape, read by an expression for each field that the source carries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cases.intake import expressions
from cases.intake.expressions import Reader, written
from cases.intake.signal import Action, Signal, moment, text, urgency
from incidentdesk.kernel.errors import InvalidInput

MOST_ALERTS = 1000  # in one body
MOST_FIELDS = 50  # of an alert that are kept as labels
WORDS = 500  # characters of a list of words


@dataclass(frozen=True)
class Field:
    """One thing that is read of an alert: what it is called, and what it is for."""

    label: str
    help: str
    is_words: bool = False  # words with commas between them, and no expression


FIELDS = {
    "alerts": Field("Alerts", "The list of alerts in one body. Empty: the body is one alert."),
    "key": Field("Key", "What is the same for every message about one alert."),
    "group": Field("Group", "Alerts of one group share an incident. Empty: the key."),
    "title": Field("Title", "What is wrong, in a line."),
    "body": Field("Text", "What else is said of it."),
    "action": Field("Action", "A word that says whether it fires, is acknowledged, or is over."),
    "clears": Field("Words that clear", "With commas; any other word fires.", is_words=True),
    "notes": Field("Words that acknowledge", "With commas.", is_words=True),
    "severity": Field("Severity", "A word such as critical, warning, P3; it sets the urgency."),
    "component": Field("Component", "What it is about; kept as the label “component”."),
    "partner": Field("Partner", "Whom it concerns; kept as the label “partner”."),
    "time": Field("Time", "When it began: RFC 3339, or seconds since 1970."),
}
NEEDED = ("title",)
_URGENCY = {
    "p1": 3,
    "p2": 3,
    "p3": 2,
    "p4": 1,
    "p5": 1,
    "disaster": 3,
    "high": 3,
    "fatal": 3,
    "down": 3,
    "unreachable": 3,
    "average": 2,
    "medium": 2,
    "unknown": 2,
    "low": 1,
    "information": 1,
    "not classified": 1,
}


def wrongs(given: Mapping[str, str]) -> dict[str, str]:
    """Field → the sentence that says what is wrong with what it was given."""
    found = {}
    for name, field in FIELDS.items():
        said = given.get(name, "").strip()
        if name in NEEDED and not said:
            found[name] = f"{field.label} is needed; an incident is called by it."
        elif field.is_words and len(said) > WORDS:
            found[name] = f"These are more than {WORDS} characters; leave some out."
        elif said and not field.is_words:
            try:
                expressions.compiled(said)
            except InvalidInput as error:
                found[name] = str(error)
    return found


def parse(payload: Any, given: Mapping[str, str]) -> list[Signal]:
    """The signals in a body, of one alert the last; InvalidInput says what cannot be read, and by
    which expression."""
    reader = Reader()
    found = [
        _signal(_values(alert, given, reader), alert) for alert in alerts(payload, given, reader)
    ]
    return list({signal.key: signal for signal in found}.values())


def alerts(payload: Any, given: Mapping[str, str], reader: Reader) -> list[Any]:
    """The alerts in a body: the list that is said to hold them, or the body itself."""
    if expressions.is_deep(payload):
        raise InvalidInput("The body is nested too deeply.")
    found = reader.value(given["alerts"], payload) if given.get("alerts") else None
    if found is None:
        return [payload]
    if not isinstance(found, list):
        raise InvalidInput("The expression of the alerts has to give a list.")
    if len(found) > MOST_ALERTS:
        raise InvalidInput(f"The body has more than {MOST_ALERTS:,} alerts; send fewer at once.")
    if not found:
        raise InvalidInput("The list of alerts is empty.")
    return found


def value(name: str, alert: Any, given: Mapping[str, str], reader: Reader) -> str:
    """What the expression of one field gives for an alert, as text."""
    said, field = given.get(name, ""), FIELDS[name]
    if not said or field.is_words:
        return said
    found = reader.value(said, alert)
    if isinstance(found, dict | list):
        raise InvalidInput(
            f"The expression of “{field.label}” gives a list or an object; "
            "it has to give a text or a number."
        )
    return text(written(found), 8000).strip()


def _values(alert: Any, given: Mapping[str, str], reader: Reader) -> dict[str, str]:
    return {name: value(name, alert, given, reader) for name in FIELDS if name != "alerts"}


def _signal(read: Mapping[str, str], alert: Any) -> Signal:
    action = action_of(read)
    key = read["key"]
    if not key and action != Action.FIRE:
        raise InvalidInput("The expression of the key gives nothing, so nothing can be cleared.")
    if action == Action.FIRE and not read["title"]:
        raise InvalidInput("The expression of the title gives nothing for this body.")
    key = key or hashlib.sha256(json.dumps(alert, sort_keys=True).encode()).hexdigest()
    severity = read["severity"]
    return Signal(
        action=action,
        key=_short(key),
        group=_short(read["group"] or key),
        title=read["title"][:200],
        body=read["body"],
        urgency=_URGENCY.get(severity.lower()) or urgency(severity),
        started_at=time_of(read["time"]),
        labels=_labels(alert) | {n: read[n] for n in ("component", "partner") if read[n]},
    )


def action_of(read: Mapping[str, str]) -> Action:
    """What the word of the action asks for."""
    word = read["action"].lower()
    if word in _words(read["clears"]):
        return Action.RESOLVE
    return Action.NOTE if word in _words(read["notes"]) else Action.FIRE


def time_of(said: str) -> datetime | None:
    """RFC 3339, or seconds since 1970; anything else is unknown."""
    seconds = said.partition(".")[0]
    if seconds.isascii() and seconds.isdecimal() and 0 < len(seconds) <= 10:
        return datetime.fromtimestamp(int(seconds), UTC)
    return moment(said)


def _words(said: str) -> set[str]:
    return {word.strip().lower() for word in said.split(",")} - {""}


def _short(key: str) -> str:
    """A key that the column takes; long ones by their digest."""
    return key if len(key) <= 500 else hashlib.sha256(key.encode()).hexdigest()


def _labels(alert: Any) -> dict[str, str]:
    """The plain fields of an alert."""
    plain = [
        (name, value)
        for name, value in (alert.items() if isinstance(alert, dict) else ())
        if value not in (None, "") and not isinstance(value, dict | list)
    ]
    return {text(n, 200): text(written(v), 500) for n, v in plain[:MOST_FIELDS]}
