"""The times of an incident: the one place that writes them, each with who entered it.

What stood there before is kept in `MomentChange`, which is append-only. The caller holds the lock
on the incident and saves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cases.models import Incident, MomentChange
from cases.models.moment import MOMENTS
from cases.regulation import clocks as regulators
from cases.regulation import undecided
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.prepared import Inserted

LABELS = dict(MOMENTS)
_CHANGES = Inserted(MomentChange)
# What cannot come after what, and how that is said.
_ORDER = (
    ("occurred_at", "detected_at", "It cannot have been detected before it occurred"),
    ("detected_at", "aware_at", "We cannot have been aware before it was detected"),
    ("detected_at", "confirmed_at", "It cannot have been confirmed before it was detected"),
    ("occurred_at", "contained_at", "It cannot have been contained before it occurred"),
    ("occurred_at", "recovered_at", "It cannot have recovered before it occurred"),
    ("recovered_at", "resolved_at", "It cannot have been resolved before it recovered"),
)


@dataclass(frozen=True)
class Moment:
    """One time as it stands: who entered it and how often it was changed since."""

    name: str
    value: datetime | None
    entered: MomentChange | None
    times_changed: int

    @property
    def label(self) -> str:
        """How the time is called."""
        return LABELS[self.name]


def put(
    incident: Incident, times: Mapping[str, datetime | None], *, by: Actor, at: datetime
) -> list[MomentChange]:
    """Set these times and note each that changed; answers what changed.

    Regulators' clocks that count from one of them follow.
    """
    changes = []
    for name, value in times.items():
        former: datetime | None = getattr(incident, name)
        if former != value:
            setattr(incident, name, value)
            changes.append(_change(incident, name, former, value, by=by, at=at))
    if not changes:
        return []
    MomentChange.objects.bulk_create(changes)
    if "aware_at" in times:
        incident.classify_at = undecided.next_page(incident.aware_at)
    regulators.follow_all(incident, by=by, at=at)
    return changes


def begin(incident: Incident, *, by: Actor, at: datetime) -> None:
    """Note the times with which an incident opens. What a person tells can have happened; the clock
    of a tool may be wrong, and what it says opens all the same."""
    if not by.is_system:
        future = "This time lies in the future; check it."
        require_happened(incident.occurred_at, at=at, future=future, field="occurred_at")
    known = [name for name, _ in MOMENTS if getattr(incident, name) is not None]
    _CHANGES.add(
        *(_change(incident, name, None, getattr(incident, name), by=by, at=at) for name in known)
    )


def can_have_happened(moment: datetime, *, at: datetime) -> bool:
    """Whether something can have been noticed or begun then: since 1990, and not after `at`."""
    return moment <= at and moment.year >= clocks.EARLIEST


def require_happened(
    moment: datetime | None, *, at: datetime, future: str, field: str = ""
) -> None:
    """Refuse a time at which nothing can have happened; none at all is not known yet.

    `future` is the sentence for one that has not come yet, `field` the argument that is wrong.
    """
    if moment is None or can_have_happened(moment, at=at):
        return
    early = f"Nothing told here happened before {clocks.EARLIEST}; check the year."
    raise InvalidInput(future if moment > at else early, field=field)


def require_order(
    incident: Incident, given: Mapping[str, datetime | None], *, at: datetime
) -> None:
    """Refuse, in words, times that contradict each other, or at which nothing can have happened.

    The refusal is about one of those that were `given` and changed; the others stood there.
    """
    now = of(incident)
    times = now | dict(given)
    for first, then, words in _ORDER:
        before, after = times[first], times[then]
        if before and after and after < before:
            wrong = first if times[then] == now[then] else then
            raise InvalidInput(f"{words}; check the two times.", field=wrong)
    future = "A time lies in the future; check the times."
    for name, value in times.items():
        if value != now[name] or (value and value > at):
            require_happened(value, at=at, future=future, field=name)


def of(incident: Incident) -> dict[str, datetime | None]:
    """All seven times of an incident."""
    return {name: getattr(incident, name) for name, _ in MOMENTS}


def current(incident: Incident) -> list[Moment]:
    """The seven times in order, each with who entered it last. One query."""
    changes: dict[str, list[MomentChange]] = {}
    for change in incident.moment_changes.all():
        changes.setdefault(change.name, []).append(change)
    return [
        Moment(name, value, (found := changes.get(name, [None]))[-1], len(found) - 1)
        for name, value in of(incident).items()
    ]


def _change(
    incident: Incident,
    name: str,
    former: datetime | None,
    value: datetime | None,
    *,
    by: Actor,
    at: datetime,
) -> MomentChange:
    return MomentChange(
        incident=incident,
        name=name,
        former=former,
        value=value,
        at=at,
        actor=by.name,
        user_id=by.user_id,
    )
