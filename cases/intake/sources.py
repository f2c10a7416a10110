"""Sources: making one, its keys, its expressions, and a test of it.

A key is shown once and stored as a digest; whoever loses it gets a new one, beside which the former
one may live on until the tool has the new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from cases.intake import plain, presets, samples, trial
from cases.models import Event, Source
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.shown_once import digest

SHORTEST = 8
DAYS = 7  # that a former key goes on, unless somebody says otherwise
MOST_DAYS = 30


def new_key() -> str:
    """A key that nobody guesses; fit for an address."""
    return secrets.token_urlsafe(24)


@transaction.atomic
def create(
    *,
    name: str,
    source_format: str,
    key: str = "",
    preset: str = "",
    by: Actor,
    at: datetime,
) -> tuple[Source, str]:
    """Make a source; answers it and its key, which can be read nowhere afterwards.

    `preset` is the tool that sends plain JSON; its expressions are taken.
    """
    access.require(by, Permission.REGISTER_WRITE)
    name = name.strip()
    if not name or len(name) > 80:
        raise InvalidInput("A source needs a name of at most 80 characters.")
    formats = [one for one in Source.Format.values if one != Source.Format.DESK]
    if source_format not in formats:
        known = ", ".join(formats)
        raise InvalidInput(f"There is no format {source_format}; the desk reads {known}.")
    if Source.objects.filter(name=name).exists():
        raise InvalidInput(f"There is a source {name} already; take another name.")
    key = key or new_key()
    _require_fit(key)
    source = Source(name=name, format=source_format, key_digest=digest(key))
    prepare(source, preset)
    source.save()
    _record(source, "added source", by=by, at=at)
    return source, key


def prepare(source: Source, preset: str) -> None:
    """Give a source that is not stored yet the expressions of a tool, if it needs any."""
    if source.format != Source.Format.JSON:
        if preset:
            raise InvalidInput("Only a source of plain JSON is read by the expressions of a tool.")
        return
    source.preset = preset or presets.OWN
    if source.preset not in presets.PRESETS:
        raise InvalidInput(f"There is no tool {preset}; take {', '.join(presets.PRESETS)}.")
    source.expressions = dict(presets.PRESETS[source.preset].expressions)


def the_desk() -> Source:
    """The desk as a source of its own: its figures, and the anomalies that it finds in any series.

    Made when it is first asked for; nobody has its key, so nothing is sent to it from outside.
    """
    form = Source.Format.DESK
    made = {"name": str(form.label), "key_digest": digest(new_key())}
    return Source.objects.select_related("category").get_or_create(format=form, defaults=made)[0]


@transaction.atomic
def renew_key(*, source_id: int, days: int = DAYS, by: Actor, at: datetime) -> tuple[Source, str]:
    """Give a source a new key; the present one goes on for so many days (0: it stops at once).

    A key before that, if one still lived, stops: two live at the most.
    """
    access.require(by, Permission.REGISTER_WRITE)
    source = _locked(source_id)
    if source.format == Source.Format.DESK:
        raise Conflict(f"{source.name} has no key: nobody sends to it.")
    if not 0 <= days <= MOST_DAYS:
        raise InvalidInput(f"The former key goes on for at most {MOST_DAYS} days.")
    key = new_key()
    source.former_key_digest = source.key_digest if days else ""
    source.former_key_until = at + timedelta(days=days) if days else None
    source.key_digest, source.key_since = digest(key), at
    source.save(update_fields=["key_digest", "former_key_digest", "former_key_until", "key_since"])
    _record(source, "renewed the key of source", days=days, by=by, at=at)
    return source, key


@transaction.atomic
def end_former_key(*, source_id: int, by: Actor, at: datetime) -> Source:
    """The key that was replaced stops working now."""
    access.require(by, Permission.REGISTER_WRITE)
    source = _locked(source_id)
    if source.former_key_until is None or source.former_key_until <= at:
        raise Conflict(f"{source} has one key only; nothing is left to end.")
    source.former_key_digest, source.former_key_until = "", None
    source.save(update_fields=["former_key_digest", "former_key_until"])
    _record(source, "ended the former key of source", by=by, at=at)
    return source


@transaction.atomic
def change_expressions(
    *, source_id: int, expressions: Mapping[str, str], by: Actor, at: datetime
) -> Source:
    """By what a source of plain JSON is read from now on; what cannot be read is refused."""
    access.require(by, Permission.REGISTER_WRITE)
    source = _locked(source_id)
    if source.format != Source.Format.JSON:
        raise InvalidInput("Only a source of plain JSON is read by expressions.")
    if strange := sorted(set(expressions) - set(plain.FIELDS)):
        raise InvalidInput(f"There is no field {strange[0]}.")
    if wrong := plain.wrongs(expressions):
        raise InvalidInput(next(iter(wrong.values())))
    found = {name: said.strip() for name, said in expressions.items() if said.strip()}
    changes = [name for name in plain.FIELDS if found.get(name) != source.expressions.get(name)]
    source.expressions = found
    source.save(update_fields=["expressions"])
    _record(source, "changed the expressions of source", changes=changes, by=by, at=at)
    return source


@transaction.atomic
def send_test(*, source_id: int, by: Actor, at: datetime) -> Event:
    """Read a firing body of the source's format and say what would become of it.

    The same parser, mappings and rules as at the door. It is kept as an event that is marked as a
    test; no incident opens, and nobody is paged.
    """
    access.require(by, Permission.REGISTER_WRITE)
    source = _locked(source_id)
    if source.format not in samples.OF_ALERTS:
        raise InvalidInput(f"{source} sends no alerts, so there is none to try it with.")
    body = samples.body(source)
    event = Event.objects.create(
        source=source,
        received_at=at,
        body=body,
        outcome=Event.Outcome.TEST,
        said=f"Would be: {trial.would(source, body, by=by, at=at).summary}"[:300],
    )
    _record(source, "sent a test to source", by=by, at=at)
    return event


def _locked(source_id: int) -> Source:
    source = (
        Source.objects.select_for_update(of=("self",), no_key=True).filter(pk=source_id).first()
    )
    if source is None:
        raise NotFound("There is no such source.")
    return source


def _require_fit(key: str) -> None:
    if len(key) < SHORTEST or len(key) > 200 or not key.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput(
            f"A key has {SHORTEST} to 200 letters, digits, hyphens or underscores; "
            "leave it out to have one made."
        )
    found = digest(key)
    if Source.objects.filter(Q(key_digest=found) | Q(former_key_digest=found)).exists():
        raise InvalidInput("Another source has this key already; leave it out to have one made.")


def _record(source: Source, action: str, *, by: Actor, at: datetime, **more: Any) -> None:
    about = f"source:{source.pk}"
    known = {"name": source.name, "format": source.format, **more}
    audit.record(by=by, at=at, action=action, about=about, **known)
