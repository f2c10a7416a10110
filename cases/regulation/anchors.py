"""The times of a party that its regulators' clocks count from: the one place that writes them.

A party is us (no involvement) or one involved partner. The seven times of an incident are read from
it; a partner may have its own, since it may have become aware later than we did. Who recorded what
and when is kept, in rows that are only added to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from cases.models import Anchor, Incident, Involvement
from cases.models.moment import MOMENTS
from cases.models.regulation import ANCHORS
from cases.regulation import clocks, known
from incidentdesk.kernel import clocks as arithmetic
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput

LABELS = dict(ANCHORS)
# One is sent after the other, or at the same moment.
ORDERS = (
    (
        "initial_submitted_at",
        "intermediate_submitted_at",
        "updated_intermediate_submitted_at",
        "final_submitted_at",
    ),
    ("early_warning_submitted_at", "notification_submitted_at", "progress_submitted_at"),
)


def put(
    incident: Incident,
    involvement: Involvement | None,
    name: str,
    moment: datetime | date | None,
    *,
    note: str = "",
    by: Actor,
    at: datetime,
) -> bool:
    """Record a time of one party and let its clocks follow; False if it stood there already.

    A bare day (`date`) is no time: what counts from it waits. None takes a time back. Call it in a
    use case's transaction that holds the lock on the incident. What is met stays as it was met;
    what runs is due anew, and one entry of the timeline says all that, and `note`.
    """
    _require_possible(name, moment, involvement, at=at)
    value = moment if isinstance(moment, datetime) else None
    day = moment if value is None and isinstance(moment, date) else None
    if value is not None:
        _require_order(name, value, known.times(known.current(incident, involvement)))
    former = known.own(incident, involvement).get(name, known.Known())
    if (former.value, former.day) == (value, day):
        return False
    Anchor.objects.create(
        incident=incident,
        involvement=involvement,
        name=name,
        value=value,
        day=day,
        at=at,
        actor=by.name,
        user_id=by.user_id,
    )
    because = _said(name, value, day, former.value)
    clocks.follow(incident, involvement, because=because, note=note, by=by, at=at)
    return True


def _require_possible(
    name: str, moment: datetime | date | None, involvement: Involvement | None, *, at: datetime
) -> None:
    if name not in LABELS:
        raise InvalidInput("There is no such time; choose one of the list.", field="name")
    if involvement is None and name in dict(MOMENTS):
        raise InvalidInput(
            f"“{LABELS[name]}” is a time of the incident; correct it there.", field="name"
        )
    ahead = moment > at if isinstance(moment, datetime) else bool(moment and moment > at.date())
    if ahead:
        raise InvalidInput("A time lies in the future; check it.", field="moment")
    if moment is not None and moment.year < arithmetic.EARLIEST:
        early = f"Nothing told here happened before {arithmetic.EARLIEST}; check the year."
        raise InvalidInput(early, field="moment" if isinstance(moment, datetime) else "day")


def _require_order(name: str, moment: datetime, stands: Mapping[str, datetime]) -> None:
    """Nothing is told before it happened, and no report before the one that it follows."""
    if name in dict(MOMENTS):
        return
    order = next((order for order in ORDERS if name in order), (name,))
    place = order.index(name)
    first = dict.fromkeys(("occurred_at", *order[:place]), "before")
    for other, where in (first | dict.fromkeys(order[place + 1 :], "after")).items():
        stood = stands.get(other, moment)
        if moment < stood if where == "before" else moment > stood:
            raise InvalidInput(
                f"That lies {where} “{LABELS[other]}”, {stood:%-d %b %Y %H:%M} UTC; correct "
                "whichever is wrong.",
                field="moment",
            )


def _said(name: str, value: datetime | None, day: date | None, former: datetime | None) -> str:
    was = f" (was {former:%-d %b %Y %H:%M} UTC)" if former else ""
    if value is not None:
        return f"{LABELS[name]}: {value:%-d %b %Y %H:%M} UTC{was}."
    if day is not None:
        return f"{LABELS[name]}: {day:%-d %b %Y}, the hour is not known{was}."
    return f"{LABELS[name]} taken back{was}."
