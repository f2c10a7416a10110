"""Internal reports: a colleague says what is wrong; an incident opens, and nothing is read back.

Whoever works here may report, whatever else their roles let them do. Like a source, a report
assumes impact I2, scope S2 and urgency U2 until somebody has evaluated it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from cases import bases, evidence, moments, workflow
from cases.evidence import Upload
from cases.files import MOST
from cases.models import Incident
from incidentdesk.kernel import access, audit, grants
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent, User
from partners.models import Contact

SECOND_CLICK = timedelta(minutes=5)
MOST_AN_HOUR = 10  # of one person: more are a mistake, and would page people each time
REPORTED = "reported from inside"
IMPACT, SCOPE, URGENCY = 2, 2, 2


def is_colleague(user: User) -> bool:
    """Active, and nobody who is or was at a partner: these report for it, in the portal."""
    if not user.is_active:
        return False
    was_contact = Contact.objects.filter(user=user).exists()
    return bool(user.roles) or not (was_contact or grants.tenant_ids(user.pk))


@transaction.atomic
def report(
    *,
    title: str,
    description: str,
    noticed_at: datetime,
    category_id: int | None = None,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Incident:
    """Open an incident in Identification from what a colleague tells. The files are its evidence.

    The same words within minutes are a second click. `by` needs no role.
    """
    user = User.objects.select_for_update(of=("self",)).filter(pk=by.person_id).first()
    if user is None or by.partner_id is not None or not is_colleague(user):
        raise NotAllowed("Only people who work here report here; partners report in the portal.")
    _require_whole(title, description, noticed_at, uploads, at=at)
    words = _refuse_twice(title, description, by=by, at=at)
    opening = workflow.Opening(
        title=title.strip()[:200],
        description=description.strip(),
        category_id=category_id,
        detection=Incident.Detection.STAFF,
        detected_by=f"{by.name[:100]} · internal report",
        detected_at=at,
        occurred_at=noticed_at,
        impact=IMPACT,
        scope=SCOPE,
        urgency=URGENCY,
    )
    desk = replace(access.SYSTEM, name=by.name, user_id=by.person_id)  # it acts, and names them
    incident = workflow.open_incident(opening=opening, by=desk, at=at)
    audit.record(by=by, at=at, action=REPORTED, about=incident.about, words=words)
    _support(incident, uploads, by=desk, at=at)
    return incident


def _support(incident: Incident, uploads: Sequence[Upload], *, by: Actor, at: datetime) -> None:
    """What its values rest on, and the files as evidence."""
    support = bases.Support(f"{by.name} reported it; assumed until evaluated")
    bases.put(incident, dict.fromkeys(bases.LABELS, support), by=by, at=at)
    for upload in uploads:
        evidence.add(
            incident_id=incident.pk,
            upload=upload,
            title="",
            collector=by.name,
            collected_at=at,
            by=by,
            at=at,
        )


def _require_whole(
    title: str, description: str, noticed_at: datetime, uploads: Sequence[Upload], *, at: datetime
) -> None:
    if not title.strip() or not description.strip():
        raise InvalidInput("Say in a few words what is wrong, and describe what you see.")
    future = "You cannot have noticed it in the future; check the time."
    moments.require_happened(noticed_at, at=at, future=future, field="noticed_at")
    if len(uploads) > MOST:
        raise InvalidInput(f"Add at most {MOST} files at once; the others can follow.")


def _refuse_twice(title: str, description: str, *, by: Actor, at: datetime) -> str:
    """The lock on the person has made the second of two clicks wait until the first is stored.

    Answers what these words are known by.
    """
    words = hashlib.sha256(f"{title.strip()}\n{description.strip()}".encode()).hexdigest()
    within = (at - timedelta(hours=1), at)
    rows = AuditEvent.objects.filter(user_id=by.user_id, action=REPORTED, at__range=within)
    if rows.filter(at__gte=at - SECOND_CLICK, detail__words=words).exists():
        raise Conflict("You reported this a moment ago; it was received.")
    if rows.count() >= MOST_AN_HOUR:
        raise Conflict(f"You reported {MOST_AN_HOUR} times within an hour; call the desk instead.")
    return words
