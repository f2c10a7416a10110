"""Once a month, whoever keeps problem records is told what came again and nobody has looked at."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from incidentdesk.kernel import access
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.models import User
from notifications import outbox
from reviews import queries, recurrence


@transaction.atomic
def remind(*, at: datetime) -> int:
    """One mail a person and month, of the recurrences that this person may see; none, no mail."""
    keys = {_key(person, at): person for person in queries.people_who(Permission.PLAN_WRITE)}
    told = outbox.known(keys)
    drafts = [
        draft
        for key, person in keys.items()
        if key not in told and (draft := _mail(person, at=at)) is not None
    ]
    return len(outbox.queue_many(drafts, at=at))


def _key(person: User, at: datetime) -> str:
    return f"recurrences:{person.pk}:{at:%Y-%m}"


def _mail(person: User, *, at: datetime) -> outbox.Draft | None:
    found = recurrence.unassessed(access.actor_for(person), at=at)
    if not found:
        return None
    items = [{"what": f"{one.category} on {one.system}", "count": one.count} for one in found]
    return outbox.Draft(
        kind="recurrences",
        to=person,
        about=f"user:{person.pk}",
        dedupe_key=_key(person, at),
        context={"items": items, "more": len(items) - 1, "url": "/admin/reviews/problem/again/"},
    )
