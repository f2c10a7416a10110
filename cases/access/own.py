"""The desk's own accesses: logins and uses of tokens as they happen, and what the audit trail says.

The audit trail stays the one place in which the desk writes down what people did; what rules watch
of it is derived from there. Logins and uses of tokens are no decisions of anybody and far more than
decisions: they stand here alone, and are forgotten with the rest.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db.models import Max

from cases.access import stored, told
from cases.access.stored import Line
from cases.access.told import Told
from cases.intake import sources
from cases.models import AccessEvent, Source
from incidentdesk.kernel import audit, counted, shown_once, standby
from incidentdesk.kernel.models import AuditEvent, Token, User

ONCE_IN = 60  # seconds in which a token's uses from one network are one event
MOST_STRANGERS = 30  # unknown tokens a minute from one network that are written down
_A_RUN = 2_000
_LATE = 1_000  # lines of the audit trail that may still be committed behind a later one
_READINGS = {
    "read": "read",
    "exported": "export",
    "took the record of": "export",
    "downloaded evidence": "download",
}
# What else begins the lines of somebody who works with the desk, or reads in it. All other lines of
# the audit trail tell of what changes how the desk works: a new one is privileged until it stands
# here.
_ORDINARY = (
    "accepted the invitation of",
    "answered ",
    "changed own preferences",
    "ended own sessions",
    "made own recovery codes anew",
    "removed own second factor",
    "renamed own passkey",
    "set up own second factor",
    "found evidence changed",
    "took back ",
    "viewed the portal as",
)


def source() -> Source:
    """The source that stands for the desk itself, and by which rules open incidents."""
    return sources.the_desk()


def note(
    *,
    action: str,
    outcome: str,
    actor: str,
    address: str,
    at: datetime,
    is_key: bool = False,
    **detail: Any,
) -> None:
    """Write down an access to the desk; each call is one."""
    line = Told(
        at,
        action,
        outcome,
        actor[:200],
        _known(address),
        is_key=is_key,
        detail=detail,
        id=str(uuid.uuid4()),
    )
    stored.store(source(), [Line(line)], at=at)


def _known(address: str) -> str | None:
    try:
        return told.address_of(address)
    except ValueError:  # a proxy's socket has none
        return None


def login(*, email: str, outcome: str, address: str, at: datetime) -> None:
    """Somebody logged in, or failed to. Barred is who knows the password of an account that is
    switched off."""
    note(action="login", outcome=outcome, actor=email.strip().lower(), address=address, at=at)


def token_used(token: Token, *, address: str, at: datetime) -> None:
    """A program called with a token; once a minute for each network."""
    key = f"access-token:{token.pk}:{told.network_of(_known(address))}"
    if cache.add(key, 1, timeout=ONCE_IN):
        noting = partial(_note_token, token, told.SUCCESS, address=address, at=at)
        standby.or_next_time(noting)()  # while the database is moved, programs read all the same


def token_refused(secret: str, *, address: str, at: datetime) -> None:
    """A program called with what is no token, or none that works any more."""
    network = told.network_of(_known(address))
    from_it = f"access-stranger:{network}:{int(at.timestamp()) // 60}"
    if counted.count(from_it, seconds=120) > MOST_STRANGERS:
        return
    digest = shown_once.digest(secret)
    token = Token.objects.select_related("user").filter(digest=digest).first()
    if token is None:
        note(action="api", outcome=told.FAILURE, actor="", address=address, at=at)
        return
    is_barred = token.revoked_at is not None or not token.user.is_active
    _note_token(token, told.BARRED if is_barred else told.FAILURE, address=address, at=at)


def _note_token(token: Token, outcome: str, *, address: str, at: datetime) -> None:
    of_partner = {} if token.partner_id is None else {"partner": str(token.partner_id)}
    note(
        action="api",
        outcome=outcome,
        actor=f"token {token.pk} “{token.name}”",
        address=address,
        at=at,
        is_key=token.partner_id is not None,
        person=token.user.email,
        **of_partner,
    )


def take_audit_trail(*, at: datetime) -> int:
    """Derive access events from what the audit trail says of people. Answers how many."""
    newest = AccessEvent.objects.aggregate(n=Max("audit_id"))["n"] or 0
    known = set(
        AccessEvent.objects.filter(audit_id__gt=newest - _LATE).values_list("audit_id", flat=True)
    )
    lines = AuditEvent.objects.filter(
        pk__gt=newest - _LATE, at__gt=at - stored.KEPT, user_id__isnull=False
    ).exclude(action=audit.REFUSED)  # it is no failure to log in, which is what rules count
    lines = lines.order_by("pk")[:_A_RUN]
    fresh = [line for line in lines if line.pk not in known]
    if not fresh:
        return 0
    people = dict(
        User.objects.filter(pk__in={line.user_id for line in fresh}).values_list("pk", "email")
    )
    return stored.store(source(), [_derived(line, people) for line in fresh], at=at)


def _derived(line: AuditEvent, people: dict[int, str]) -> Line:
    """What a line of the audit trail says, without names: who may read those reads them there."""
    action = _READINGS.get(line.action, line.action)
    is_privileged = line.action not in _READINGS and not line.action.startswith(_ORDINARY)
    what = {"about": line.about.split(":")[0]}
    known = Told(
        line.at,
        action,
        told.SUCCESS,
        people.get(line.user_id or 0, line.actor),
        is_privileged=is_privileged,
        detail=what,
        id=f"audit:{line.pk}",
    )
    return Line(known, audit_id=line.pk)
