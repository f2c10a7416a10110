"""Sources: making one, and giving it a new key.

A key is shown once and stored as a digest; whoever loses it gets a new one.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from cases.models import Source
from cases.models.alert import digest
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput, NotFound

SHORTEST = 8


def new_key() -> str:
    """A key that nobody guesses; fit for an address."""
    return secrets.token_urlsafe(24)


@transaction.atomic
def create(
    *, name: str, source_format: str, key: str = "", by: Actor, at: datetime
) -> tuple[Source, str]:
    """Make a source; answers it and its key, which can be read nowhere afterwards."""
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
    source = Source.objects.create(name=name, format=source_format, key_digest=digest(key))
    _record(source, "added source", by=by, at=at)
    return source, key


def the_desk() -> Source:
    """The desk as a source of its own: its figures, and the anomalies that it finds in any series.

    Made when it is first asked for; nobody has its key, so nothing is sent to it from outside.
    """
    form = Source.Format.DESK
    made = {"name": str(form.label), "key_digest": digest(new_key())}
    return Source.objects.select_related("category").get_or_create(format=form, defaults=made)[0]


@transaction.atomic
def renew_key(*, source_id: int, by: Actor, at: datetime) -> tuple[Source, str]:
    """Give a source a new key; the former stops working at once."""
    access.require(by, Permission.REGISTER_WRITE)
    source = Source.objects.select_for_update(of=("self",)).filter(pk=source_id).first()
    if source is None:
        raise NotFound("There is no such source.")
    if source.format == Source.Format.DESK:
        raise InvalidInput("Nobody sends to the desk itself, so there is no key to it.")
    key = new_key()
    source.key_digest = digest(key)
    source.save(update_fields=["key_digest"])
    _record(source, "renewed the key of source", by=by, at=at)
    return source, key


def _require_fit(key: str) -> None:
    if len(key) < SHORTEST or len(key) > 200 or not key.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput(
            f"A key has {SHORTEST} to 200 letters, digits, hyphens or underscores; "
            "leave it out to have one made."
        )
    if Source.objects.filter(key_digest=digest(key)).exists():
        raise InvalidInput("Another source has this key already; leave it out to have one made.")


def _record(source: Source, action: str, *, by: Actor, at: datetime) -> None:
    about = f"source:{source.pk}"
    audit.record(by=by, at=at, action=action, about=about, name=source.name, format=source.format)
