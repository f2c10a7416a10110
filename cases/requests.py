"""Requests to partners: ask → answer, in parts if need be → accept, or ask again.

The partner may ask for more time; staff give it or not. What a partner reads of a refusal names
nothing that is the desk's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from cases import accuracy, disclosure, events, files, moving, queries, request_mails, timeline
from cases.files import Upload
from cases.models import Entry, Request, RequestStep, SharedFile
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from partners import directory

State = Request.State
Step = RequestStep.Kind
TEAM = "The response team"  # how the desk signs what a partner reads
LONGEST = 20_000
FURTHEST = timedelta(days=366)  # until an answer is due


@transaction.atomic
def ask(
    *,
    incident_id: int,
    involvement_id: int,
    question: str,
    why: str,
    due_at: datetime,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Request:
    """Ask a partner that sees the incident for something, until a time; its contacts get a mail."""
    access.require(by, Permission.NOTICE_DRAFT)
    with files.kept(uploads, by=by, at=at) as kept:
        incident = queries.locked(incident_id, by=by)
        moving.require_open(incident)
        disclosure.require_telling(incident)
        involvement = incident.involvements.select_related("partner").get(pk=involvement_id)
        if involvement.disclosed_at is None:
            raise Conflict(f"{involvement.partner} does not see the incident yet; disclose it.")
        _require_words(question, "Say what you need from the partner.")
        accuracy.require_own(involvement.partner, why)
        _require_ahead(due_at, at=at)
        request = Request.objects.create(
            involvement=involvement,
            partner=involvement.partner,
            reference=directory.next_reference(involvement.partner, kind="request", year=at.year),
            question=question.strip(),
            why=why.strip(),
            due_at=due_at,
            due_set_at=at,
            remind_at=clocks.first_reminder(at, due_at),
            asked_at=at,
            asked_by_id=by.person_id,
        )
        _note(request, Step.ASKED, request.question, kept, until=due_at, by=by, at=at)
    request_mails.asked(request, "We need an answer from you", at=at)
    events.asked(incident, request, at=at)
    return request


@transaction.atomic
def answer(
    *,
    request_id: int,
    text: str,
    is_whole: bool,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Request:
    """A person at the partner answers, in part or to the end. `by` acts for that partner.

    After a part, `is_whole` alone says that this was all.
    """
    found = _theirs(request_id, by)
    access.require(by, Permission.PARTNER_ACT, found.partner)
    with files.kept(uploads, by=by, at=at) as kept:
        request = _locked(request_id, by=access.SYSTEM)
        if request.is_settled:
            raise Conflict("This request is closed; write to the response team instead.")
        if not text.strip() and not uploads and not (is_whole and _is_in_parts(request)):
            raise InvalidInput("Write your answer or add a file; there is neither yet.")
        kind = Step.WHOLE if is_whole else Step.PART
        _note(request, kind, _cut(text), kept, by=by, at=at)
        if is_whole and request.state == State.OPEN:
            request.state, request.answered_at = State.ANSWERED, at
            request.was_late = request.was_late or at > request.due_at
            request.extension_until, request.extension_reason = None, ""
            request.save()
    return request


@transaction.atomic
def ask_for_time(
    *, request_id: int, until: datetime, reason: str, by: Actor, at: datetime
) -> Request:
    """The partner needs longer, and says why. Until staff decide, the former time holds."""
    found = _theirs(request_id, by)
    access.require(by, Permission.PARTNER_ACT, found.partner)
    _require_words(reason, "Say why you need longer; the response team decides on it.")
    request = _locked(request_id, by=access.SYSTEM)
    if request.state != State.OPEN:
        raise Conflict("Your answer was given already; nothing more is due.")
    if request.extension_until is not None:
        raise Conflict("You asked for more time already; the response team decides on it.")
    if until <= max(request.due_at, at):
        raise InvalidInput("Ask for a time after the present one, and in the future.")
    _require_near(until, at=at)
    request.extension_until, request.extension_reason = until, reason.strip()
    request.save(update_fields=["extension_until", "extension_reason"])
    _note(request, Step.EXTENSION, _cut(reason), until=until, by=by, at=at)
    return request


@transaction.atomic
def decide_on_time(
    *, request_id: int, granted: bool, words: str = "", by: Actor, at: datetime
) -> Request:
    """Give the time that was asked for, or refuse it in words; the partner reads them."""
    access.require(by, Permission.NOTICE_DRAFT)
    request = _locked(request_id, by=by)
    until = request.extension_until
    if until is None:
        raise Conflict(f"{request} has no wish for more time that is open.")
    if not granted:
        _require_words(words, "Refusing more time needs a reason; the partner reads it.")
    if granted and until <= at:
        raise InvalidInput("The time that was asked for is over; refuse it, or ask again later.")
    request.extension_until, request.extension_reason = None, ""
    if granted:
        request.due_at, request.due_set_at = until, at
        request.remind_at = clocks.first_reminder(at, until)
    request.save()
    kind = Step.GRANTED if granted else Step.REFUSED
    _note(request, kind, _cut(words), until=request.due_at, by=by, at=at)
    said = "You have more time" if granted else "There is no more time"
    request_mails.asked(request, said, at=at)
    return request


@transaction.atomic
def ask_again(
    *,
    request_id: int,
    text: str,
    due_at: datetime,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Request:
    """The answer is not enough: say what is missing, and until when."""
    access.require(by, Permission.NOTICE_DRAFT)
    _require_words(text, "Say what is missing in the answer; the partner reads it.")
    _require_ahead(due_at, at=at)
    with files.kept(uploads, by=by, at=at) as kept:
        request = _locked(request_id, by=by)
        _require_answered(request)
        request.state, request.answered_at = State.OPEN, None
        request.due_at, request.due_set_at = due_at, at
        request.remind_at = clocks.first_reminder(at, due_at)
        request.save()
        _note(request, Step.AGAIN, _cut(text), kept, until=due_at, by=by, at=at)
    request_mails.asked(request, "We ask you again", at=at)
    return request


@transaction.atomic
def accept(*, request_id: int, words: str = "", by: Actor, at: datetime) -> Request:
    """The answer is what was needed; a word of thanks may go with it."""
    access.require(by, Permission.NOTICE_DRAFT)
    request = _locked(request_id, by=by)
    _require_answered(request)
    _settle(request, State.ACCEPTED, by=by, at=at)
    _note(request, Step.ACCEPTED, _cut(words), by=by, at=at)
    return request


@transaction.atomic
def withdraw(*, request_id: int, reason: str, by: Actor, at: datetime) -> Request:
    """The answer is not needed any more; the partner reads why."""
    access.require(by, Permission.NOTICE_DRAFT)
    _require_words(reason, "Withdrawing a request needs a reason; the partner reads it.")
    request = _locked(request_id, by=by)
    if request.is_settled:
        raise Conflict(f"{request} is {request.get_state_display()} already.")
    _settle(request, State.WITHDRAWN, by=by, at=at)
    _note(request, Step.WITHDRAWN, _cut(reason), by=by, at=at)
    return request


# --- steps that several of them share -------------------------------------------------------------


def _theirs(request_id: int, by: Actor) -> Request:
    rows = Request.objects.select_related("partner").filter(partner_id=by.tenant_id)
    found = rows.filter(pk=request_id).first()
    if found is None:
        raise NotFound("There is no such request.")
    return found


def _locked(request_id: int, *, by: Actor) -> Request:
    """The request, its incident locked first (parent before child)."""
    rows = Request.objects.filter(pk=request_id)
    found = rows.values_list("involvement__incident_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such request.")
    incident = queries.locked(found, by=by)
    request = Request.objects.select_for_update(of=("self",)).get(pk=request_id)
    request.involvement.incident = incident
    return request


def _require_words(text: str, sentence: str) -> None:
    if not text.strip():
        raise InvalidInput(sentence)
    if len(text.strip()) > LONGEST:
        raise InvalidInput("Keep this to 20,000 characters; a file can hold the rest.")


def _cut(text: str) -> str:
    if len(text.strip()) > LONGEST:
        raise InvalidInput("Keep this to 20,000 characters; a file can hold the rest.")
    return text.strip()


def _require_ahead(due_at: datetime, *, at: datetime) -> None:
    if due_at <= at:
        raise InvalidInput("The answer would be due in the past; give a later time. It is UTC.")
    _require_near(due_at, at=at)


def _require_near(due_at: datetime, *, at: datetime) -> None:
    if due_at > at + FURTHEST:
        raise InvalidInput(f"Choose a time within the next {FURTHEST.days} days.")


def _require_answered(request: Request) -> None:
    if request.state != State.ANSWERED:
        raise Conflict(
            f"{request} has no answer that waits for you: {request.get_state_display()}."
        )


def _is_in_parts(request: Request) -> bool:
    """Something was answered since it was asked, or asked again, and more was to follow."""
    turns = request.steps.filter(kind__in=[Step.ASKED, Step.AGAIN, Step.PART, Step.WHOLE])
    return turns.order_by("id").values_list("kind", flat=True).last() == Step.PART


def _settle(request: Request, state: Request.State, *, by: Actor, at: datetime) -> None:
    request.state, request.settled_at, request.settled_by_id = state, at, by.person_id
    request.extension_until, request.extension_reason = None, ""
    request.save()


def _note(
    request: Request,
    kind: RequestStep.Kind,
    text: str,
    kept: Sequence[SharedFile] = (),
    *,
    until: datetime | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """One more step, its files, and the same on the timeline; what is ours names nobody else."""
    is_ours = by.partner_id is None
    if is_ours:
        accuracy.require_own(request.partner, text, *(file.name for file in kept))
    step = RequestStep.objects.create(
        request=request,
        partner_id=request.partner_id,
        kind=kind,
        text=text,
        until=until,
        at=at,
        is_ours=is_ours,
        author=TEAM if is_ours else by.name[:120],
        user_id=by.person_id,
    )
    added = files.add(kept, partner_id=request.partner_id, at=at, step=step)
    due = f" Until {until.astimezone(UTC):%d %b %Y %H:%M} UTC." if until else ""
    who = "" if is_ours else f"{by.name} "
    said = f" {text}" if text else ""
    words = f"{request.partner}, {request}: {who}{step.get_kind_display()}.{due}{said}{added}"
    incident = request.involvement.incident
    kind_ = Entry.Kind.PARTNER
    timeline.record(incident, kind_, words, by=by, at=at, partner_id=request.partner_id)
