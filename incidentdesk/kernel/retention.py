"""How long each kind of data is kept, what would go by now, and letting it go.

The kernel knows no kinds: settings.RETAINED names them, each in the package that has the rows. What
belongs to something that is held (settings.HELD names it) does not count and does not go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import SYSTEM, Actor, Permission
from incidentdesk.kernel.errors import InvalidInput, NotFound
from incidentdesk.kernel.models import Retention


class Forget(Protocol):
    """Lets what is older than `before` go, in batches; answers how many rows."""

    def __call__(self, before: datetime, *, at: datetime) -> int:
        """Do it; `at` is now."""


@dataclass(frozen=True)
class Kind:
    """A kind of data: what goes of it and what stays, in words; for how many days it is kept.

    `least` is below what the desk still works with. `old` answers the rows of before a time that
    would go, `forget` lets them go in batches and answers how many.
    """

    key: str
    label: str
    words: str
    days: int
    least: int
    column: str  # by which it is old
    old: Callable[[datetime], QuerySet[Any]]
    forget: Forget


@dataclass(frozen=True)
class Foreseen:
    """What would go of a kind now."""

    kind: Kind
    days: int
    before: datetime
    count: int
    oldest: datetime | None


def kinds() -> dict[str, Kind]:
    """Every kind that there is."""
    found = [cast(Kind, import_string(name)) for name in settings.RETAINED]
    return {kind.key: kind for kind in found}


def held() -> list[str]:
    """What is held, by name: `incident:12`. Nothing of it goes."""
    return cast(list[str], import_string(settings.HELD)())


def foresee(kind: Kind, *, at: datetime) -> Foreseen:
    """A dry run: reads and changes nothing."""
    row = Retention.objects.filter(key=kind.key).first()
    days = row.days if row else kind.days
    before = at - timedelta(days=days)
    rows = kind.old(before)
    oldest = rows.order_by(kind.column).values_list(kind.column, flat=True).first()
    return Foreseen(kind, days, before, rows.count() if oldest else 0, oldest)


def forget_due(*, at: datetime) -> dict[str, int]:
    """Let go of what is older than its kind is kept. Answers how many rows, by kind.

    What went is a line of the audit trail each, with the time before which it was.
    """
    gone = {}
    for key, kind in kinds().items():
        found = foresee(kind, at=at)
        gone[key] = kind.forget(found.before, at=at) if found.count else 0
        if gone[key]:
            audit.record(
                by=SYSTEM,
                at=at,
                action="let go of",
                about=f"retention:{key}",
                name=kind.label,
                rows=gone[key],
                before=found.before.isoformat(),
                days=found.days,
            )
    return gone


@transaction.atomic
def change(*, key: str, days: int, by: Actor, at: datetime) -> Retention:
    """Keep a kind of data for another number of days from now on; the next run goes by it."""
    access.require(by, Permission.REGISTER_WRITE)
    kind = kinds().get(key)
    if kind is None:
        raise NotFound("There is no such kind of data.")
    if not kind.least <= days <= Retention.LONGEST:
        raise InvalidInput(
            f"{kind.label} are kept for {kind.least} to {Retention.LONGEST} days; choose one of "
            "these."
        )
    row, _ = Retention.objects.select_for_update().get_or_create(
        key=key, defaults={"days": kind.days}
    )
    if row.days == days:
        raise InvalidInput(f"They are kept for {days} days already.")
    was, row.days = row.days, days
    row.save(update_fields=["days"])
    about = f"retention:{key}"
    audit.record(
        by=by, at=at, action="changed retention", about=about, name=kind.label, days=[was, days]
    )
    return row
