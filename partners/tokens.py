"""Tokens of a partner's people: a program that has one works as its person does in the portal.

Each person makes their own, for the one partner they work for just now; its administrators see and
revoke those of all. A right that is taken back is gone from the tokens too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from incidentdesk.kernel import access, audit, grants, tokens
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.models import Token
from incidentdesk.kernel.roles import PARTNER_SCOPES, READ_SCOPE
from partners.models import Contact, Partner

# What the portal's database role may read; the digest is not among it.
COLUMNS = (
    "id",
    "user_id",
    "partner_id",
    "name",
    "scopes",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
)


def tokens_of(actor: Actor) -> QuerySet[Token]:
    """The actor's tokens for its partner, an administrator's view of everybody's there; oldest
    first, so that each keeps its number, each with its `holder`."""
    rows = Token.objects.filter(partner_id=actor.tenant_id)
    held = grants.held_on(grants.tenant_model(), actor.tenant_id)
    if "administer" not in held.get(actor.user_id or 0, frozenset()):
        rows = rows.filter(user_id=actor.user_id or 0)
    names = Contact.objects.filter(partner_id=actor.tenant_id, user_id=OuterRef("user_id"))
    return (
        rows.only(*COLUMNS)
        .annotate(holder=Subquery(names.order_by("id").values("name")[:1]))
        .order_by("id")
    )


@transaction.atomic
def make(
    *, name: str, scopes: Sequence[str], days: int = tokens.DAYS, by: Actor, at: datetime
) -> tuple[Token, str]:
    """A token for the person who asks, and its secret, which is shown nowhere again."""
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_READ, partner)
    user = tokens.person(by)
    wanted = {READ_SCOPE, *scopes}
    for key in sorted(wanted - set(PARTNER_SCOPES)):
        raise InvalidInput(f"There is no scope called {key}; take {', '.join(PARTNER_SCOPES)}.")
    if "act" in wanted and not access.allows(by, Permission.PARTNER_ACT, partner):
        raise InvalidInput("You read here as an auditor; a token of yours can only read.")
    ordered = [key for key in PARTNER_SCOPES if key in wanted]
    token, secret = tokens.issue(
        user, name=name, scopes=ordered, days=days, at=at, partner_id=partner.pk
    )
    _record(token, "made token", partner, by=by, at=at, days=days)
    return token, secret


@transaction.atomic
def revoke(*, token_id: int, by: Actor, at: datetime) -> Token:
    """End a token at once: one's own, or as the partner's administrator anybody's there."""
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_READ, partner)
    token = tokens.end(tokens_of(by), token_id, at=at)
    _record(token, "revoked token", partner, by=by, at=at)
    return token


def _record(
    token: Token, action: str, partner: Partner, *, by: Actor, at: datetime, **detail: int
) -> None:
    about, scopes = f"partner:{partner.pk}", " ".join(token.scopes)
    detail_of = {"name": str(partner), "token": token.name, "scopes": scopes, **detail}
    audit.record(by=by, at=at, action=action, about=about, **detail_of)
