"""What changes of a rota share: whose they may be, which time makes sense, and who is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications import outbox
from notifications.models import Absence, Layer, Override, Rota
from notifications.rotas import oncall, rota

LONGEST = timedelta(days=366)
KIND = "rota"


def make_override(
    row: Rota,
    person: User,
    starts_at: datetime,
    ends_at: datetime,
    *,
    reason: str,
    made_by: int,
    at: datetime,
) -> Override:
    """The row by which this person comes before all layers."""
    return Override.objects.create(
        rota=row,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip()[:200],
        made_by_id=made_by,
        made_at=at,
    )


def locked(rota_id: int) -> Rota:
    """Locked, so that two changes of one rota do not read what the other is about to change."""
    row = Rota.objects.select_for_update(of=("self",)).filter(pk=rota_id, is_active=True).first()
    if row is None:
        raise NotFound("There is no such rota, or it is switched off.")
    return row


def person_of(user_id: int, *, field: str = "user_id") -> User:
    """InvalidInput for somebody who cannot be paged."""
    person = oncall.pageable().filter(pk=user_id).first()
    if person is None:
        raise InvalidInput(
            "This person cannot be paged: the login is off, or no role lets them acknowledge.",
            field=field,
        )
    return person


def may_for_others(row: Rota, by: Actor) -> bool:
    """Whether this actor changes what others do on a rota: its owner, or who keeps registers."""
    is_owner = row.is_active and row.owner_id == by.user_id
    return by.is_system or is_owner or access.allows(by, Permission.REGISTER_WRITE)


def whose(by: Actor, row: Rota | None = None, *, at: datetime) -> QuerySet[User]:
    """Whose time this actor may change on a rota; with None, on all: their leave. One's own, and
    that of those who stand, now or by a plan, on a rota that one owns."""
    people = User.objects.all()
    if row is not None:
        return people if may_for_others(row, by) else people.filter(pk=by.user_id or 0)
    if by.is_system or access.allows(by, Permission.REGISTER_WRITE):
        return people
    owned = Layer.objects.ahead(at).filter(rota__owner=by.user_id, rota__is_active=True)
    return people.filter(Q(pk=by.user_id) | Q(pk__in=owned.values("places__person")))


def require_own(person: User, by: Actor, row: Rota | None = None, *, at: datetime) -> None:
    """NotAllowed for somebody whose time this actor may not change."""
    if not whose(by, row, at=at).filter(pk=person.pk).exists():
        raise NotAllowed(
            f"{by} may not do this for {person}; they can themselves, and so can the owner of the "
            "rota or an administrator."
        )


def sound(
    starts_at: datetime, ends_at: datetime, *, at: datetime, field: str = "ends_at"
) -> datetime:
    """When it begins: not in the past. InvalidInput for a span that makes no sense."""
    if ends_at <= starts_at:
        raise InvalidInput("It has to end later than it begins.", field=field)
    if ends_at <= at:
        raise InvalidInput("That time is over already.", field=field)
    if ends_at - starts_at > LONGEST:
        raise InvalidInput("At most a year at a time.", field=field)
    return max(starts_at, at)


def require_there(person: User, starts_at: datetime, ends_at: datetime) -> None:
    """InvalidInput for somebody who is away in a part of that time."""
    away = Absence.objects.filter(person=person, ended_at=None)
    if away.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise InvalidInput(
            f"{person} is away then; take the leave back, or choose somebody else.", field="user_id"
        )


def has_turns(row: Rota, user_id: int | None, *, at: datetime) -> bool:
    """Whether this person is on call of a rota at some time of the coming year."""
    return any(turn.who == user_id for turn in turns(row, at, at + LONGEST))


def turns(row: Rota, starts_at: datetime, ends_at: datetime) -> list[rota.Turn]:
    """Who is on call in that time."""
    return rota.schedule(oncall.plan(row, starts_at, ends_at), starts_at, ends_at)


def tell(
    person: User, row: Rota, said: str, lines: Iterable[str], *, key: str, at: datetime
) -> None:
    """One mail, unless the person cannot log in any more."""
    if not person.is_active:
        return
    context = {
        "rota": row.name,
        "said": said,
        "lines": [line for line in lines if line],
        "url": row.url,
    }
    outbox.queue(
        kind=KIND, to=person, context=context, about=f"rota:{row.pk}", dedupe_key=key, at=at
    )


def note(about: Rota | User, action: str, *, by: Actor, at: datetime, **detail: str) -> None:
    """A line of the audit trail."""
    kind = "rota" if isinstance(about, Rota) else "user"
    name = str(about)
    audit.record(by=by, at=at, action=action, about=f"{kind}:{about.pk}", name=name, **detail)
