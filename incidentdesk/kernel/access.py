"""Who acts, and what they may. Fails closed: no role and no grant means no.

`require` stands in use cases and only there; pages ask `allows` with the same words. The desk
itself acts as SYSTEM, never as None. `User.has_perm` and `is_superuser` are never asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser

from incidentdesk.kernel import grants
from incidentdesk.kernel.errors import NotAllowed
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import (
    Permission,
    partner_permissions_within,
    permissions_of,
    permissions_within,
)

__all__ = ["SYSTEM", "Actor", "Permission", "actor_for", "allows", "require"]

_GRANTS: dict[Permission, frozenset[str]] = {
    Permission.PARTNER_READ: frozenset({"act", "administer", "audit"}),
    Permission.PARTNER_ACT: frozenset({"act", "administer"}),
    Permission.PARTNER_ADMINISTER: frozenset({"administer"}),
}


@dataclass(frozen=True)
class Actor:
    """Who acts: a member of staff (roles), a person for one partner (partner_id), or the desk.

    With `scopes` it is a token that acts for its person, and may do no more than they say.
    `withheld` is what a member of staff who views the portal as a partner is not shown of it:
    `involvement:12`, `report:3`, `reference:ALDER-2026-0007`.
    """

    name: str
    user_id: int | None = None
    roles: frozenset[str] = frozenset()
    partner_id: int | None = None
    is_system: bool = False
    scopes: frozenset[str] | None = None
    withheld: frozenset[str] = frozenset()

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """What the roles give; of a token, what its scopes let through of that."""
        given = permissions_of(self.roles)
        return given if self.scopes is None else given & permissions_within(self.scopes)

    @property
    def person_id(self) -> int:
        """The person's id, for what only a person can do; the desk itself cannot."""
        if self.user_id is None:
            raise NotAllowed(f"{self.name} is not a person; a person has to do this.")
        return self.user_id

    @property
    def tenant_id(self) -> int:
        """The one partner this actor works for; there is no answer for anybody else."""
        if self.partner_id is None:
            raise NotAllowed(f"{self.name} does not work for a partner.")
        return self.partner_id

    @property
    def is_auditor(self) -> bool:
        """Reads everything, and every read is recorded."""
        return "auditor" in self.roles

    def __str__(self) -> str:
        return self.name


SYSTEM = Actor(name="The desk", is_system=True)


def actor_for(
    user: User | AnonymousUser,
    *,
    partner_id: int | None = None,
    scopes: frozenset[str] | None = None,
    called: str = "",
) -> Actor:
    """The person as an actor; with `partner_id` as one who works for that partner, with `scopes`
    as a token of theirs that may do no more than they say. `called` is how the partner knows them:
    the name of their login may be one that they were given elsewhere."""
    if not isinstance(user, User) or not user.is_active:
        return Actor(name="Nobody")
    roles = frozenset() if partner_id else frozenset(user.roles)
    return Actor(called or str(user), user.pk, roles, partner_id, scopes=scopes)


def allows(actor: Actor, permission: Permission, partner: Any = None) -> bool:
    """Whether `actor` has `permission`; partner permissions need the partner as well."""
    if actor.is_system:
        return True
    if permission not in _GRANTS:
        return permission in actor.permissions
    if partner is None or actor.user_id is None or actor.partner_id != partner.pk:
        return False
    if _is_beyond_scopes(actor, permission):
        return False
    return bool(_GRANTS[permission] & grants.granted(actor.user_id, partner))


def gives(codenames: frozenset[str], permission: Permission) -> bool:
    """Whether grants of these names on a partner carry the permission; for what is shown."""
    return bool(_GRANTS[permission] & codenames)


def require(actor: Actor, permission: Permission, partner: Any = None) -> None:
    """Raise NotAllowed, with a sentence, unless `actor` has `permission`."""
    if not allows(actor, permission, partner):
        raise NotAllowed(f"{actor.name} may not {permission.value}; {_remedy(actor, permission)}.")


def _is_beyond_scopes(actor: Actor, permission: Permission) -> bool:
    """Whether it is a partner's token that was not made for this."""
    return actor.scopes is not None and permission not in partner_permissions_within(actor.scopes)


def _remedy(actor: Actor, permission: Permission) -> str:
    """What to do about a permission that is missing."""
    if permission in _GRANTS and _is_beyond_scopes(actor, permission):
        return "this token has no scope for it"
    if permission in _GRANTS:
        return "ask its administrator"
    if permission in permissions_of(actor.roles):
        return "this token has no scope for it, so make one that has"
    return "an administrator can give the role"
