"""What a partner's people ask on their first page, by statements that are planned once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from django.db.models import Model, QuerySet

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.prepared import Asked

R = TypeVar("R", bound=Model)


def at_once(make: Callable[[Actor], QuerySet[R]], actor: Actor) -> list[R]:
    """The rows of `make(actor)`, without making and planning its SQL each time.

    What is withheld from staff who look on makes it another statement; theirs is not kept.
    """
    if actor.withheld:
        return list(make(actor))
    return asked(make).rows(partner_id=actor.tenant_id, user_id=actor.user_id or 0)


@cache
def asked(make: Callable[[Actor], QuerySet[R]]) -> Asked[R]:
    """The statement of `make`, a function of a module: the same for every person."""

    def rows(partner_id: int, user_id: int) -> QuerySet[R]:
        return make(Actor(name="", user_id=user_id, partner_id=partner_id))

    return Asked(rows, "partner_id", "user_id")
