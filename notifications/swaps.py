"""Swaps: one person asks another to be on call instead. Nothing changes without consent."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from incidentdesk.kernel import access, due
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from notifications import changing, oncall, rota
from notifications.models import Rota, Swap

RUN_LIMIT = 200


@transaction.atomic
def ask(
    *,
    rota_id: int,
    user_id: int,
    starts_at: datetime,
    ends_at: datetime,
    words: str = "",
    by: Actor,
    at: datetime,
) -> Swap:
    """Ask another to be on call in one's place. Nothing changes until they agree; they are mailed.

    InvalidInput if one is not on call in all of that time, or the other cannot be.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row, person = changing.locked(rota_id), changing.person_of(user_id)
    starts_at = changing.sound(starts_at, ends_at, at=at)
    if person.pk == by.person_id:
        raise InvalidInput("Ask somebody else than yourself.", field="user_id")
    _require_holds(row, by.person_id, starts_at, ends_at)
    changing.require_there(person, starts_at, ends_at)
    asked = Swap.objects.create(
        rota=row,
        asked_by_id=by.person_id,
        asked_of=person,
        starts_at=starts_at,
        ends_at=ends_at,
        words=words.strip()[:200],
        asked_at=at,
    )
    when = oncall.words(starts_at, ends_at, row.zone)
    said = f"{by} asks you to be on call instead, {when}."
    changing.tell(
        person, row, said, [words, "Agree or decline at the desk."], key=f"swap:{asked.pk}", at=at
    )
    changing.note(row, "asked for a swap", by=by, at=at, of=str(person), when=when)
    return asked


@transaction.atomic
def answer(*, swap_id: int, agreed: bool, by: Actor, at: datetime) -> Swap:
    """Agree or decline, as the one who was asked; agreed, it is a change of the rota at once.

    Conflict if it was answered, has begun, or the other is no longer on call then.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row = _swap(swap_id)
    if row.asked_of_id != by.user_id:
        raise NotAllowed(f"{row.asked_of} was asked; only they can answer.")
    _require_waits(row, at=at)
    if agreed:
        _require_holds(row.rota, row.asked_by_id, row.starts_at, row.ends_at)
        changing.require_there(row.asked_of, row.starts_at, row.ends_at)
        row.override = changing.make_override(
            row.rota,
            row.asked_of,
            row.starts_at,
            row.ends_at,
            reason=f"Agreed with {row.asked_by}",
            made_by=row.asked_by_id,
            at=at,
        )
    _answered(row, Swap.State.AGREED if agreed else Swap.State.DECLINED, at=at)
    when = oncall.words(row.starts_at, row.ends_at, row.rota.zone)
    verb = "agreed to be" if agreed else "declined to be"
    said = f"{by} {verb} on call instead of you, {when}."
    rest = [] if agreed else ["You are still on call then."]
    changing.tell(row.asked_by, row.rota, said, rest, key=f"swap-answered:{row.pk}", at=at)
    changing.note(row.rota, f"{row.state} a swap", by=by, at=at, of=str(row.asked_by), when=when)
    return row


@transaction.atomic
def withdraw(*, swap_id: int, by: Actor, at: datetime) -> Swap:
    """Ask no longer. Conflict if it was answered."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row = _swap(swap_id)
    changing.require_own(row.asked_by, by, row.rota)
    _require_waits(row, at=at)
    _answered(row, Swap.State.WITHDRAWN, at=at)
    when = oncall.words(row.starts_at, row.ends_at, row.rota.zone)
    said = f"You need not be on call for {row.asked_by}, {when}."
    changing.tell(row.asked_of, row.rota, said, [], key=f"swap-withdrawn:{row.pk}", at=at)
    changing.note(row.rota, "withdrew a swap", by=by, at=at, of=str(row.asked_of), when=when)
    return row


def expire(*, at: datetime) -> int:
    """What nobody answered before it would have begun ends, and who asked is told; how many."""
    late = Swap.objects.filter(state=Swap.State.ASKED, starts_at__lte=at)
    rows = late.select_related("rota", "asked_by", "asked_of")
    return len(due.each(rows, partial(_expire, at=at), most=RUN_LIMIT))


def _expire(row: Swap, *, at: datetime) -> None:
    _answered(row, Swap.State.EXPIRED, at=at)
    when = oncall.words(row.starts_at, row.ends_at, row.rota.zone)
    said = f"{row.asked_of} did not answer; you are still on call, {when}."
    changing.tell(row.asked_by, row.rota, said, [], key=f"swap-expired:{row.pk}", at=at)


def _swap(swap_id: int) -> Swap:
    rows = Swap.objects.select_for_update(of=("self", "rota"))
    row = rows.select_related("rota", "asked_by", "asked_of").filter(pk=swap_id).first()
    if row is None:
        raise NotFound("There is no such question.")
    return row


def _require_waits(row: Swap, *, at: datetime) -> None:
    if row.state != Swap.State.ASKED:
        raise Conflict(f"It does not wait any more: {row.get_state_display()}.")
    if row.starts_at <= at:
        raise Conflict("It would have begun by now; ask anew for the rest of the time.")


def _require_holds(row: Rota, user_id: int, starts_at: datetime, ends_at: datetime) -> None:
    """InvalidInput unless the person is on call in all of that time."""
    theirs = [turn for turn in changing.turns(row, starts_at, ends_at) if turn.who == user_id]
    if rota.gaps(theirs, starts_at, ends_at):
        if not theirs:
            raise InvalidInput("That person is not on call of this rota in that time.")
        parts = "; ".join(oncall.words(turn.starts, turn.ends, row.zone) for turn in theirs[:5])
        raise InvalidInput(f"Only a part of it is theirs: {parts}. Ask for that.")


def _answered(row: Swap, state: Swap.State, *, at: datetime) -> None:
    row.state, row.answered_at = state, at
    row.save(update_fields=["state", "answered_at", "override"])
