"""Being on call: taking over, and being away. One changes one's own; the owner of a rota and who
keeps registers change everybody's.

What is in the past stays as it was: a change that begins earlier begins now. Nothing is deleted.
"""

from __future__ import annotations

import itertools
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Absence, Override, Swap
from notifications.rotas import changing, oncall


@transaction.atomic
def take_over(
    *,
    rota_id: int,
    user_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Override:
    """A person is on call instead of whoever the layers say; they and who had it are mailed.

    NotAllowed for another person, but to the owner and who keeps registers. InvalidInput for a
    person who cannot be paged or a time that is over, upside down or longer than a year.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    row, person = changing.locked(rota_id), changing.person_of(user_id)
    changing.require_own(person, by, row, at=at)
    starts_at = changing.sound(starts_at, ends_at, at=at)
    changing.require_there(person, starts_at, ends_at)
    displaced = {turn.who for turn in changing.turns(row, starts_at, ends_at)} - {person.pk}
    made = changing.make_override(
        row, person, starts_at, ends_at, reason=reason, made_by=by.person_id, at=at
    )
    when = oncall.words(starts_at, ends_at, row.zone)
    told = f"{person} takes over, {when}."
    others = User.objects.filter(pk__in={person.pk, *displaced} - {by.user_id})
    for other in others.order_by("id"):
        changing.tell(other, row, told, [reason], key=f"override:{made.pk}:{other.pk}", at=at)
    changing.note(row, "took over", by=by, at=at, person=str(person), when=when, reason=reason)
    return made


@transaction.atomic
def end_take_over(*, override_id: int, by: Actor, at: datetime) -> Override:
    """Take it back: from now on the layers say who is on call again. Conflict if it is over.

    Of a swap both ways both parts end. Once one of them has begun, what was agreed stands: only the
    owner of the rota, or who keeps registers, ends what is left of it.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    parts = _parts(override_id)
    row = parts[0]
    changing.require_own(row.person, by, row.rota, at=at)
    if row.ended_at is not None or row.ends_at <= at:
        raise Conflict("It is over, or was taken back already.")
    if is_owed(row, at=at) and not changing.may_for_others(row.rota, by):
        raise NotAllowed(
            f"It is a part of a swap both ways that has begun. Ask somebody to take over, or "
            f"{row.rota.owner}, who owns the rota, to take it back."
        )
    for part in parts:
        if part.ended_at is None and part.ends_at > at:
            _take_back(part, by=by, at=at)
    return row


def is_owed(row: Override, *, at: datetime) -> bool:
    """Whether it is a part of a swap both ways of which a turn, this or the other, has begun."""
    swap = getattr(row, "swap", None) or getattr(row, "swap_in_return", None)
    if swap is None:
        return False
    other = swap.return_override if swap.override_id == row.pk else swap.override
    return other is not None and min(row.starts_at, other.starts_at) <= at


def _parts(override_id: int) -> list[Override]:
    """A change, locked with its rota, and of a swap both ways what was agreed in return."""
    both = Swap.objects.filter(Q(override=override_id) | Q(return_override=override_id))
    ids = {override_id, *itertools.chain(*both.values_list("override", "return_override"))}
    rows = Override.objects.select_for_update(of=("self", "rota"))
    rows = rows.select_related("rota__owner", "person").filter(pk__in=ids - {None})
    found = sorted(rows.order_by("id"), key=lambda row: row.pk != override_id)
    if not found:
        raise NotFound("There is no such change.")
    return found


def _take_back(row: Override, *, by: Actor, at: datetime) -> None:
    when = oncall.words(max(row.starts_at, at), row.ends_at, row.rota.zone)
    _cut(row, at=at)
    if row.person_id != by.user_id:
        said = f"{by} took back that you are on call, {when}."
        changing.tell(row.person, row.rota, said, [], key=f"override-ended:{row.pk}", at=at)
    changing.note(row.rota, "took back a change", by=by, at=at, person=str(row.person), when=when)


@transaction.atomic
def be_away(
    *, user_id: int, starts_at: datetime, ends_at: datetime, by: Actor, at: datetime
) -> Absence:
    """A person is on leave: on every rota the next one who is there takes their turns meanwhile.

    For another person the owner of a rota that they stand on, or who keeps registers.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    person = changing.person_of(user_id)
    changing.require_own(person, by, at=at)
    made = Absence.objects.create(
        person=person,
        starts_at=changing.sound(starts_at, ends_at, at=at),
        ends_at=ends_at,
        made_by_id=by.person_id,
        made_at=at,
    )
    changing.note(
        person, "put down as away", by=by, at=at, when=oncall.words(made.starts_at, ends_at)
    )
    return made


@transaction.atomic
def come_back(*, absence_id: int, by: Actor, at: datetime) -> Absence:
    """Back earlier, or not away at all: the rest of it counts no more. Conflict if it is over."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    rows = Absence.objects.select_for_update(of=("self",)).select_related("person")
    row = rows.filter(pk=absence_id).first()
    if row is None:
        raise NotFound("There is no such leave.")
    changing.require_own(row.person, by, at=at)
    if row.ended_at is not None or row.ends_at <= at:
        raise Conflict("It is over, or was taken back already.")
    _cut(row, at=at)
    changing.note(row.person, "took back leave of", by=by, at=at)
    return row


def _cut(row: Override | Absence, *, at: datetime) -> None:
    """What has begun ends now; what has not never was."""
    if row.starts_at < at:
        row.ends_at = at
    else:
        row.ended_at = at
    row.save(update_fields=["ends_at", "ended_at"])
