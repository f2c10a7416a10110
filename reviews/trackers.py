"""Connecting the issue tracker: its address, its secret, switching it on and off."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from incidentdesk.kernel import access, audit, shown_once
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound
from notifications import addresses
from reviews import drafting, tracking
from reviews.models import Tracker

OFF = "It was switched off before this was sent."


@transaction.atomic
def add(*, name: str, url: str, by: Actor, at: datetime) -> tuple[Tracker, str]:
    """A new tracker, told from now on; answers it and its secret, which is shown nowhere again."""
    access.require(by, Permission.REGISTER_WRITE)
    name = drafting.words(name, lacks="Give it a name by which people know it.", limit=80)
    url = addresses.checked(url, field="url")
    _require_none_on()
    secret = shown_once.signing_secret()
    made = Tracker.objects.create(
        name=name, url=url, secret=secret, added_at=at, added_by_id=by.person_id
    )
    _record(made, "connected tracker", by=by, at=at)
    return made, secret


@transaction.atomic
def renew_secret(*, tracker_id: int, by: Actor, at: datetime) -> tuple[Tracker, str]:
    """Another secret signs from now on, what waits already as well."""
    access.require(by, Permission.REGISTER_WRITE)
    tracker = _locked(tracker_id)
    tracker.secret = secret = shown_once.signing_secret()
    tracker.save(update_fields=["secret"])
    _record(tracker, "gave a new secret to tracker", by=by, at=at)
    return tracker, secret


@transaction.atomic
def switch_off(*, tracker_id: int, by: Actor, at: datetime) -> Tracker:
    """It is told nothing more, nor what waits for it."""
    access.require(by, Permission.REGISTER_WRITE)
    tracker = _locked(tracker_id)
    if not tracker.is_on:
        raise Conflict("It is switched off already.")
    tracker.off_since, tracker.off_because = at, f"{by.name} switched it off."
    tracker.save(update_fields=["off_since", "off_because"])
    tracking.call_off(tracker, OFF, at=at)
    _record(tracker, "switched off tracker", by=by, at=at)
    return tracker


@transaction.atomic
def switch_on(*, tracker_id: int, by: Actor, at: datetime) -> Tracker:
    """It is told again, of what changes from now on."""
    access.require(by, Permission.REGISTER_WRITE)
    tracker = _locked(tracker_id)
    _require_none_on()
    tracker.off_since, tracker.off_because = None, ""
    tracker.save(update_fields=["off_since", "off_because"])
    _record(tracker, "switched on tracker", by=by, at=at)
    return tracker


def _locked(tracker_id: int) -> Tracker:
    found = Tracker.objects.select_for_update(of=("self",)).filter(pk=tracker_id).first()
    if found is None:
        raise NotFound("There is no such issue tracker.")
    return found


def _require_none_on() -> None:
    if (other := Tracker.objects.filter(off_since=None).first()) is not None:
        raise Conflict(f"{other} is on already; switch it off first.")


def _record(tracker: Tracker, action: str, *, by: Actor, at: datetime) -> None:
    host = urlsplit(tracker.url).hostname or ""
    about = f"tracker:{tracker.pk}"
    audit.record(by=by, at=at, action=action, about=about, name=tracker.name, to=host)
