"""Swaps: one person asks another to be on call instead, and may take a turn of theirs in return.
Nothing changes without consent, and nothing by half.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from incidentdesk.kernel import access, due
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Override, Rota, Swap
from notifications.rotas import changing, oncall, rota

Span = tuple[datetime, datetime]

RUN_LIMIT = 200


@transaction.atomic
def ask(
    *,
    rota_id: int,
    user_id: int,
    starts_at: datetime,
    ends_at: datetime,
    in_return: Span | None = None,
    words: str = "",
    by: Actor,
    at: datetime,
) -> Swap:
    """Ask another to be on call in one's place, and offer to take time of theirs `in_return`.
    Nothing changes until they agree; they are mailed.

    InvalidInput if one is not on call in all of one's time, or they in theirs, or who would take it
    is away.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row, person = changing.locked(rota_id), changing.person_of(user_id)
    if person.pk == by.person_id:
        raise InvalidInput("Ask somebody else than yourself.", field="user_id")
    swap = Swap(rota=row, asked_by=User.objects.get(pk=by.person_id), asked_of=person, asked_at=at)
    swap.starts_at, swap.ends_at = changing.sound(starts_at, ends_at, at=at), ends_at
    if in_return is not None:
        begins = changing.sound(*in_return, at=at, field="return_ends_at")
        swap.return_starts_at, swap.return_ends_at = begins, in_return[1]
    swap.words = words.strip()[:200]
    for part in _parts(swap):
        part.require_possible()
    swap.save()
    said = f"{by} asks you to be on call instead, {when(swap)}."
    rest = [offer(swap), words, "Agree or decline at the desk."]
    changing.tell(person, row, said, rest, key=f"swap:{swap.pk}", at=at)
    changing.note(row, "asked for a swap", by=by, at=at, of=str(person), **_when(swap))
    return swap


@transaction.atomic
def answer(*, swap_id: int, agreed: bool, by: Actor, at: datetime) -> Swap:
    """Agree or decline, as the one who was asked; agreed, it is a change of the rota at once, both
    ways or not at all.

    Of what has begun only the time from now on changes hands; what passed stays as it was. Conflict
    if it was answered, or it or what is taken in return is over; InvalidInput if somebody is no
    longer on call in all of what is left, or away.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row = _swap(swap_id)
    if row.asked_of_id != by.user_id:
        raise NotAllowed(f"{row.asked_of} was asked; only they can answer.")
    _require_waits(row, at=at)
    _leave_out_what_passed(row, at=at)
    if agreed:
        parts = _parts(row)
        for part in parts:
            part.require_possible()
        row.override, row.return_override = [*(part.made(at=at) for part in parts), None][:2]
    _answered(row, Swap.State.AGREED if agreed else Swap.State.DECLINED, at=at)
    verb = "agreed to be" if agreed else "declined to be"
    said = f"{by} {verb} on call instead of you, {when(row)}."
    rest = [f"You are on call instead of them, {when_in_return(row)}."] if row.is_two_way else []
    rest = rest if agreed else ["You are still on call then."]
    changing.tell(row.asked_by, row.rota, said, rest, key=f"swap-answered:{row.pk}", at=at)
    changing.note(row.rota, f"{row.state} a swap", by=by, at=at, of=str(row.asked_by), **_when(row))
    return row


@transaction.atomic
def withdraw(*, swap_id: int, by: Actor, at: datetime) -> Swap:
    """Ask no longer. Conflict if it was answered."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row = _swap(swap_id)
    changing.require_own(row.asked_by, by, row.rota, at=at)
    _require_waits(row, at=at)
    _answered(row, Swap.State.WITHDRAWN, at=at)
    said = f"You need not be on call for {row.asked_by}, {when(row)}."
    changing.tell(row.asked_of, row.rota, said, [], key=f"swap-withdrawn:{row.pk}", at=at)
    changing.note(row.rota, "withdrew a swap", by=by, at=at, of=str(row.asked_of), **_when(row))
    return row


def waiting(row: Rota, *, at: datetime) -> QuerySet[Swap]:
    """The questions about a rota that can still be answered."""
    found = row.swaps.filter(state=Swap.State.ASKED, ends_at__gt=at)
    found = found.filter(Q(return_ends_at=None) | Q(return_ends_at__gt=at))
    return found.select_related("rota", "asked_by", "asked_of").order_by("starts_at", "id")


def expire(*, at: datetime) -> int:
    """What nobody answered before the first of it was over ends, and who asked is told; how
    many."""
    over = Q(ends_at__lte=at) | Q(return_ends_at__lte=at)
    late = Swap.objects.filter(over, state=Swap.State.ASKED)
    rows = late.select_related("rota", "asked_by", "asked_of")
    return len(due.each(rows, partial(_expire, at=at), most=RUN_LIMIT))


def _expire(row: Swap, *, at: datetime) -> None:
    _answered(row, Swap.State.EXPIRED, at=at)
    stay = "stayed" if row.ends_at <= at else "are still"
    said = f"{row.asked_of} did not answer; you {stay} on call, {when(row)}."
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
    if row.open_until <= at:
        raise Conflict("What was asked for, or what was offered in return, is over by now.")


def _leave_out_what_passed(row: Swap, *, at: datetime) -> None:
    """What is agreed and told begins now at the earliest. Not stored: the question stays as it was
    asked."""
    row.starts_at = max(row.starts_at, at)
    if row.return_starts_at is not None:
        row.return_starts_at = max(row.return_starts_at, at)


@dataclass(frozen=True)
class _Part:
    """One of the turns that change hands: whose it is, and who takes it."""

    row: Rota
    holder: User
    taker: User
    starts_at: datetime
    ends_at: datetime
    asked_by: User

    def require_possible(self) -> None:
        """InvalidInput unless all of it is the one's, and the other is there."""
        changing.person_of(self.taker.pk)
        held = changing.turns(self.row, self.starts_at, self.ends_at)
        theirs = [turn for turn in held if turn.who == self.holder.pk]
        if not theirs:
            span = oncall.words(self.starts_at, self.ends_at, self.row.zone)
            raise InvalidInput(f"{self.holder} is not on call of this rota, {span}.")
        if rota.gaps(theirs, self.starts_at, self.ends_at):
            parts = "; ".join(
                oncall.words(turn.starts, turn.ends, self.row.zone) for turn in theirs[:5]
            )
            raise InvalidInput(f"Only a part of it is {self.holder}’s: {parts}. Ask for that.")
        changing.require_there(self.taker, self.starts_at, self.ends_at)

    def made(self, *, at: datetime) -> Override:
        """The change of the rota."""
        return changing.make_override(
            self.row,
            self.taker,
            self.starts_at,
            self.ends_at,
            reason=f"Agreed with {self.holder}",
            made_by=self.asked_by.pk,
            at=at,
        )


def _parts(row: Swap) -> list[_Part]:
    """What is asked for and, both ways, what is offered."""
    asks, of = row.asked_by, row.asked_of
    found = [_Part(row.rota, asks, of, row.starts_at, row.ends_at, asks)]
    if row.return_starts_at is not None and row.return_ends_at is not None:
        found.append(_Part(row.rota, of, asks, row.return_starts_at, row.return_ends_at, asks))
    return found


def when(row: Swap) -> str:
    """The time that one is asked to take, in words."""
    return oncall.words(row.starts_at, row.ends_at, row.rota.zone)


def when_in_return(row: Swap) -> str:
    """The time that is taken in return, in words; empty if none is."""
    if row.return_starts_at is None or row.return_ends_at is None:
        return ""
    return oncall.words(row.return_starts_at, row.return_ends_at, row.rota.zone)


def offer(row: Swap) -> str:
    """What is offered to the one who is asked, in a sentence; empty if nothing is."""
    span = when_in_return(row)
    return f"In return {row.asked_by} is on call instead of you, {span}." if span else ""


def _when(row: Swap) -> dict[str, str]:
    """For the audit trail."""
    span = when_in_return(row)
    return {"when": when(row), **({"in_return": span} if span else {})}


def _answered(row: Swap, state: Swap.State, *, at: datetime) -> None:
    row.state, row.answered_at = state, at
    row.save(update_fields=["state", "answered_at", "override", "return_override"])
