"""What may not be read of things that are known by name only, such as `incident:12`.

The post office knows no incident; what is sealed from a person is said by the function that
settings.SEALED names. Nor does the field history: settings.NAMES says what it may call things.
"""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.changes import Names


def from_(actor: Actor) -> Q:
    """The condition on a row's `about` that holds for what this actor may not read."""
    return cast(Q, import_string(settings.SEALED)(actor))


def among(actor: Actor, column: str) -> Q:
    """The condition on a row that names several in `column`, an array of such names, that holds
    where this actor may not read one of them."""
    return cast(Q, import_string(settings.SEALED_AMONG)(actor, column))


def withheld(actor: Actor, partner_id: int) -> frozenset[str]:
    """What of this partner's view of the desk a member of staff may not read: `report:12`."""
    return cast(frozenset[str], import_string(settings.WITHHELD)(actor, partner_id))


def names(actor: Actor) -> Names:
    """What a history that this actor reads calls what it names."""
    return cast(Names, import_string(settings.NAMES)(actor))
