"""An offer of a role that nobody answers: first the one asked is paged, then the one who asked.

Each has as long as an incident of this severity may wait for its acknowledgement. Until somebody
accepts, whoever holds the role keeps it (`crew`).
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from cases import moving, owed, timeline
from cases.models import Assignment, Entry, Incident, Target
from incidentdesk.kernel import access, clocks, due
from incidentdesk.kernel.access import SYSTEM, Permission
from incidentdesk.kernel.models import User

LIMIT = 100


def answer_by(incident: Incident, at: datetime) -> datetime | None:
    """When an offer that is made, or paged about, now has waited too long; None: never."""
    target = Target.objects.filter(severity=incident.severity, kind="acknowledge").first()
    return clocks.add(at, target.amount, target.counting) if target else None


def chase(*, at: datetime) -> int:
    """Page about every offer whose time is over; answers how many, LIMIT at most."""
    waiting = Assignment.objects.filter(remind_at__lte=at, accepted_at=None, ended_at=None)
    # The incident is locked too, as in every use case: whoever answers just now is not waited for.
    rows, of = waiting.select_related("incident", "user", "offered_by"), ("self", "incident")
    order = ("remind_at", "pk")
    return len(due.each(rows, partial(_chase, at=at), most=LIMIT, order=order, of=of))


def _chase(offer: Assignment, *, at: datetime) -> None:
    incident, role = offer.incident, offer.get_role_display()
    asked, offer.remind_at = _pageable(incident, offer.user), None
    if asked and not offer.reminders:
        offer.remind_at = answer_by(incident, at)
        asker = str(offer.offered_by or "The desk")
        note = f"You were asked to be {role} and have not answered: accept or decline."
        _page(offer, asked, note, by_name=asker, at=at)
    elif incident.is_open:
        askers = _pageable(incident, offer.offered_by, incident.commander)
        note = f"{offer.user} has not answered whether to be {role}; ask somebody else."
        _page(offer, askers, note, by_name="The desk", at=at)
    offer.reminders += 1
    offer.save(update_fields=["remind_at", "reminders"])


def _pageable(incident: Incident, *people: User | None) -> list[User]:
    """The first of them who can be paged about this incident."""
    found = owed.reachable(incident, *people) if incident.is_open else []
    may = [p for p in found if access.allows(access.actor_for(p), Permission.INCIDENT_ACKNOWLEDGE)]
    return may[:1]


def _page(offer: Assignment, people: list[User], note: str, *, by_name: str, at: datetime) -> None:
    if not people:
        return
    incident = offer.incident
    moving.page(
        incident,
        by_name=by_name,
        note=note,
        is_plain=True,
        user_ids=[person.pk for person in people],
        once=f"offer:{offer.pk}:{offer.reminders}",
        at=at,
    )
    names = ", ".join(person.name for person in people)
    text = f"{offer.user} has not answered whether to be {offer.get_role_display()}"
    timeline.record(incident, Entry.Kind.PAGE, f"{text}; {names} is paged.", by=SYSTEM, at=at)
