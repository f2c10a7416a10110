"""Warnings of what partners were promised: at half, three quarters and nine tenths, and when late.

Told are the commander and who does the communications; nobody twice for one stage.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from cases import moving, promises, roster, sight
from cases.models import Assignment, Deadline, Incident
from cases.models.deadline import FACTS
from cases.models.incident import OVER
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
from notifications import outbox

LIMIT = 200


@transaction.atomic
def warn(*, at: datetime) -> int:
    """Warn of every partner's clock that passed a stage; answers how many, LIMIT at most.

    After a standstill the last stage that was passed is told, and those before it are not.
    """
    found = (
        Deadline.objects.filter(warn_at__lte=at, met_at=None, is_dropped=False)
        .exclude(~Q(kind__in=FACTS.values()), incident__phase__in=OVER)
        .select_related("incident__commander", "incident__category", "involvement__partner")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("warn_at", "id")
    )
    rows = list(found[:LIMIT])
    crews: dict[int, list[User]] = {}
    drafts = []
    for row in rows:
        crew = crews.setdefault(row.incident_id, crew_of(row.incident))
        drafts += [_warning(row, person, at=at) for person in crew]
        row.warn_at = promises.warning_after(row, at)
    outbox.queue_many(drafts, at=at)
    Deadline.objects.bulk_update(rows, ["warn_at"])
    return len(rows)


def crew_of(incident: Incident) -> list[User]:
    """The commander, and who does the communications; without one, all whose role it is.

    Whoever may not open the incident is not told of it; a drill that pages nobody tells nobody.
    """
    if not moving.pages_people(incident):
        return []
    held = roster.held(incident, Assignment.Role.COMMUNICATIONS)
    everybody = User.objects.filter(roles__contains=["communications"]).order_by("pk")
    people = {person.pk: person for person in ([held.user] if held else everybody)}
    if incident.commander is not None:
        people[incident.commander.pk] = incident.commander
    return [
        person
        for person in people.values()
        if person.is_active
        and not (incident.is_restricted and sight.is_closed(incident, access.actor_for(person)))
    ]


def _warning(row: Deadline, to: User, *, at: datetime) -> outbox.Draft:
    """The mail; of a restricted incident it names neither it nor the partner."""
    incident, stage = row.incident, promises.stage_at(row, at)
    facts, closed = moving.escalation_facts(incident), incident.is_restricted
    return outbox.Draft(
        kind="deadline",
        to=to,
        about=facts["about"],
        dedupe_key=f"deadline:{row.pk}:{row.due_at:%Y%m%d%H%M%S}:{stage}:{to.pk}",
        context={
            "reference": facts["reference"],
            "title": facts["title"],
            "severity": incident.severity,
            "what": row.get_kind_display(),
            "partner": "" if closed or row.involvement is None else row.involvement.partner.name,
            "due_at": row.due_at,
            "stage": stage,
            "is_late": stage == promises.STAGES[-1],
            "left": clocks.words(row.due_at - at),
            "url": f"{incident.url}?tab=notices",
        },
    )
