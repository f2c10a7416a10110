"""Tokens: making one, revoking it, and finding out whose a secret is.

A person makes tokens for themselves; a token makes none. What a token may do is decided anew at
each call: its person's roles, or right on their partner, within its scopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from incidentdesk.kernel import access, audit, grants, shown_once, standby, times
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import Token, User
from incidentdesk.kernel.roles import READ_SCOPE, TOKEN_SCOPES, scopes_of

PREFIX = "desk_"  # so that scanners find a secret that leaked
PARTNER_PREFIX = "partner_"
DAYS, MOST_DAYS = 90, Token.LONGEST.days
MOST = 20  # tokens of one person that are in use at the desk, or for one partner
USE_NOTED = timedelta(minutes=1)


@transaction.atomic
def make(
    *, name: str, scopes: Sequence[str], days: int = DAYS, by: Actor, at: datetime
) -> tuple[Token, str]:
    """A token for the person who asks; answers it and its secret, which is shown nowhere again."""
    access.require(by, Permission.INCIDENT_READ)
    user = person(by)
    wanted = {READ_SCOPE, *scopes}
    _require_own(wanted, user)
    ordered = [key for key in TOKEN_SCOPES if key in wanted]
    token, secret = issue(user, name=name, scopes=ordered, days=days, at=at)
    _record(token, "made token", by=by, at=at, scopes=token.scopes, days=days)
    return token, secret


def issue(
    user: User,
    *,
    name: str,
    scopes: Sequence[str],
    days: int,
    at: datetime,
    partner_id: int | None = None,
) -> tuple[Token, str]:
    """The token and its secret; part of a use case that asks for the right and records it."""
    name = name.strip()
    if not name or len(name) > 80:
        raise InvalidInput("A token needs a name of at most 80 characters: what will use it?")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"A token lasts 1 to {MOST_DAYS} days.")
    if in_use(user.pk, at=at).filter(partner_id=partner_id).count() >= MOST:
        raise Conflict(f"You have {MOST} tokens in use; revoke one that you need no more.")
    prefix = PREFIX if partner_id is None else PARTNER_PREFIX
    secret = prefix + shown_once.secret()
    token = Token.objects.create(
        user=user,
        partner_id=partner_id,
        name=name,
        digest=shown_once.digest(secret),
        scopes=list(scopes),
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    return token, secret


@transaction.atomic
def revoke(*, token_id: int, by: Actor, at: datetime) -> Token:
    """End a token at once: one's own, or as an administrator anybody's."""
    access.require(by, Permission.INCIDENT_READ)
    token = end(visible_to(by), token_id, at=at)
    _record(token, "revoked token", by=by, at=at, of=token.user.email)
    return token


def end(seen: QuerySet[Token], token_id: int, *, at: datetime) -> Token:
    """End one of the tokens that may be seen; part of a use case, as `issue` is."""
    token = seen.select_for_update(of=("self",)).filter(pk=token_id).first()
    if token is None:
        raise NotFound("There is no such token.")
    if token.revoked_at is not None:
        raise Conflict(f"“{token.name}” was revoked already.")
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])
    return token


def revoke_all(user: User, *, at: datetime, partner_id: int | None = None) -> int:
    """End every token of a person, as when the login is switched off; answers how many.

    With `partner_id` all but those that work for another partner. Part of a use case that asks for
    the right and records what it did.
    """
    held = Token.objects.filter(user=user, revoked_at=None)
    if partner_id is not None:
        held = held.filter(Q(partner_id=None) | Q(partner_id=partner_id))
    return held.update(revoked_at=at)


def visible_to(actor: Actor) -> QuerySet[Token]:
    """The tokens that this actor may read of: their own; an administrator, everybody's."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return Token.objects.none()
    rows = Token.objects.select_related("user")
    everybody = access.allows(actor, Permission.PEOPLE_WRITE)
    return rows if everybody else rows.filter(user=actor.user_id)


def in_use(user_id: int, *, at: datetime) -> QuerySet[Token]:
    """The tokens of a person that neither ended nor were revoked."""
    return Token.objects.filter(user_id=user_id, revoked_at=None, expires_at__gt=at)


def find(secret: str, *, at: datetime) -> Token | None:
    """The token that works now and whose secret this is, with its person; its use is noted.

    The person has to work at the desk: active, and with a role.
    """
    token = _working(secret, PREFIX, at=at)
    return _used(token, at=at) if token is not None and token.user.roles else None


def find_of_partner(secret: str, *, at: datetime) -> Token | None:
    """The same for a token of somebody at a partner, who has a right on that partner by now."""
    token = _working(secret, PARTNER_PREFIX, at=at)
    if token is None or token.partner_id not in grants.tenant_ids(token.user_id):
        return None
    return _used(token, at=at)


def _working(secret: str, prefix: str, *, at: datetime) -> Token | None:
    """Not ended, not revoked, of somebody active, and of the kind that its secret begins with."""
    if not secret.startswith(prefix):
        return None
    working = Token.objects.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)
    kind = working.filter(partner_id__isnull=prefix == PREFIX)
    return kind.select_related("user").filter(digest=shown_once.digest(secret)).first()


def _used(token: Token, *, at: datetime) -> Token:
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=at - USE_NOTED)
    if token.last_used_at is None or token.last_used_at <= at - USE_NOTED:
        mine = Token.objects.filter(unnoted, pk=token.pk)
        standby.or_next_time(lambda: mine.update(last_used_at=at))()
    return token


def actor_of(token: Token) -> Actor:
    """Who acts with this token: its person, within its scopes, for its partner if it has one."""
    partner_id, scopes = token.partner_id, frozenset(token.scopes)
    called = times.working_for(token.user_id, partner_id)[2] if partner_id else ""
    return access.actor_for(token.user, partner_id=partner_id, scopes=scopes, called=called)


def person(by: Actor) -> User:
    """Who asks for a token, as their roles are now, locked; a token asks for nobody."""
    if by.scopes is not None:
        raise NotAllowed("A token makes no tokens; log in and make it there.")
    return User.objects.select_for_update(of=("self",)).get(pk=by.person_id)


def _require_own(wanted: set[str], user: User) -> None:
    theirs = {scope.key for scope in scopes_of(user.roles)}
    for key in sorted(wanted - theirs):
        if key not in TOKEN_SCOPES:
            raise InvalidInput(f"There is no scope called {key}; take {', '.join(TOKEN_SCOPES)}.")
        raise InvalidInput(f"Your roles give nothing that the scope {key} is for; leave it out.")


def _record(token: Token, action: str, *, by: Actor, at: datetime, **detail: object) -> None:
    audit.record(by=by, at=at, action=action, about=f"token:{token.pk}", name=token.name, **detail)
