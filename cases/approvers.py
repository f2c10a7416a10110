"""Who may stand behind a notice: a second person who wrote none of it and may open the incident."""

from __future__ import annotations

from cases import sight
from cases.models import Incident, Notice
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES


def of(notice: Notice) -> list[User]:
    """Whom a notice that waits is put to: approvers by role; without one, all who may approve."""
    writers = authors(notice)
    return _by_role([one for one in _let_in(notice.incident) if one.pk not in writers])


def watching(incident: Incident) -> list[User]:
    """Whom it concerns that a notice was sent without them, whoever wrote it."""
    return _by_role(_let_in(incident))


def lacking(incident: Incident) -> list[Notice]:
    """The notices of a restricted incident that wait, and that nobody who is let in can approve."""
    if not incident.is_restricted:
        return []
    waiting = list(incident.notices.filter(state=Notice.State.DRAFT).order_by("id"))
    people = {person.pk for person in _let_in(incident)} if waiting else set()
    return [notice for notice in waiting if not people - authors(notice)]


def authors(notice: Notice) -> set[int]:
    """Who wrote it: who drafted it, and who drafted what it replaces; an edit keeps their words."""
    found, earlier = {notice.drafted_by_id}, notice.replaces
    while earlier is not None:
        found.add(earlier.drafted_by_id)
        earlier = earlier.replaces
    return found


def _by_role(people: list[User]) -> list[User]:
    return [person for person in people if "approver" in person.roles] or people


def _let_in(incident: Incident) -> list[User]:
    """Active people who approve notices, without those who may not open a restricted incident."""
    may = [key for key, role in ROLES.items() if Permission.NOTICE_APPROVE in role.permissions]
    people = User.objects.filter(is_active=True, roles__overlap=may).order_by("pk")
    return [p for p in people if not sight.is_closed(incident, access.actor_for(p))]


def barred(notice: Notice, actor: Actor) -> str:
    """Why this very person approves no such notice, whatever the roles; empty: nothing is in it."""
    if notice.drafted_by_id == actor.user_id:
        return "You drafted it; a second person approves it."
    if actor.person_id in authors(notice):
        return (
            "You drafted what this notice replaces; somebody who wrote none of it has to approve "
            "it."
        )
    return ""
