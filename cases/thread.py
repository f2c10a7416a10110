"""The thread with a partner: each side writes, the other is told that there is something.

Each partner has a thread of its own; nobody but its people and the desk reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import accuracy, disclosure, files, moving, queries, replies, roster, timeline
from cases.files import Upload
from cases.models import Assignment, Entry, Incident, Involvement, Remark, SharedFile
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications import outbox
from partners import directory

TEAM = "The response team"
LONGEST = 10_000
ON_THE_TIMELINE = 300  # characters of it; the whole stands in the thread


@transaction.atomic
def write(
    *,
    incident_id: int,
    involvement_id: int,
    text: str,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Remark:
    """Write to a partner that sees the incident; what it wrote before counts as answered."""
    access.require(by, Permission.NOTICE_DRAFT)
    _require_something(text, uploads)
    with files.kept(uploads, by=by, at=at) as kept:
        incident = queries.locked(incident_id, by=by)
        disclosure.require_telling(incident)
        involvement = incident.involvements.select_related("partner").get(pk=involvement_id)
        if involvement.disclosed_at is None:
            raise Conflict(f"{involvement.partner} does not see the incident yet; disclose it.")
        accuracy.require_own(involvement.partner, text, *(file.name for file in kept))
        remark = _add(incident, involvement, text, kept, by=by, at=at)
    _see(involvement, by=by, at=at)
    _tell_partner(involvement, remark, incident, at=at)
    return remark


@transaction.atomic
def reply(
    *,
    involvement_id: int,
    text: str,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Remark:
    """A person at the partner writes to the response team. `by` acts for that partner."""
    found = _theirs(involvement_id, by)
    access.require(by, Permission.PARTNER_ACT, found.partner)
    _require_something(text, uploads)
    with files.kept(uploads, by=by, at=at) as kept:
        # A restriction shuts out people of the desk; what was disclosed stays the partner's own.
        incident = queries.locked(found.incident_id, by=access.SYSTEM)
        involvement = _theirs(involvement_id, by)
        remark = _add(incident, involvement, text, kept, by=by, at=at)
    _tell_team(incident, involvement, remark, at=at)
    return remark


@transaction.atomic
def need_no_answer(*, incident_id: int, involvement_id: int, by: Actor, at: datetime) -> int:
    """What the partner wrote was read and needs no answer; answers how many remarks it was."""
    access.require(by, Permission.NOTICE_DRAFT)
    incident = queries.locked(incident_id, by=by)
    involvement = incident.involvements.select_related("partner").get(pk=involvement_id)
    count = _see(involvement, by=by, at=at)
    if not count:
        raise Conflict(f"Nothing of {involvement.partner} waits for an answer.")
    text = f"{involvement.partner}: what it wrote was read and needs no answer."
    partner_id = involvement.partner_id
    timeline.record(incident, Entry.Kind.PARTNER, text, by=by, at=at, partner_id=partner_id)
    return count


# --- steps that several of them share -------------------------------------------------------------


def _theirs(involvement_id: int, by: Actor) -> Involvement:
    rows = Involvement.objects.select_related("partner").filter(
        partner_id=by.tenant_id, disclosed_at__isnull=False
    )
    found = rows.filter(pk=involvement_id).first()
    if found is None:
        raise NotFound("There is no such incident.")
    return found


def _require_something(text: str, uploads: Sequence[Upload]) -> None:
    if not text.strip() and not uploads:
        raise InvalidInput("Write something or add a file; there is neither yet.")
    if len(text.strip()) > LONGEST:
        raise InvalidInput("Keep a message to 10,000 characters; a file can hold the rest.")


def _add(
    incident: Incident,
    involvement: Involvement,
    text: str,
    kept: Sequence[SharedFile],
    *,
    by: Actor,
    at: datetime,
) -> Remark:
    is_ours = by.partner_id is None
    remark = Remark.objects.create(
        involvement=involvement,
        partner_id=involvement.partner_id,
        text=text.strip(),
        at=at,
        is_ours=is_ours,
        author=TEAM if is_ours else by.name[:120],
        user_id=by.person_id,
    )
    partner_id = involvement.partner_id
    added = files.add(kept, partner_id=partner_id, at=at, remark=remark)
    who = f"To {involvement.partner}" if is_ours else f"{involvement.partner}, {by.name}"
    short = remark.text[:ON_THE_TIMELINE] + ("…" if len(remark.text) > ON_THE_TIMELINE else "")
    words = f"{who}: {short}{added}"
    timeline.record(incident, Entry.Kind.PARTNER, words, by=by, at=at, partner_id=partner_id)
    return remark


def _see(involvement: Involvement, *, by: Actor, at: datetime) -> int:
    unseen = Remark.objects.filter(involvement=involvement, is_ours=False, seen_at=None)
    return unseen.update(seen_at=at, seen_by_id=by.person_id)


def _tell_partner(
    involvement: Involvement, remark: Remark, incident: Incident, *, at: datetime
) -> None:
    """That there is something, to the partner's contacts; what it is stands in the portal."""
    outbox.queue_many(
        (
            outbox.Draft(
                kind="thread",
                to=contact.email,
                about=incident.about,
                dedupe_key=f"remark:{remark.pk}:{contact.pk}",
                reply_to=replies.address(replies.INCIDENT, involvement.pk),
                context={
                    "reference": involvement.reference,
                    "title": "There is a message from the response team",
                    "partner_name": involvement.partner.name,
                    "url": f"/portal/incidents/{involvement.reference}/#thread",
                },
            )
            for contact in directory.notice_contacts(involvement.partner_id)
        ),
        at=at,
    )


def _tell_team(
    incident: Incident, involvement: Involvement, remark: Remark, *, at: datetime
) -> None:
    """To who commands and who communicates; of a restricted incident the mail names nothing."""
    facts = moving.escalation_facts(incident)
    talks = roster.held(incident, Assignment.Role.COMMUNICATIONS)
    people = {who.pk: who for who in (incident.commander, talks and talks.user) if who}
    outbox.queue_many(
        (
            outbox.Draft(
                kind="partner_wrote",
                to=who,
                about=facts["about"],
                dedupe_key=f"remark:{remark.pk}:staff:{who.pk}",
                context={
                    "reference": facts["reference"],
                    "title": facts["title"],
                    "who": "A partner" if incident.is_restricted else involvement.partner.name,
                    "url": f"{incident.url}?tab=partners",
                },
            )
            for who in people.values()
        ),
        at=at,
    )
