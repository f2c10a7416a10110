"""Reminders of what the desk owes: the clocks of its incidents, their tasks and temporary fixes.

Of a partner's clock, of the first notice and of what is owed to authorities, the commander and who
does the communications are told; of every other clock the commander, of the review's also who leads
it. Nobody is told of the desk's own clocks before there is a commander: until then the path pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from cases import fixes, owed, roster, tasks
from cases.models import Assignment, Deadline, Incident, RegulatoryClock
from cases.models.deadline import AFTERWARDS, FIRST_NOTICE, REVIEW, ROOT_CAUSE
from cases.models.incident import OVER
from incidentdesk.kernel.models import User


@transaction.atomic
def warn(*, at: datetime) -> int:
    """Remind of all that passed a stage of its time; answers how many mails that made."""
    found = [*_clocks(at=at), *_regulators(at=at), *tasks.take_due(at=at), *fixes.take_due(at=at)]
    return owed.remind(found, at=at)


def crew_of(incident: Incident) -> list[User]:
    """The commander, and who does the communications; without one, all whose role it is.

    Whoever may not open the incident is not told of it; a drill that pages nobody tells nobody.
    """
    held = roster.held(incident, Assignment.Role.COMMUNICATIONS)
    everybody: Iterable[User] = [held.user] if held else _communications()
    return owed.reachable(incident, *everybody, incident.commander)


def _communications() -> Iterable[User]:
    active = User.objects.filter(is_active=True, roles__contains=["communications"])
    return active.order_by("pk")


def _clocks(*, at: datetime) -> list[owed.Owed]:
    """What partners are told of the cause, and need for reports, is owed after its end too."""
    running = Deadline.objects.filter(met_at=None, is_dropped=False)
    running = running.exclude(~Q(kind__in=AFTERWARDS), incident__phase__in=OVER)
    people = ("incident__commander", "incident__review_facts__facilitator")
    rows = running.select_related("incident__category", "involvement__partner", *people)
    crews: dict[int, list[User]] = {}
    return owed.take(rows, partial(_owed, crews), column="warn_at", at=at)


def _regulators(*, at: datetime) -> list[owed.Owed]:
    """What is owed to authorities, however late, until somebody records what became of it."""
    open_clocks = RegulatoryClock.objects.filter(outcome="")
    rows = open_clocks.select_related(
        "rule", "incident__category", "incident__commander", "involvement__partner"
    )
    crews: dict[int, list[User]] = {}
    return owed.take(rows, partial(_reported, crews), column="warn_at", at=at)


def _reported(crews: dict[int, list[User]], row: RegulatoryClock) -> owed.Owed:
    """Of a restricted incident the partner is not named."""
    incident, what = row.incident, f"{row.rule.key}, {row.rule.title}"
    if row.involvement is not None and not incident.is_restricted:
        what = f"{what} of {row.involvement.partner}"
    if incident.pk not in crews:
        crews[incident.pk] = crew_of(incident) or owed.responsible(incident)
    return owed.Owed(
        key=f"regulator:{row.pk}",
        what=what,
        incident=incident,
        people=crews[incident.pk],
        start_at=row.began_at,
        due_at=row.ends_at,
        url=f"{incident.url}?tab=clocks",
        hint=row.rule.note,
    )


def _owed(crews: dict[int, list[User]], row: Deadline) -> owed.Owed:
    """Of a restricted incident the partner is not named."""
    incident, what = row.incident, row.get_kind_display()
    is_notice = row.involvement is not None or row.kind == FIRST_NOTICE
    if row.involvement is not None and not incident.is_restricted:
        what = f"{what} to {row.involvement.partner}"
    return owed.Owed(
        key=f"deadline:{row.pk}",
        what=what,
        incident=incident,
        people=_who_owes(row, crews),
        start_at=row.anchor_at,
        due_at=row.due_at,
        url=f"{incident.url}?tab=notices" if is_notice else incident.url,
        hint=_hint(row) if is_notice else "",
    )


def _hint(row: Deadline) -> str:
    waits = "The wait for an approval counts."
    drafted = "It is drafted on the page of the review, once that is approved."
    return f"{drafted} {waits}" if row.kind == ROOT_CAUSE else waits


def _who_owes(row: Deadline, crews: dict[int, list[User]]) -> list[User]:
    incident = row.incident
    if row.involvement is None and incident.commander is None:
        return []
    if row.involvement is not None or row.kind == FIRST_NOTICE:
        if incident.pk not in crews:
            crews[incident.pk] = crew_of(incident)
        return crews[incident.pk]
    facts = getattr(incident, "review_facts", None)
    leads = facts.facilitator if facts and row.kind == REVIEW else None
    found = owed.reachable(incident, leads, incident.commander)
    return found or owed.responsible(incident)
