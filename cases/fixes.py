"""Fixes: proposed, approved by a second person, and for temporary ones an end that somebody owes.

A temporary fix is overdue after its last day until it is replaced or accepted, also after its
incident is closed.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from cases import moving, owed, queries, roster, timeline
from cases.models import Entry, Fix, Phase
from cases.owed import Owed
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

Kind = Entry.Kind
State = Fix.State
LONGEST_REFERENCE = 80


@transaction.atomic
def propose(
    *,
    incident_id: int,
    kind: str,
    text: str,
    change_reference: str,
    test_evidence: str,
    rollback_plan: str,
    owner_id: int | None = None,
    expires_on: date | None = None,
    by: Actor,
    at: datetime,
) -> Fix:
    """Propose a fix; a second person approves it. A closed incident still takes the permanent one
    that replaces what was temporary."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    if incident.phase == Phase.DISMISSED:
        raise Conflict(f"{incident.reference} is dismissed; reopen it first.")
    fix = Fix(
        incident=incident,
        kind=kind,
        text=text.strip(),
        change_reference=" ".join(change_reference.split()),
        test_evidence=test_evidence.strip(),
        rollback_plan=rollback_plan.strip(),
        owner=roster.owner(incident, owner_id),
        expires_on=expires_on if kind == Fix.Kind.TEMPORARY else None,
        proposed_at=at,
        proposed_by_id=by.person_id,
    )
    _require_whole(fix, at.date())
    fix.save(force_insert=True)
    words = f"{fix} proposed: {fix.text}"
    if fix.expires_on is not None:
        words += f" It expires on {fix.expires_on:%d %b %Y}; {fix.owner} owns it."
    timeline.record(incident, Kind.UPDATE, words, by=by, at=at)
    return fix


@transaction.atomic
def approve(*, fix_id: int, by: Actor, at: datetime) -> Fix:
    """The second person stands behind the change, its test and its way back."""
    fix = _locked(fix_id, by=by)
    access.require(by, Permission.FIX_APPROVE)
    if fix.proposed_by_id == by.person_id:
        raise InvalidInput("You proposed this fix; a second person has to approve it.")
    _require_state(fix, State.PROPOSED)
    if fix.expires_on is not None and fix.expires_on < at.date():
        raise InvalidInput(
            f"{fix} would have expired on {fix.expires_on:%d %b %Y}; withdraw it and propose it "
            "with a later day."
        )
    fix.state, fix.approved_at, fix.approved_by_id = State.APPROVED, at, by.person_id
    if fix.expires_on is not None:
        fix.remind_at = clocks.first_reminder(at, clocks.end_of(fix.expires_on))
    fix.save(update_fields=["state", "approved_at", "approved_by", "remind_at"])
    timeline.record(fix.incident, Kind.UPDATE, f"{fix} approved.", by=by, at=at)
    return fix


@transaction.atomic
def withdraw(*, fix_id: int, reason: str, by: Actor, at: datetime) -> Fix:
    """Take back a fix. An approved temporary one is not taken back: it is replaced or accepted."""
    fix = _locked(fix_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_reason(reason, "Withdrawing a fix")
    if fix.is_open:
        raise Conflict(f"{fix} is in place; it ends when it is replaced or accepted.")
    if fix.replaces.exists():
        raise Conflict(f"{fix} took the place of a temporary fix; propose another one first.")
    if fix.state not in (State.PROPOSED, State.APPROVED):
        raise Conflict(f"{fix} is {fix.get_state_display()} already.")
    return _end(fix, State.WITHDRAWN, reason, by=by, at=at)


@transaction.atomic
def replace(*, fix_id: int, by_fix_id: int, by: Actor, at: datetime) -> Fix:
    """A temporary fix gives way to an approved permanent one of the same incident."""
    fix = _locked(fix_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    _require_temporary(fix)
    other = Fix.objects.filter(pk=by_fix_id, incident=fix.incident).first()
    if other is None or other.is_temporary or other.state != State.APPROVED:
        raise InvalidInput("Choose an approved permanent fix of the same incident.")
    fix.replaced_by = other
    return _end(fix, State.REPLACED, f"Replaced by {other.change_reference}.", by=by, at=at)


@transaction.atomic
def accept(*, fix_id: int, reason: str, by: Actor, at: datetime) -> Fix:
    """Somebody who may decide about remaining risks accepts that a temporary fix stays."""
    fix = _locked(fix_id, by=by)
    access.require(by, Permission.RISK_ACCEPT)
    _require_temporary(fix)
    moving.require_reason(reason, "Accepting that a temporary fix stays")
    return _end(fix, State.ACCEPTED, reason, by=by, at=at)


def take_due(*, at: datetime) -> list[Owed]:
    """The temporary fixes whose people are reminded now, each claimed: until they are replaced or
    accepted, also after their incident is over. A step of a reminding run.

    Told is the owner; once the owner has left, or is not let in, the commander.
    """
    in_place = queries.open_fixes(access.SYSTEM)
    rows = in_place.select_related("incident__commander", "incident__category", "owner")
    return owed.take(rows, _owed, at=at)


# --- steps that several of them share -------------------------------------------------------------


def _require_whole(fix: Fix, today: date) -> None:
    """Refuse a proposal that a second person could not judge."""
    if fix.kind not in Fix.Kind.values:
        raise InvalidInput("A fix is temporary or permanent; choose one.")
    if not fix.text:
        raise InvalidInput("Say what is changed.")
    if not fix.change_reference or len(fix.change_reference) > LONGEST_REFERENCE:
        raise InvalidInput("Give the reference of the change, in at most 80 characters.")
    if not fix.test_evidence:
        raise InvalidInput("Say where the fix was tried first, and what came out.")
    if not fix.rollback_plan:
        raise InvalidInput("Say how to go back if the fix makes it worse.")
    if fix.is_temporary and (fix.owner is None or fix.expires_on is None):
        raise InvalidInput("A temporary fix needs an owner and a day on which it expires.")
    if fix.expires_on is not None and fix.expires_on < today:
        raise InvalidInput("The fix would expire in the past; choose a later day.")


def _locked(fix_id: int, *, by: Actor) -> Fix:
    """The fix with its incident, the incident locked first (parent before child)."""
    found = Fix.objects.filter(pk=fix_id).values_list("incident_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such fix.")
    incident = queries.locked(found, by=by)
    fix = Fix.objects.select_for_update(of=("self",)).get(pk=fix_id)
    fix.incident = incident
    return fix


def _require_state(fix: Fix, state: Fix.State) -> None:
    if fix.state != state:
        raise Conflict(f"{fix} is {fix.get_state_display()} already.")


def _require_temporary(fix: Fix) -> None:
    if not fix.is_temporary:
        raise InvalidInput(f"{fix} is permanent; only a temporary one is replaced or accepted.")
    if fix.state == State.PROPOSED:
        raise Conflict(f"{fix} waits for a second person's approval.")
    _require_state(fix, State.APPROVED)


def _end(fix: Fix, state: Fix.State, reason: str, *, by: Actor, at: datetime) -> Fix:
    fix.state, fix.ended_at, fix.ended_by_id = state, at, by.person_id
    fix.ended_reason = reason.strip()
    fix.save(update_fields=["state", "replaced_by", "ended_at", "ended_by", "ended_reason"])
    words = f"{fix} {fix.get_state_display()}. {fix.ended_reason}"
    timeline.record(fix.incident, Kind.UPDATE, words, by=by, at=at)
    return fix


def _owed(fix: Fix) -> Owed:
    """Of a restricted incident it names nothing."""
    incident = fix.incident
    name = "a temporary fix" if incident.is_restricted else f"temporary fix {fix.change_reference}"
    last, since = fix.expires_on, fix.approved_at
    if last is None or since is None:  # the database keeps both for one in place
        raise RuntimeError(f"{fix} is in place without an approval or a last day.")
    return Owed(
        key=f"fix:{fix.pk}",
        what=f"End of {name}",
        incident=incident,
        people=owed.responsible(incident, fix.owner, incident.commander),
        start_at=since,
        due_at=clocks.end_of(last),
        url=f"/admin/cases/fix/{fix.pk}/change/",
        hint="Replace it with an approved permanent fix, or have it accepted.",
    )
