"""The people of the desk: adding them, and changing who they are and what they may do.

Nobody changes what they may do themselves, so nobody can give themselves a right, and at least one
administrator stays: the one who acts. Partners' contacts get their logins from the register.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.module_loading import import_string

from incidentdesk.kernel import access, audit, grants, sessions, tokens
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import LinkRequest, User
from incidentdesk.kernel.roles import ROLES, permissions_of

FORGOTTEN = "@forgotten.invalid"  # where nobody gets mail
FORMER = "Former colleague"


@transaction.atomic
def add(
    *, email: str, name: str, roles: Sequence[str], password: str = "", by: Actor, at: datetime
) -> User:
    """A new member of staff. Without a password only a link lets them in."""
    access.require(by, Permission.PEOPLE_WRITE)
    if not roles:
        raise InvalidInput("Tick at least one role; without one a person sees nothing.")
    _require_known(roles)
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise InvalidInput(f"Somebody has the address {email.strip()} already.")
    if password:
        require_good(password, User(email=email, name=name))
    user = User.objects.create_user(email, password or None, name=name.strip(), roles=list(roles))
    _record(user, "added person", by=by, at=at, roles=sorted(roles), email=user.email)
    return user


@transaction.atomic
def change(
    *,
    user_id: int,
    email: str,
    name: str,
    roles: Sequence[str],
    is_active: bool,
    by: Actor,
    at: datetime,
) -> tuple[User, str]:
    """Correct a person's name and address, give and take roles, switch the login off or on.

    A login that is switched off takes its tokens with it, and what it began for a partner
    (settings.LEAVES): they do not come back with it. Answers the person, and in words what of
    theirs ended so.
    """
    access.require(by, Permission.PEOPLE_WRITE)
    leaves = import_string(settings.LEAVES)
    ended: str = "" if is_active else leaves(user_id, by=by, at=at)
    user = _locked(user_id, by)
    require_changeable(user, roles=roles, is_active=is_active, by=by)
    email = email.strip().lower()
    if User.objects.filter(email=email).exclude(pk=user.pk).exists():
        raise InvalidInput(f"Somebody else has the address {email} already.")
    new = {"email": email, "name": name.strip(), "roles": sorted(roles), "is_active": is_active}
    old = {key: getattr(user, key) for key in new} | {"roles": sorted(user.roles)}
    for key, value in new.items():
        setattr(user, key, value)
    user.save(update_fields=list(new))
    if not user.is_active:
        tokens.revoke_all(user, at=at)
    changes = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
    _record(user, "changed person", by=by, at=at, changes=changes)
    return user, ended


@transaction.atomic
def set_password(*, user_id: int, password: str, by: Actor, at: datetime) -> User:
    """Give a person a password, by word of mouth; sessions and tokens end.

    One's own is changed where one logs in.
    """
    access.require(by, Permission.PEOPLE_WRITE)
    user = _locked(user_id, by)
    if user.pk == by.user_id:
        raise InvalidInput("Change your own password from the menu under your name.")
    require_good(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    tokens.revoke_all(user, at=at)
    _record(user, "set the password of", by=by, at=at)
    return user


@transaction.atomic
def invite(*, user_id: int, by: Actor, at: datetime) -> User:
    """A person may be mailed a link to set a password; the caller mails it after the commit."""
    access.require(by, Permission.PEOPLE_WRITE)
    user = _locked(user_id, by)
    if not user.is_active:
        raise Conflict(f"{user} is switched off; switch the login on first.")
    _record(user, "mailed a password link to", by=by, at=at)
    return user


@transaction.atomic
def forget(*, user_id: int, reason: str = "", by: Actor, at: datetime) -> User:
    """Take the name and the address of somebody who left out of the register, for good.

    A pseudonym stands in their place. What is written once stays as it was signed: timelines, the
    audit trail, field history.
    """
    access.require(by, Permission.PEOPLE_WRITE)
    user = _locked(user_id, by)
    if why := why_not_forgotten(user):
        raise Conflict(why)
    pseudonymise(user, FORMER, at=at)
    _record(user, "forgot person", by=by, at=at, reason=reason)
    return user


def why_not_forgotten(user: User) -> str:
    """Why somebody cannot be reduced to a pseudonym now; nothing if they can."""
    if user.is_active:
        return f"{user} can still log in; switch the login off first."
    return f"{user} was forgotten already." if user.email.endswith(FORGOTTEN) else ""


def pseudonym(user: User, called: str) -> tuple[str, str]:
    """The name and the address that stand in somebody's place."""
    return f"{called} {user.pk}", f"person-{user.pk}{FORGOTTEN}"


def pseudonymise(user: User, called: str, *, at: datetime) -> None:
    """Nothing of the person is left in the row, nor of how they logged in and were reached.

    Part of a use case that asks and records. The number by which a provider of single sign-on knows
    them stays: without it they would come in again as somebody new.
    """
    if user.email.endswith(FORGOTTEN):
        raise Conflict(f"{user} was forgotten already.")
    name, email = pseudonym(user, called)
    import_string(settings.FORGETS)(user, gone=email, at=at)
    LinkRequest.objects.filter(email__iexact=user.email).delete()
    EmailAddress.objects.filter(user_id=user.pk).delete()
    Authenticator.objects.filter(user_id=user.pk).delete()
    SocialAccount.objects.filter(user_id=user.pk).update(extra_data={})
    user.name, user.email = name, email
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["name", "email", "is_active", "password"])
    user.tokens.update(name="forgotten")
    end_sessions(user)
    sessions.end_others(user, this=None)


def end_sessions(user: User) -> None:
    """Every browser in which this person is logged in asks for the password again, at once.

    Part of a use case that asks for the right and records what it did.
    """
    user.session_salt = secrets.token_hex(8)
    user.save(update_fields=["session_salt"])


def require_changeable(user: User, *, roles: Collection[str], is_active: bool, by: Actor) -> None:
    """Refuse a change of roles or of the login that this person may not make to `user`."""
    _require_known(roles)
    is_self = user.pk == by.user_id
    if is_self and permissions_of(roles) != permissions_of(user.roles):
        raise InvalidInput("Nobody changes their own roles; ask another administrator.")
    if is_self and not is_active:
        raise InvalidInput("Nobody switches off their own login; ask another administrator.")
    if roles and not user.roles and grants.tenant_ids(user.pk):
        raise InvalidInput(
            f"{user.email} works for a partner and cannot work at the desk too; "
            "use another address."
        )


def _require_known(roles: Collection[str]) -> None:
    unknown = set(roles) - set(ROLES)
    if unknown:
        raise InvalidInput(f"There is no role called {sorted(unknown)[0]}.")


def require_good(password: str, user: User) -> None:
    """Refuse, in words, a password that the rules do not allow for this person."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages)) from error


def _locked(user_id: int, by: Actor) -> User:
    """The person, and who acts: two administrators cannot take each other's role at once."""
    rows = User.objects.select_for_update().filter(pk__in={user_id, by.user_id or 0})
    found = {user.pk: user for user in rows.order_by("pk")}
    if user_id not in found:
        raise NotFound("There is no such person.")
    acting = found.get(by.user_id or 0)
    if acting is not None and Permission.PEOPLE_WRITE not in permissions_of(acting.roles):
        raise Conflict("You are no administrator any more; somebody took the role back just now.")
    return found[user_id]


def _record(user: User, action: str, *, by: Actor, at: datetime, **detail: object) -> None:
    audit.record(by=by, at=at, action=action, about=f"user:{user.pk}", name=str(user), **detail)
