"""Legal hold: nothing of an incident goes, whatever its period, until the hold is lifted.

The database refuses to let go of what belongs to a held incident, whoever asks.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import moving, queries, timeline
from cases.models import Entry, Incident, LegalHold
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict


@transaction.atomic
def place(*, incident_id: int, reason: str, by: Actor, at: datetime) -> Incident:
    """From now on nothing of the incident goes: mails, deliveries, messages, texts."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    if LegalHold.objects.filter(incident=incident).exists():
        raise Conflict(f"{incident.reference} is under legal hold already.")
    moving.require_reason(reason, "A legal hold")
    reason = reason.strip()[:500]
    LegalHold.objects.create(
        incident=incident, reason=reason, placed_at=at, placed_by_id=by.person_id
    )
    _record(incident, "placed a legal hold on", f"Legal hold. Reason: {reason}", by=by, at=at)
    return incident


@transaction.atomic
def lift(*, incident_id: int, reason: str, by: Actor, at: datetime) -> Incident:
    """What belongs to the incident goes again when its period is over."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    hold = LegalHold.objects.filter(incident=incident).first()
    if hold is None:
        raise Conflict(f"{incident.reference} is not under legal hold.")
    moving.require_reason(reason, "Lifting a legal hold")
    hold.delete()
    words = f"The legal hold was lifted. Reason: {reason.strip()}"
    _record(incident, "lifted the legal hold on", words, by=by, at=at)
    return incident


def is_held(incident: Incident) -> bool:
    """Whether nothing of it may go."""
    return LegalHold.objects.filter(incident=incident).exists()


def ids() -> list[int]:
    """The incidents that are held."""
    return list(LegalHold.objects.values_list("incident_id", flat=True))


def names() -> list[str]:
    """The same as packages below name them: `incident:12`."""
    return [f"incident:{pk}" for pk in ids()]


def _record(incident: Incident, action: str, words: str, *, by: Actor, at: datetime) -> None:
    timeline.record(incident, Entry.Kind.UPDATE, words, by=by, at=at)
    about, name = f"incident:{incident.pk}", incident.reference
    audit.record(by=by, at=at, action=action, about=about, name=name, words=words)
