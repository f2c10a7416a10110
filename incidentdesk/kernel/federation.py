"""Staff whom a provider of single sign-on vouches for: who is let in, and with which roles.

The provider says who somebody is and in which groups; settings.SSO_ROLES says what roles those
give, anew at each login. Somebody at a partner never comes in this way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from incidentdesk.kernel import audit, grants, sessions, tokens
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES

UNVERIFIED = (
    "Your provider has not verified your e-mail address, so you cannot log in with it; ask those "
    "who keep it."
)
NO_ROLE = "None of your groups gives you a role at this desk; ask those who keep the groups."
PARTNERS = "This address belongs to somebody at a partner; log in with your password."
SWITCHED_OFF = "You cannot log in; ask an administrator of the desk."


@dataclass(frozen=True)
class Told:
    """What the provider says of somebody."""

    email: str
    name: str
    is_verified: bool
    groups: frozenset[str]


def roles_of(groups: Iterable[str]) -> list[str]:
    """The roles that these groups give together, as they are stored."""
    named = set(groups)
    return sorted(role for role in ROLES if named & set(settings.SSO_ROLES.get(role, ())))


@transaction.atomic
def admit(*, told: Told, linked_id: int | None, at: datetime) -> tuple[User | None, str]:
    """The person to be logged in, with the roles that their groups give now; or None, and why.

    `linked_id` is who came by this very account of the provider before. Nobody else is known but by
    an address that the provider verified. Whoever came before and has no group left loses the
    roles, the sessions and the tokens.
    """
    if not told.is_verified or not told.email:
        return None, UNVERIFIED
    roles = roles_of(told.groups)
    rows = User.objects.select_for_update()
    known = {"email": told.email} if linked_id is None else {"pk": linked_id}
    user = rows.filter(**known).first()
    if user is None:
        return (_add(told, roles, at=at), "") if roles else (None, NO_ROLE)
    if not user.is_active:
        return None, SWITCHED_OFF
    if grants.tenant_ids(user.pk) or (not user.roles and linked_id is None):
        return None, PARTNERS
    if linked_id is not None or roles:
        _give(user, roles, at=at)
    return (user, "") if roles else (None, NO_ROLE)


def _add(told: Told, roles: list[str], *, at: datetime) -> User:
    user = User.objects.create_user(told.email, None, name=told.name[:120], roles=roles)
    detail = {"roles": roles, "email": user.email, "groups": sorted(told.groups)}
    _record("added person by single sign-on", user, at=at, **detail)
    return user


def _give(user: User, roles: list[str], *, at: datetime) -> None:
    before = sorted(user.roles)
    if before == roles:
        return
    user.roles = roles
    user.save(update_fields=["roles"])
    if not roles:
        sessions.end_others(user, this=None)
        tokens.revoke_all(user, at=at)
    action = "changed roles by single sign-on"
    _record(action, user, at=at, changes={"roles": [before, roles]})


def _record(action: str, user: User, *, at: datetime, **detail: object) -> None:
    audit.record(by=SYSTEM, at=at, action=action, about=f"user:{user.pk}", name=str(user), **detail)
