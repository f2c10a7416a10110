"""Where people are logged in: seeing it, ending it, and how long it may last.

A session ends when nobody uses it for a while (`idle`) and, used or not, some hours after the login
(`longest`). How long that is depends on what its person may do: settings.SESSION_LIMITS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from incidentdesk.kernel.models import Session, User
from incidentdesk.kernel.roles import permissions_of
from incidentdesk.kernel.shown_once import digest

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Limits:
    """After how long without use a session ends, and after how long in any case."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True)
class LoggedIn:
    """One browser in which somebody is logged in, as people read of it. `handle` names it: the
    session's own key is a secret."""

    handle: str
    device: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_this: bool = False


def limits_of(roles: Iterable[str]) -> Limits:
    """By what a person may do; somebody at a partner has no role."""
    given = permissions_of(roles)
    is_keeper = Permission.PEOPLE_WRITE in given
    kind = "administrator" if is_keeper else "staff" if given else "partner"
    idle, longest = settings.SESSION_LIMITS[kind]
    return Limits(timedelta(minutes=idle), timedelta(hours=longest))


def over(limits: Limits, *, began_at: datetime, seen_at: datetime, at: datetime) -> str:
    """Why a session is over, in a sentence; empty: it goes on."""
    if at - began_at >= limits.longest:
        lasts = clocks.words(limits.longest)
        return f"A login lasts {lasts} and yours ended; log in to go on."
    if at - seen_at >= limits.idle:
        idle = clocks.words(limits.idle)
        return f"You were logged out, for nobody used this browser for {idle}; log in to go on."
    return ""


def of(user: User, *, at: datetime, this: str | None = None) -> list[LoggedIn]:
    """Where this person is logged in, the last used first; `this` is the key of one's own."""
    return [
        LoggedIn(
            handle=_handle(row),
            device=device_words(row.device),
            address=row.address,
            began_at=row.began_at,
            seen_at=row.seen_at,
            is_this=row.session_key == this,
        )
        for row in _going_on(user, at).order_by("-seen_at", "-began_at")
        if row.began_at and row.seen_at
    ]


@transaction.atomic
def end(*, user_id: int, handles: Sequence[str], reason: str, by: Actor, at: datetime) -> list[str]:
    """End some sessions of a person at once, and say why. Answers what was ended, in words."""
    access.require(by, Permission.PEOPLE_WRITE)
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    return _end(user, handles, "ended sessions of", by=by, at=at, reason=reason)


@transaction.atomic
def end_own(user: User, handles: Sequence[str], *, by: Actor, at: datetime) -> list[str]:
    """End some of one's own sessions, which everybody may. Answers what was ended, in words."""
    return _end(user, handles, "ended own sessions", by=by, at=at)


def end_others(user: User, *, this: str | None) -> int:
    """End all sessions of a person but this one; part of what changes how they log in."""
    return Session.objects.filter(user=user).exclude(session_key=this or "").delete()[0]


def device_words(device: str) -> str:
    """A browser in words: “Firefox on Windows”."""
    browser = next((words for sign, words in _BROWSERS if sign in device), "")
    system = next((words for sign, words in _SYSTEMS if sign in device), "")
    if browser or system:
        return f"{browser or 'A browser'} on {system or 'an unknown system'}"
    known = re.sub(r"[^\w ./-]", "", device)[:40].strip()
    return known or "Unknown browser"


def _end(
    user: User,
    handles: Sequence[str],
    action: str,
    *,
    by: Actor,
    at: datetime,
    **detail: object,
) -> list[str]:
    found = [row for row in _going_on(user, at) if _handle(row) in handles]
    if not found:
        raise NotFound("These sessions have ended already; nothing was changed.")
    said = [f"{device_words(row.device)}, {row.address or 'no address'}" for row in found]
    Session.objects.filter(pk__in=[row.pk for row in found]).delete()
    about, name = f"user:{user.pk}", str(user)
    audit.record(by=by, at=at, action=action, about=about, name=name, sessions=said, **detail)
    return said


def _going_on(user: User, at: datetime) -> QuerySet[Session]:
    limits = limits_of(user.roles)
    used = Session.objects.filter(user=user, seen_at__gt=at - limits.idle)
    return used.filter(began_at__gt=at - limits.longest)


def _handle(row: Session) -> str:
    return digest(row.session_key)[:16]
