"""What comes again: incidents of the same category on the same system within six months.

Queries only; they propose a problem record (DORA, RTS 2024/1772 art. 8(2)), `problems` makes one.
Nothing here counts or names an incident that the reader may not open, nor drills, nor what was
dismissed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from cases import queries as incidents
from cases.models import AffectedSystem, Incident, Phase
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from reviews.models import NoProblem, Problem, ProblemIncident

SPAN = timedelta(days=183)  # six months, as RTS 2024/1772 Art. 8(2) has it
MOST = 20


@dataclass(frozen=True)
class Recurrence:
    """Incidents of one category on one system; `free` of them are in no problem."""

    category_id: int
    category: str
    system_id: int
    system: str
    count: int
    free: int
    newest_at: datetime
    incidents: tuple[Incident, ...] = ()


def problems_visible_to(actor: Actor) -> QuerySet[Problem]:
    """The problems that hold an incident which this actor may read; there is none without any.

    Whichever of its incidents are not this actor's are not listed (`members_of`).
    """
    held = ProblemIncident.objects.filter(problem=OuterRef("pk"))
    seen = held.filter(incident__in=incidents.visible_to(actor))
    found = Problem.objects.filter(Exists(seen))
    may = access.allows(actor, Permission.INCIDENT_READ)
    return found.select_related("owner", "opened_by", "resolved_by") if may else found.none()


def members_of(problem: Problem, actor: Actor) -> QuerySet[ProblemIncident]:
    """The incidents of a problem that this actor may read, the newest first."""
    rows = problem.members.filter(incident__in=incidents.visible_to(actor))
    return rows.select_related("incident__category", "added_by").order_by("-incident__opened_at")


def problem_of(incident: Incident, actor: Actor) -> Problem | None:
    """The problem that holds an incident."""
    return problems_visible_to(actor).filter(members__incident=incident).first()


def like(incident: Incident, actor: Actor) -> QuerySet[Incident]:
    """Other incidents of its category and on one of its systems within six months of it, the newest
    first. Each carries its problem, if it has one."""
    if incident.category_id is None or incident.is_exercise:
        return Incident.objects.none()
    near = (incident.opened_at - SPAN, incident.opened_at + SPAN)
    shared = AffectedSystem.objects.filter(
        incident=OuterRef("pk"), system__in=incident.systems.values("system")
    )
    found: QuerySet[Incident] = _counted(actor).filter(
        Exists(shared), category=incident.category_id, opened_at__range=near
    )
    found = found.exclude(pk=incident.pk).select_related("problem_member__problem")
    return found.order_by("-opened_at", "-id")


def unassessed(actor: Actor, *, at: datetime) -> list[Recurrence]:
    """Where at least two incidents came within six months and nobody has said yet what they are:
    one of them is in no problem, and they were not set aside since the newest. Most often first.
    Two queries."""
    rows = (
        AffectedSystem.objects.filter(
            incident__in=_counted(actor).filter(opened_at__gt=at - SPAN),
            incident__category__isnull=False,
        )
        .order_by()
        .values("incident__category", "incident__category__name", "system", "system__name")
        .annotate(
            count=Count("incident", distinct=True),
            free=Count("incident", filter=Q(incident__problem_member=None), distinct=True),
            newest_at=Max("incident__opened_at"),
        )
        .filter(count__gte=2, free__gte=1)
    )
    found = rows.order_by("-count", "-newest_at", "system__name")
    aside = _set_aside()
    return [
        one
        for one in (_recurrence(row) for row in found)
        if aside.get((one.category_id, one.system_id), one.newest_at) <= one.newest_at
    ][:MOST]


def incidents_of(category_id: int, system_id: int, actor: Actor, *, at: datetime) -> Any:
    """The incidents of one recurrence, the newest first."""
    rows = _counted(actor).filter(
        category=category_id, systems__system=system_id, opened_at__gt=at - SPAN
    )
    return rows.select_related("problem_member__problem").order_by("-opened_at", "-id")


def with_incidents(found: Iterable[Recurrence], actor: Actor, *, at: datetime) -> list[Recurrence]:
    """Each with its incidents; one query for all."""
    found = list(found)
    wanted = Q(pk__in=())
    for one in found:
        wanted |= Q(category=one.category_id, systems__system=one.system_id)
    rows = _counted(actor).filter(wanted, opened_at__gt=at - SPAN)
    rows = rows.annotate(on_system=F("systems__system")).select_related("problem_member__problem")
    held: dict[tuple[int, int], list[Incident]] = {}
    for row in rows.order_by("-opened_at", "-id") if found else ():
        held.setdefault((row.category_id, row.on_system), []).append(row)
    return [
        Recurrence(
            **{**one.__dict__, "incidents": tuple(held.get((one.category_id, one.system_id), ()))}
        )
        for one in found
    ]


def _counted(actor: Actor) -> Any:
    return incidents.counted_for(actor).exclude(phase=Phase.DISMISSED)


def _set_aside() -> dict[tuple[int, int], datetime]:
    """When incidents of a category on a system were set aside the last time."""
    rows = NoProblem.objects.order_by().values_list("category", "system").annotate(Max("at"))
    return {(category, system): at for category, system, at in rows}


def _recurrence(row: Mapping[str, Any]) -> Recurrence:
    return Recurrence(
        category_id=row["incident__category"],
        category=row["incident__category__name"],
        system_id=row["system"],
        system=row["system__name"],
        count=row["count"],
        free=row["free"],
        newest_at=row["newest_at"],
    )
