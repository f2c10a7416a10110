"""Storm manners: whoever was paged often enough a moment ago gets one list instead of more pages.

What counts are pages of the last ten minutes that nobody has acknowledged, and lists; not what a
person had sent again, which tells nothing new and must hold back nothing that does. The first
four come at once, and so does what is more severe than all of them. What follows waits for a list
with a link to acknowledge each; lists are `APART`. That makes `MOST` in ten minutes, and nothing is
dropped: a page in a list says so in its log, and the ladder goes on as if it had been sent.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Min

from incidentdesk.kernel import patience
from incidentdesk.kernel.models import User
from notifications import outbox, pages, rendering
from notifications.models import Escalation, Message, Severity

logger = logging.getLogger(__name__)
KIND = "pages"
AT_ONCE = 4  # within `WITHIN`
MOST = 6  # within `WITHIN`, of pages and lists
WITHIN = timedelta(minutes=10)
WAIT = timedelta(seconds=30)  # for others to come, before the first list
APART = timedelta(minutes=5)
ALL_URL = "/admin/notifications/escalation/"
NAMED = 20  # pages that a list names; of the rest it says how many

_HAD = """
    SELECT m.to_user_id, count(*),
        min((m.facts ->> 'severity')::int) FILTER (WHERE m.kind = %(page)s)
    FROM notifications_message AS m
    LEFT JOIN notifications_escalation AS e ON e.about = m.about AND e.state = 'running'
    WHERE m.is_page AND m.way = 1 AND m.to_user_id = ANY (%(people)s) AND m.created_at > %(since)s
        AND m.repeats_id IS NULL
        AND (m.kind = %(list)s OR m.kind = %(page)s AND e.id IS NOT NULL)
        AND m.state NOT IN ('held', 'suppressed', 'superseded')
    GROUP BY m.to_user_id
"""


def lock(people: Collection[int]) -> None:
    """One at a time decides about the pages of a person, until the transaction ends.

    OperationalError, if another holds it for seconds; who freezes while holding it is cut off.
    """
    patience.limit(waits=3, stands_still=30)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('pages of a person'), place) FROM ("
            "SELECT unnest(%s::int[]) AS place ORDER BY place) AS sorted",
            [list(people)],
        )


def who_waits(people: Collection[int], severity: int, *, at: datetime) -> set[int]:
    """For whom a page of this severity waits for a list; for nobody, if who decides that is stuck
    elsewhere: a page too many is better than none."""
    if not people:
        return set()
    try:
        with transaction.atomic():
            lock(people)
    except OperationalError:
        logger.warning("somebody else has been deciding about these pages for long; they are sent")
        return set()
    return {
        person
        for person, (count, worst) in _had(people, at=at).items()
        if count >= MOST or (count >= AT_ONCE and (worst is None or severity >= worst))
    }


def _had(people: Collection[int], *, at: datetime) -> dict[int, tuple[int, int | None]]:
    """How many each had lately, and how severe the worst was when it was paged."""
    values: dict[str, Any] = {
        "people": list(people),
        "since": at - WITHIN,
        "page": pages.KIND,
        "list": KIND,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HAD, values)
        return {person: (count, worst) for person, count, worst in cursor.fetchall()}


def send_lists(*, at: datetime) -> int:
    """Write the lists that are due. Answers how many."""
    held = Message.objects.filter(state=Message.State.HELD).order_by()
    waiting = held.values("to_user").annotate(first=Min("created_at"))
    due = [row["to_user"] for row in waiting if row["to_user"] and row["first"] <= at - WAIT]
    return sum(_sent_list(person, at=at) for person in sorted(due))


def _sent_list(person_id: int, *, at: datetime) -> int:
    """The list of one person; whatever is wrong with it holds up no other, and no step."""
    try:
        return _send_list(person_id, at=at)
    except Exception:
        logger.exception("the list of pages of person %s was not written", person_id)
        return 0


@transaction.atomic(durable=True)
def _send_list(person_id: int, *, at: datetime) -> int:
    """One list to one person, unless one came a moment ago or nothing is left to tell."""
    lock([person_id])
    lists = Message.objects.filter(kind=KIND, to_user=person_id, created_at__gt=at - APART)
    if lists.exists() or _had([person_id], at=at).get(person_id, (0, None))[0] >= MOST:
        return 0
    held = Message.objects.filter(state=Message.State.HELD, to_user=person_id)
    rows = list(held.select_for_update(of=("self",), no_key=True).order_by("pk"))
    running = Escalation.objects.filter(
        about__in={row.about for row in rows}, state=Escalation.State.RUNNING
    )
    open_now = sorted(running, key=attrgetter("severity", "started_at", "pk"))
    told = {one.about for one in open_now}
    person = User.objects.get(pk=person_id)
    if not person.is_active:
        _settle(rows, f"{person.name} may not log in any more.", at=at)
        return 0
    _settle([r for r in rows if r.about not in told], "It was over before the list went.", at=at)
    if not open_now:
        return 0
    outbox.queue(
        kind=KIND,
        to=person,
        context=_context(person, open_now, at=at),
        about="",
        dedupe_key=f"{KIND}:{person_id}:{rows[-1].pk}",
        at=at,
        is_page=True,
        names={one.about for one in open_now[:NAMED]},
    )
    words = f"It went in a list: {person.name} had several pages just before."
    _settle([row for row in rows if row.about in told], words, at=at)
    return 1


def _context(person: User, open_now: Sequence[Escalation], *, at: datetime) -> dict[str, Any]:
    """What the list says: the most severe first."""
    items = [
        {
            "severity": Severity(one.severity).label,
            "reference": one.reference,
            "title": one.title,
            "link": rendering.absolute(one.url),
            "ack_link": pages.ack_link(one, person, at=at),
        }
        for one in open_now[:NAMED]
    ]
    return {
        "person": person.name,
        "count": len(open_now),
        "others": len(open_now) - 1,
        "reference": items[0]["reference"],
        "title": items[0]["title"],
        "worst": items[0]["severity"],
        "severity": open_now[0].severity,
        "items": items,
        "more": len(open_now) - len(items),
        "url": ALL_URL,
    }


def _settle(rows: Collection[Message], words: str, *, at: datetime) -> None:
    """These are not sent by themselves; their log says why."""
    held = Message.objects.filter(pk__in=[row.pk for row in rows])
    outbox.end(held, Message.State.SUPPRESSED, words, at=at)
