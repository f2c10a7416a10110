"""The team of an incident, and what its page says of drills, restrictions, merges and splits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from cases import queries
from cases.admin.page import moments
from cases.models import Assignment, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission


@dataclass(frozen=True)
class Member:
    """One line of the team: who, as what, since when or since when asked."""

    assignment: Assignment
    words: str
    is_offer: bool
    is_mine: bool
    may_end: bool
    may_hand_over: bool


def context(incident: Incident, *, by: Actor, now: datetime) -> dict[str, Any]:
    """What the templates `team.html` and `standing.html` read. Four queries."""
    team = _team(incident, by=by, now=now)
    seen = queries.visible_to(by)
    return {
        "team": team,
        "offers": [member for member in team if member.is_offer and member.is_mine],
        "who_url": reverse("admin:cases_incident_who", args=[incident.pk]),
        "duplicates": list(seen.filter(duplicate_of=incident).order_by("pk")),
        "splits": list(seen.filter(split_from=incident).order_by("pk")),
        **related(incident, by=by),
    }


def related(incident: Incident, *, by: Actor) -> dict[str, Incident | None]:
    """What it was merged into and split from, as far as this person may know. One query."""
    ids = [incident.duplicate_of_id, incident.split_from_id]
    found = queries.visible_to(by).in_bulk([pk for pk in ids if pk])
    return {
        "merged_into": found.get(incident.duplicate_of_id or 0),
        "came_from": found.get(incident.split_from_id or 0),
    }


def _team(incident: Incident, *, by: Actor, now: datetime) -> list[Member]:
    order = list(Assignment.Role)
    rows = incident.assignments.filter(ended_at=None).select_related("user", "offered_by")
    found = sorted(rows, key=lambda row: (order.index(Assignment.Role(row.role)), row.pk))
    commands = access.allows(by, Permission.INCIDENT_COMMAND)
    return [_member(row, commands=commands, by=by, now=now) for row in found]


def _member(row: Assignment, *, commands: bool, by: Actor, now: datetime) -> Member:
    is_mine = row.user_id == by.user_id
    is_commander = row.role == Assignment.Role.COMMANDER
    since = moments.short(row.accepted_at or row.offered_at, now)
    asked = f"asked by {row.offered_by}, {since}" if row.offered_by else f"asked {since}"
    may = (is_mine or commands) and row.incident.is_open
    return Member(
        assignment=row,
        words=f"since {since}" if row.accepted_at else asked,
        is_offer=row.accepted_at is None,
        is_mine=is_mine,
        may_end=may and not (is_commander and row.accepted_at),
        may_hand_over=may and bool(row.accepted_at) and row.role != Assignment.Role.RESPONDER,
    )
