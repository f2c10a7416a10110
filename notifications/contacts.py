"""How a person is reached: they add ways, prove that each is theirs, put them in order, try them.

The mail address of the account needs no row and cannot be taken away: it is the last way of all.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from incidentdesk.kernel import access, audit, shown_once, zones
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications import addresses, failover, outbox, proving
from notifications.channels import apprise
from notifications.models import ContactMethod, Message

MOST = 10  # methods of one person
CODE_FOR = timedelta(minutes=15)
TRIES = 5  # of one code
APART = timedelta(minutes=1)  # codes, and tests, of one method
_Channel = ContactMethod.Channel


@dataclass(frozen=True)
class Wish:
    """When a method is used: its place among the others, from which severity, at which hours."""

    label: str
    position: int = 1
    reach: int = ContactMethod.Reach.ALL
    from_time: time | None = None  # in `zone`; empty with `until_time`: at any hour
    until_time: time | None = None
    zone: str = "UTC"


@transaction.atomic
def add(
    *, channel: str, address: str, wish: Wish, by: Actor, at: datetime
) -> tuple[ContactMethod, str]:
    """A further way to oneself; a code goes there, and nothing else before it was typed in.

    Answers it and, of a webhook, the secret, which is shown nowhere again.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    person = _person(by)
    if ContactMethod.objects.filter(user=person, removed_at=None).count() >= MOST:
        raise Conflict(f"You have {MOST} ways already; remove one that you need no more.")
    address, shown = _read(channel, address.strip())
    secret = shown_once.signing_secret() if channel == _Channel.WEBHOOK else ""
    method = ContactMethod(
        user=person, channel=channel, address=address, shown=shown, secret=secret, added_at=at
    )
    _put(method, wish)
    method.save()
    _send_code(method, at=at)
    _record(method, "added contact method", by=by, at=at)
    return method, secret


@transaction.atomic
def send_code(*, method_id: int, by: Actor, at: datetime) -> ContactMethod:
    """A new code, by that very method; the one before it is void."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    method = _own(method_id, by)
    if method.verified_at is not None:
        raise Conflict("It is verified already.")
    if method.code_sent_at is not None and at < method.code_sent_at + APART:
        raise Conflict("A code was sent a moment ago; wait a minute before you ask for another.")
    _send_code(method, at=at)
    return method


@transaction.atomic
def verify(*, method_id: int, code: str, by: Actor, at: datetime) -> bool:
    """The code that came by it was typed in: from now on pages go by it.

    False for a wrong one, which is counted, so it is no refusal: that would take the count back.
    """
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    method = _own(method_id, by)
    if method.verified_at is not None:
        raise Conflict("It is verified already.")
    is_over = method.code_sent_at is None or at >= method.code_sent_at + CODE_FOR
    if is_over or method.code_tries >= TRIES or not method.code_digest:
        raise Conflict("This code is void by now; ask for a new one.")
    if not constant_time_compare(_digest(method, code.strip()), method.code_digest):
        method.code_tries += 1
        method.save(update_fields=["code_tries"])
        return False
    method.verified_at, method.code_digest = at, ""
    method.failures, method.bad_since, method.bad_because = 0, None, ""
    method.save()
    _record(method, "verified contact method", by=by, at=at)
    return True


@transaction.atomic
def change(*, method_id: int, wish: Wish, by: Actor, at: datetime) -> ContactMethod:
    """Another name, place, severity or hours; another address is another method."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    method = _own(method_id, by)
    _put(method, wish)
    method.save()
    _record(method, "changed contact method", by=by, at=at)
    return method


@transaction.atomic
def remove(*, method_id: int, by: Actor, at: datetime) -> ContactMethod:
    """Nothing goes by it any more, nor what waits; its address and secret are destroyed."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    method = _own(method_id, by)
    waiting = Message.objects.filter(method=method, state=Message.State.QUEUED)
    for message in waiting.select_related("to_user").order_by("pk"):
        failover.follow(message, "Its person removed this way.", at=at)
    outbox.end(waiting, Message.State.SUPPRESSED, "It was removed before this was sent.", at=at)
    method.address = method.secret = method.code_digest = ""
    method.removed_at = at
    method.save()
    _record(method, "removed contact method", by=by, at=at)
    return method


@transaction.atomic
def try_out(*, method_id: int, by: Actor, at: datetime) -> ContactMethod:
    """Send a test by it: one's own, or as an administrator anybody's; what came of it is kept."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    method = _locked(visible_to(by), method_id)
    if method.verified_at is None:
        raise Conflict("It is not verified yet; type in the code that came by it first.")
    if method.last_test is not None and at < method.last_test.created_at + APART:
        raise Conflict("A test was sent a moment ago; wait a minute before the next.")
    proving.send_test(method, by_name=by.name, at=at)
    _record(method, "tested contact method", by=by, at=at)
    return method


def visible_to(actor: Actor) -> QuerySet[ContactMethod]:
    """The methods that this actor may see: their own; an administrator, everybody's."""
    rows = ContactMethod.objects.filter(removed_at=None).select_related("user", "last_test")
    if not access.allows(actor, Permission.INCIDENT_READ):
        return rows.none()
    everybody = access.allows(actor, Permission.PEOPLE_WRITE)
    return rows if everybody else rows.filter(user=actor.user_id)


# --- steps ----------------------------------------------------------------------------------------


def _send_code(method: ContactMethod, *, at: datetime) -> None:
    code = f"{secrets.randbelow(10**6):06d}"
    method.code_digest, method.code_sent_at, method.code_tries = _digest(method, code), at, 0
    method.save(update_fields=["code_digest", "code_sent_at", "code_tries"])
    proving.send(
        "method_code",
        method,
        {"code": code, "label": method.label, "person": method.user.name},
        at=at,
    )


def _read(channel: str, address: str) -> tuple[str, str]:
    """The address as it is used, and what of it others may read."""
    if channel == _Channel.WEBHOOK:
        url = addresses.checked(address, field="address")
        return url, url.split("/")[2][:120]
    if channel == _Channel.CHAT:
        return address, apprise.checked(address)[:120]
    if channel != _Channel.EMAIL:
        raise InvalidInput("Choose one of the channels.", field="channel")
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidInput(
            "Give a mail address such as name@example.com.", field="address"
        ) from None
    name, _, domain = address.lower().rpartition("@")
    return address.lower(), f"{name[:1]}…@{domain}"[:120]


def _put(method: ContactMethod, wish: Wish) -> None:
    label = wish.label.strip()
    if not label or len(label) > 60:
        raise InvalidInput("Give it a name of at most 60 characters.", field="label")
    if (wish.from_time is None) is not (wish.until_time is None):
        raise InvalidInput("Give both hours, or none for any hour.", field="until_time")
    if wish.from_time is not None and wish.from_time == wish.until_time:
        raise InvalidInput("Give two different hours, or none for any hour.", field="until_time")
    if said := zones.wrong(wish.zone):
        raise InvalidInput(said, field="zone")
    if wish.reach not in ContactMethod.Reach.values:
        raise InvalidInput("Choose for which severities it is.", field="reach")
    if not 1 <= wish.position <= 99:
        raise InvalidInput("Give a place from 1 to 99.", field="position")
    method.label, method.position, method.reach = label, wish.position, wish.reach
    method.from_time, method.until_time, method.zone = wish.from_time, wish.until_time, wish.zone


def _person(by: Actor) -> User:
    if by.scopes is not None:
        raise NotAllowed("A token changes nothing of how you are reached; log in and do it there.")
    return User.objects.select_for_update(of=("self",)).get(pk=by.person_id)


def _own(method_id: int, by: Actor) -> ContactMethod:
    person = _person(by)
    return _locked(visible_to(by).filter(user=person), method_id)


def _locked(seen: QuerySet[ContactMethod], method_id: int) -> ContactMethod:
    method = seen.select_for_update(of=("self",)).filter(pk=method_id).first()
    if method is None:
        raise NotFound("There is no such way.")
    return method


def _digest(method: ContactMethod, code: str) -> str:
    return hashlib.sha256(f"{method.pk}:{code}".encode()).hexdigest()


def _record(method: ContactMethod, action: str, *, by: Actor, at: datetime) -> None:
    about = f"contactmethod:{method.pk}"
    audit.record(by=by, at=at, action=action, about=about, name=method.label, of=method.user.email)
