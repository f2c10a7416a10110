"""The times of an incident as its page and their history show them: when, and who entered it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cases import moments as entered
from cases.admin.page.moments import short
from cases.models import Incident, MomentChange

FREE = ("occurred_at", "aware_at")  # the others are entered by what happens


@dataclass(frozen=True)
class Fact:
    """A time that is known, in words; `by` is who entered it, and how often it was changed."""

    label: str
    at: str
    by: str


@dataclass(frozen=True)
class Change:
    """One change of a time, in words."""

    at: str
    actor: str
    former: str
    value: str


@dataclass(frozen=True)
class History:
    """One of the seven times with its changes, the newest first."""

    name: str
    label: str
    value: str
    changes: list[Change]
    way: str  # what the link to the dialog says; "" where the time is entered elsewhere


def facts(incident: Incident, now: datetime) -> list[Fact]:
    """The times that are known, in order, and who acknowledged. One query."""
    found = [
        Fact(moment.label, short(moment.value, now), _by(moment))
        for moment in entered.current(incident)
        if moment.value
    ]
    if incident.acknowledged_at:
        acknowledged = short(incident.acknowledged_at, now)
        fact = Fact("Acknowledged", acknowledged, str(incident.acknowledged_by or ""))
        place = next((n for n, one in enumerate(found) if one.label == "Confirmed"), len(found))
        known = [one for one in found if one.label in ("Occurred", "Detected", "Aware")]
        found.insert(min(place, len(known)), fact)
    return found


def history(incident: Incident, now: datetime) -> list[History]:
    """Every time with all of its changes. One query."""
    changes: dict[str, list[MomentChange]] = {}
    for change in incident.moment_changes.order_by("-id"):
        changes.setdefault(change.name, []).append(change)
    return [
        History(
            name,
            entered.LABELS[name],
            _when(value, now),
            [
                Change(short(c.at, now), c.actor, _when(c.former, now), _when(c.value, now))
                for c in changes.get(name, [])
            ],
            "Correct" if value else "Enter" if name in FREE else "",
        )
        for name, value in entered.of(incident).items()
    ]


def _by(moment: entered.Moment) -> str:
    if moment.entered is None:
        return ""
    again = f", changed {moment.times_changed}×" if moment.times_changed else ""
    return f"{moment.entered.actor}{again}"


def _when(value: datetime | None, now: datetime) -> str:
    return short(value, now) if value else "—"
