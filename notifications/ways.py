"""By which ways a person is reached, one after the other: the methods that they chose and verified,
in their order, and at the end the mail address of the account. Reads only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidentdesk.kernel.models import User
from notifications.models import ContactMethod

LINE = "person:"  # how the lines begin in which people's own programs and chats are called
# Without being handed over; with a look each five seconds that is within a minute (rule 7, F11).
NEXT_AFTER = timedelta(seconds=50)
# Without a word of its delivery, where the provider tells of each (F26).
RECEIPT_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True)
class Way:
    """One way of a person; without a method it is the mail address of the account."""

    method: ContactMethod | None
    has_next: bool


def usable(people: Collection[int]) -> dict[int, list[ContactMethod]]:
    """The methods by which pages may go, in order, by person. One query."""
    rows = ContactMethod.objects.filter(
        user_id__in=people, verified_at__isnull=False, bad_since=None, removed_at=None
    )
    found: dict[int, list[ContactMethod]] = {}
    for row in rows.order_by("position", "id"):
        found.setdefault(row.user_id, []).append(row)
    return found


def next_of(
    person: User,
    methods: Sequence[ContactMethod],
    severity: int | None,
    *,
    tried: Collection[int | None],
    at: datetime,
) -> Way | None:
    """The first way for this severity and hour that was not tried; None: all were.

    `tried` has ids of methods, and None for the mail address of the account; a method with that
    very address stands for it.
    """
    fitting = [one for one in methods if one.covers(severity, at)]
    mailed = {one.pk for one in fitting if one.address == person.email}
    left: list[ContactMethod | None] = [one for one in fitting if one.pk not in tried]
    if None not in tried and not mailed:
        left.append(None)
    return Way(left[0], has_next=len(left) > 1) if left else None
