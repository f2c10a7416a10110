"""What somebody owes by a time, and the mails that remind of it: one way for all of it.

A row that somebody owes has a column that says when its people are reminded next; `take` claims
what has fallen due and sets the next time (`claiming.stages`). Each person gets one mail an
incident and run, with a line for each thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from cases import claiming, moving, sight
from cases.models import Incident
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.models import User
from notifications import ladder, outbox

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Owed:
    """One thing that is owed: what the mail calls it, by whom, from when until when."""

    key: str  # which row it is: "task:12"
    what: str
    incident: Incident
    people: Sequence[User]
    start_at: datetime
    due_at: datetime
    url: str
    hint: str = ""


def take(
    rows: QuerySet[Row], describe: Callable[[Row], Owed], *, column: str = "remind_at", at: datetime
) -> list[Owed]:
    """Claim the rows that are due and set when each is reminded of next.

    Call it inside the transaction that queues the mails.
    """
    found: list[Owed] = []

    def span(row: Row) -> tuple[datetime, datetime]:
        found.append(describe(row))
        return found[-1].start_at, found[-1].due_at

    claiming.stages(rows, span, column=column, at=at)
    return found


def remind(found: Iterable[Owed], *, at: datetime) -> int:
    """Queue one mail a person and incident; answers how many."""
    people: dict[int, User] = {}
    lines: dict[tuple[int, int], list[Owed]] = {}
    for one in found:
        for person in one.people:
            people[person.pk] = person
            lines.setdefault((person.pk, one.incident.pk), []).append(one)
    drafts = [_mail(people[pk], owed, at=at) for (pk, _), owed in lines.items()]
    return len(outbox.queue_many(drafts, at=at))


def reachable(incident: Incident, *people: User | None) -> list[User]:
    """Those of them who work here still and may open the incident, each once; of a drill that pages
    nobody none."""
    if not moving.pages_people(incident):
        return []
    found: dict[int, User] = {}
    for person in people:
        if person is None or person.pk in found:
            continue
        actor = access.actor_for(person)
        if access.allows(actor, Permission.INCIDENT_READ) and not sight.is_closed(incident, actor):
            found[person.pk] = person
    return list(found.values())


def responsible(incident: Incident, *people: User | None) -> list[User]:
    """The first of them who can be reached. If none can, the administrators: nothing is owed by
    nobody."""
    found = reachable(incident, *people)[:1]
    return found or reachable(incident, *ladder.administrators())


def _mail(to: User, owed: Sequence[Owed], *, at: datetime) -> outbox.Draft:
    """Of a restricted incident the facts name nothing, and neither does what is owed."""
    incident = owed[0].incident
    facts = moving.escalation_facts(incident)
    lines = [_line(one, at=at) for one in sorted(owed, key=attrgetter("due_at", "key"))]
    marks = "|".join(sorted(line["mark"] for line in lines))
    return outbox.Draft(
        kind="deadline",
        to=to,
        about=facts["about"],
        dedupe_key=f"deadline:{to.pk}:{hashlib.sha256(marks.encode()).hexdigest()[:32]}",
        context={
            "reference": facts["reference"],
            "title": facts["title"],
            "severity": incident.severity,
            "items": lines,
            "more": len(lines) - 1,
            "stage": max(line["stage"] for line in lines),
            "url": lines[0]["url"] if len(lines) == 1 else facts["url"],
        },
    )


def _line(one: Owed, *, at: datetime) -> dict[str, Any]:
    stage = clocks.stages(one.start_at, one.due_at, at)
    return {
        "mark": f"{one.key}:{one.due_at:%Y%m%d%H%M%S}:{stage.since:%Y%m%d%H%M%S}",
        "what": one.what,
        "due_at": one.due_at,
        "stage": stage.percent,
        "is_late": stage.percent == clocks.STAGES[-1],
        "left": clocks.words(one.due_at - at),
        "hint": one.hint,
        "url": one.url,
    }
