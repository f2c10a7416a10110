"""The second factor: who must have one, what of it others may know, and taking a lost one away.

Its secrets are kept by the login pages' library and lie encrypted (`incidentdesk.factors`). Nobody
reads them here: of a factor one sees what it is, since when, and when it was last used.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models.fields.json import KT

from incidentdesk.kernel import access, audit, grants, people, sessions
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User

ADMINISTER = "administer"
PERIOD = timedelta(seconds=30)  # for which a code of an authenticator app is the same
_WORDS = {
    Authenticator.Type.TOTP: "Authenticator app",
    Authenticator.Type.WEBAUTHN: "Passkey",
    Authenticator.Type.RECOVERY_CODES: "Recovery codes",
}


def is_required_of(user: User) -> bool:
    """Whether this person has to have one: all staff, and who administers a partner's people."""
    if not settings.REQUIRE_MFA:
        return False
    return user.is_staff or any(ADMINISTER in held for held in grants.tenants(user.pk).values())


def has_one(user: User) -> bool:
    """Whether this person set one up; recovery codes alone are none."""
    every = Authenticator.objects.filter(user_id=user.pk)
    return bool(every.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())


def in_words(user: User) -> list[str]:
    """What this person set up, and nothing that opens anything."""
    named = Authenticator.objects.filter(user_id=user.pk).annotate(name=KT("data__name"))
    return [
        f"{_called(row)} since {row.created_at:%-d %b %Y}, "
        + (f"last used {row.last_used_at:%-d %b %Y %H:%M}" if row.last_used_at else "never used")
        for row in named.order_by("pk").defer("data")
    ]


def _called(row: Any) -> str:
    kind = _WORDS[Authenticator.Type(row.type)]
    return f"{kind} “{row.name}”" if row.type == Authenticator.Type.WEBAUTHN else kind


def claim(factor: Authenticator, *, at: datetime) -> bool:
    """Take the present code of an authenticator app; False if it was taken already.

    Under the row's lock: of two browsers that send one code at once, one gets in.
    """
    row = Authenticator.objects.select_for_update().get(pk=factor.pk)
    begin = at.timestamp() // PERIOD.total_seconds() * PERIOD.total_seconds()
    if max(row.created_at, row.last_used_at or row.created_at).timestamp() >= begin:
        return False
    Authenticator.objects.filter(pk=row.pk).update(last_used_at=at)
    return True


@transaction.atomic
def remove(*, user_id: int, reason: str, by: Actor, at: datetime) -> User:
    """Take away what a person has lost. Their sessions end; at the next login the password alone
    lets them in, and where a factor is required they set up a new one before anything else."""
    access.require(by, Permission.PEOPLE_WRITE)
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    if user.pk == by.user_id:
        raise InvalidInput("Change your own second factor from the menu under your name.")
    if not reason.strip():
        raise InvalidInput("Say why: how do you know that it is them who asks?", field="reason")
    had = in_words(user)
    if not had:
        raise Conflict(f"{user} has no second factor.")
    Authenticator.objects.filter(user_id=user.pk).delete()
    people.end_sessions(user)
    sessions.end_others(user, this=None)
    record("removed the second factor of", user, by=by, at=at, reason=reason.strip(), had=had)
    return user


def record(action: str, user: User, *, by: Actor, at: datetime, **detail: object) -> None:
    """One line of the audit trail about somebody's factor."""
    audit.record(by=by, at=at, action=action, about=f"user:{user.pk}", name=str(user), **detail)
