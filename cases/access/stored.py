"""The rows of access events: storing each line once, reading a past back, and forgetting it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from cases.access.rules import KINDS
from cases.access.seen import Rule, Seen, stretch_of, window
from cases.access.told import Told
from cases.models import AccessEvent, Source
from incidentdesk.kernel import worker

KEPT = timedelta(days=180)  # as far back as any rule may look
JUDGE = "cases.jobs.judge_access"
_A_DELETION = 10_000
MOST_PAST = 2_000  # the newest events of one account or address that a rule is given that counts
# them; twice the highest number that a rule may count to
COLUMNS = (
    "id",
    "at",
    "source_id",
    "actor",
    "action",
    "outcome",
    "address",
    "network",
    "is_privileged",
    "is_reading",
    "is_key",
)


@dataclass(frozen=True)
class Line:
    """A line of a log to store; `audit_id` is the line of the audit trail that it is made from."""

    told: Told
    audit_id: int | None = None


@transaction.atomic
def store(source: Source, lines: Sequence[Line], *, at: datetime) -> int:
    """Store what is not there yet and have it judged after the commit; answers how many.

    In order, so that two deliveries with the same lines never wait for each other in a ring.
    """
    rows: dict[Any, AccessEvent] = {}
    for line in sorted(lines, key=lambda one: (one.told.at, one.told.id)):
        row = _row(source, line, at=at)
        rows.setdefault(row.key, row)
    known = AccessEvent.objects.filter(source=source, key__in=rows)
    for key in list(known.values_list("key", flat=True)):
        del rows[key]
    AccessEvent.objects.bulk_create(rows.values(), batch_size=1_000, ignore_conflicts=True)
    if rows:
        worker.wake(JUDGE)
    return len(rows)


def _row(source: Source, line: Line, *, at: datetime) -> AccessEvent:
    told = line.told
    return AccessEvent(
        source=source,
        key=told.key(source.pk),
        at=min(told.at, at),  # a clock that is fast tells nothing of the future
        received_at=at,
        actor=told.actor,
        action=told.action,
        outcome=told.outcome,
        address=told.address,
        network=told.network,
        is_privileged=told.is_privileged,
        is_reading=told.is_reading,
        is_key=told.is_key,
        detail=dict(told.detail),
        audit_id=line.audit_id,
    )


# --- the past -------------------------------------------------------------------------------------

# LATERAL goes through the index once for each account or address, so that one which is flooded
# hides nothing of another.
_SELECTED = ", ".join(f"e.{name}" for name in COLUMNS)
_OF_KIND = """
    (%(outcome)s = '' OR outcome = %(outcome)s) AND (is_privileged OR NOT %(is_privileged)s)
    AND (is_reading OR NOT %(is_reading)s) AND (is_key OR NOT %(is_key)s)
"""
_EACH_ACCOUNT = "unnest(%(sources)s::bigint[], %(actors)s::text[]) AS s (source, actor)"
_OF_ACCOUNTS = f"""
    SELECT {_SELECTED} FROM {_EACH_ACCOUNT} CROSS JOIN LATERAL (
        SELECT * FROM cases_accessevent
        WHERE source_id = s.source AND actor = s.actor AND at BETWEEN %(since)s AND %(until)s
            AND {_OF_KIND}
        ORDER BY at DESC LIMIT %(most)s
    ) AS e
"""  # noqa: S608 -- names of our own columns
_OF_ADDRESSES = f"""
    SELECT {_SELECTED} FROM unnest(%(addresses)s::inet[]) AS s (address) CROSS JOIN LATERAL (
        SELECT * FROM cases_accessevent
        WHERE address = s.address AND outcome = 'failure' AND at BETWEEN %(since)s AND %(until)s
        ORDER BY at DESC LIMIT %(most)s
    ) AS e
"""  # noqa: S608
# The last one before each event that is like it. Mostly it is near, and found at once; only where
# one is not, and once for all, `far` goes through the whole past of the accounts.
_NAMES = ", ".join(COLUMNS)
_LAST = f"""
    WITH far AS MATERIALIZED (
        SELECT DISTINCT ON (source_id, e.actor, {{by}}) {_SELECTED}
        FROM {_EACH_ACCOUNT} JOIN cases_accessevent AS e ON (source_id, e.actor) = (source, s.actor)
        WHERE at >= %(since)s AND at < %(first)s AND {_OF_KIND}
        ORDER BY source_id, e.actor, {{by}}, at DESC, id DESC
    )
    SELECT DISTINCT {_SELECTED} FROM cases_accessevent AS s CROSS JOIN LATERAL (
        (SELECT {_NAMES} FROM cases_accessevent
            WHERE source_id = s.source_id AND actor = s.actor AND {{like}} AND {_OF_KIND}
                AND at BETWEEN s.at - %(near)s AND s.at AND (at, id) < (s.at, s.id)
            ORDER BY at DESC, id DESC LIMIT 1)
        UNION ALL
        (SELECT {_NAMES} FROM far
            WHERE source_id = s.source_id AND actor = s.actor AND {{like}} AND at >= s.at - %(back)s
            ORDER BY at DESC, id DESC LIMIT 1)
        LIMIT 1
    ) AS e WHERE s.id = ANY (%(ids)s)
"""  # noqa: S608
_LIKE = {
    "action": ("action = s.action",),
    "network": ("network = s.network", "network <> ''"),  # and whether any was known
}
# A stretch is counted whole: its first event stands for those that are not told themselves. Of the
# stretches in which an event is judged, that and the newest are told.
_OF_STRETCHES = f"""
    SELECT {_SELECTED}, CASE WHEN is_first THEN untold + 1 ELSE 1 END
    FROM {_EACH_ACCOUNT} CROSS JOIN LATERAL (
        SELECT *, count(*) FILTER (WHERE NOT is_told) OVER (PARTITION BY stretch) AS untold
        FROM (
            SELECT *, is_first OR stretch = ANY (%(judged)s)
                AND (id = ANY (%(ids)s) OR place < %(most)s) AS is_told
            FROM (
                SELECT *, row_number() OVER (PARTITION BY stretch ORDER BY at, id) = 1 AS is_first,
                    row_number() OVER (PARTITION BY stretch ORDER BY at DESC, id DESC) AS place
                FROM (
                    SELECT *, floor(extract(epoch FROM at) / %(length)s)::bigint AS stretch
                    FROM cases_accessevent WHERE source_id = s.source AND actor = s.actor
                        AND at BETWEEN %(since)s AND %(until)s AND {_OF_KIND}
                ) AS own
            ) AS placed
        ) AS chosen
    ) AS e WHERE is_told
"""  # noqa: S608


def seen(row: AccessEvent) -> Seen:
    """A row as rules see it."""
    return Seen(**{name: getattr(row, name) for name in COLUMNS})


def around(rule: Rule, events: Sequence[Seen]) -> list[Seen]:
    """What the rule needs to know besides these events, as its kind says: of the past, and of what
    follows within its window, should they be late."""
    kind = KINDS[rule.kind]
    back = kind.lookback(rule)
    times = [event.at for event in events]
    first, last = min(times), max(times)
    accounts = sorted({(event.source_id, event.actor) for event in events if event.actor})
    values: dict[str, Any] = {
        "since": first - back,
        "first": first,
        "until": last + min(back, timedelta(days=1)),
        "back": back,
        "near": min(back, max(last - first, timedelta(days=1))),
        "most": MOST_PAST,
        "outcome": kind.where.get("outcome", ""),
        **{n: kind.where.get(n, False) for n in ("is_privileged", "is_reading", "is_key")},
        "ids": [event.id for event in events if event.actor],
        "sources": [source for source, _ in accounts],
        "actors": [actor for _, actor in accounts],
        "addresses": sorted({event.address for event in events if event.address}),
    }
    if "stretch" in kind.by:
        values["length"] = int(window(rule).total_seconds())
        values["judged"] = sorted({stretch_of(at, window(rule)) for at in times})
    found = [one for by in kind.by for text in _STATEMENTS[by] for one in _past(text, values)]
    return list({event.id: event for event in found}.values())


_STATEMENTS = {
    "account": (_OF_ACCOUNTS,),
    "address": (_OF_ADDRESSES,),
    "stretch": (_OF_STRETCHES,),
    **{by: tuple(_LAST.format(by=by, like=like) for like in those) for by, those in _LIKE.items()},
}


def _past(statement: str, values: dict[str, Any]) -> Iterable[Seen]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Seen(*row) for row in cursor.fetchall()]


def since(rule: Rule, at: datetime, *, until: datetime, most: int) -> list[Seen]:
    """What is stored of the kind that the rule is about, from `at` on: the newest `most`."""
    where = Q(**KINDS[rule.kind].where)
    rows = AccessEvent.objects.filter(where, at__gte=at, at__lte=until)
    return [Seen(*row) for row in rows.order_by("-at", "-id").values_list(*COLUMNS)[:most]]


def old(before: datetime) -> QuerySet[AccessEvent]:
    """What came before this time and no rule found."""
    return AccessEvent.objects.filter(received_at__lt=before, findings=None, is_judged=True)


def forget(before: datetime, *, at: datetime) -> int:
    """Forget these, a batch at a time. Answers how many."""
    gone = 0
    while ids := list(old(before).order_by().values_list("pk", flat=True)[:_A_DELETION]):
        gone += AccessEvent.objects.filter(pk__in=ids)._raw_delete(using="default")
    return gone
