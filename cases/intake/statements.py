"""The statements that intake is made of, in the order in which a delivery needs them.

Who locks more than one row locks groups first, then incidents by their id, then alerts by theirs:
deliveries and clicks on the desk then wait for each other and never in a ring. A pure repeat locks
alerts alone, and waits for nothing else while it does.

`LATERAL` makes each lookup go through its index, also while the tables grow so fast that nobody has
counted their rows yet, and it locks in the order of what stands before it. What fires is looked
for again by its id as `coalesce(resolved_at, …)`: said plainly, it would fit the index of all that
fires, which on an empty table looks as cheap to read whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import DatabaseError, InterfaceError, close_old_connections

from cases.intake.signal import Action, Signal
from cases.models import Category, Incident, Source
from cases.models.incident import OVER
from incidentdesk.kernel.prepared import Prepared
from incidentdesk.kernel.shown_once import digest


class HandedOver(DatabaseError):
    """An incident turned out a duplicate while this waited for it; its alerts are elsewhere by now.

    As after a deadlock, the transaction is to be tried again from its start.
    """


# Finds the source. If every alert that it sent fires already, they are counted and the delivery is
# stored; if one does not, or if it sent none, nothing is changed.
_REPEAT = Prepared(
    "repeat",
    """
    WITH source AS (
        SELECT s.id, s.name, s.format, s.impact, s.scope, s.category_id, c.key AS category_key,
            s.key_digest <> %(digest)s AS is_former
        FROM cases_source AS s LEFT JOIN cases_category AS c ON c.id = s.category_id
        WHERE (s.key_digest = %(digest)s
                OR s.former_key_digest = %(digest)s AND s.former_key_digest <> ''
                AND s.former_key_until > %(at)s)
            AND s.format = %(format)s AND s.is_active
    ), firing AS (
        SELECT a.id, sent.times
        FROM unnest(%(keys)s, %(times)s) AS sent (key, times) CROSS JOIN LATERAL (
            SELECT id FROM cases_alert WHERE source_id = (SELECT id FROM source)
                AND external_key = sent.key AND resolved_at IS NULL LIMIT 1
        ) AS a ORDER BY a.id
    ), locked AS (
        SELECT array_agg(a.id) AS ids, array_agg(firing.times) AS times
        FROM firing CROSS JOIN LATERAL (
            SELECT id FROM cases_alert
            WHERE id = firing.id AND coalesce(resolved_at, 'infinity') = 'infinity'
            FOR NO KEY UPDATE
        ) AS a
    ), counted AS (
        UPDATE cases_alert AS a SET last_at = %(at)s,
            count = a.count + locked.times[array_position(locked.ids, a.id)]
        FROM locked
        WHERE a.id = ANY (locked.ids) AND cardinality(locked.ids) = cardinality(%(keys)s)
        RETURNING a.incident_id
    ), concerned AS (
        SELECT array_agg(id ORDER BY id) AS ids,
            coalesce(array_agg(reference ORDER BY id) FILTER (WHERE NOT is_restricted), '{}')
                AS "references"
        FROM cases_incident WHERE id = ANY (ARRAY(SELECT incident_id FROM counted))
    ), stored AS (
        INSERT INTO cases_event
            (source_id, received_at, body, outcome, said, incident_id, concerns, by_former_key)
        SELECT source.id, %(at)s, %(body)s, 'done',
            left(rtrim('folded ' || array_to_string("references"[:8], ', ')), 300),
            concerned.ids[1], concerned.ids, source.is_former
        FROM source, concerned WHERE concerned.ids IS NOT NULL
    )
    SELECT source.*, concerned.ids, concerned."references",
        concerned.ids IS NULL AND EXISTS (SELECT FROM cases_alertrule AS r, source
            WHERE r.source_id = source.id AND r.is_on),
        concerned.ids IS NULL AND EXISTS (SELECT FROM cases_labelmapping AS m, source
            WHERE m.source_id = source.id),
        concerned.ids IS NULL AND EXISTS (SELECT FROM cases_maintenancewindow
            WHERE starts_at <= %(at)s AND ends_at > %(at)s)
    FROM source, concerned
    """,
    digest="text",
    format="text",
    keys="text[]",
    times="int[]",
    at="timestamptz",
    body="text",
)

# One at a time a group, and one at a time an alert, which may come through several groups at once;
# all in one order. Alerts share 256 locks a source, so that a large delivery does not take them all
# from others.
_LOCK_GROUPS = Prepared(
    "lock_groups",
    """
    SELECT pg_advisory_xact_lock(sent.place) FROM (
        SELECT hashtextextended(key, %(source)s) AS place FROM unnest(%(groups)s) AS g (key)
        UNION
        SELECT hashtextextended('alert ' || (hashtextextended(key, 0) & 255), %(source)s)
        FROM unnest(%(keys)s) AS a (key)
        ORDER BY place
    ) AS sent
    """,
    source="bigint",
    groups="text[]",
    keys="text[]",
)

# The open incident of each of these groups, and those of alerts that are told something else.
_LOCK_INCIDENTS = Prepared(
    "lock_incidents",
    """
    WITH spoken AS (
        SELECT newest.incident_id, sent.key AS group_key
        FROM unnest(%(groups)s) AS sent (key) CROSS JOIN LATERAL (
            SELECT a.incident_id FROM cases_alert AS a
            JOIN cases_incident AS i ON i.id = a.incident_id AND i.phase <> ALL(%(over)s)
            WHERE a.source_id = %(source)s AND a.group_key = sent.key
            ORDER BY a.id DESC LIMIT 1
        ) AS newest
        UNION ALL
        SELECT a.incident_id, a.group_key
        FROM unnest(%(told)s) AS sent (key) CROSS JOIN LATERAL (
            SELECT incident_id, group_key FROM cases_alert WHERE source_id = %(source)s
                AND external_key = sent.key AND resolved_at IS NULL LIMIT 1
        ) AS a
    )
    SELECT i.id, ARRAY(SELECT group_key FROM spoken WHERE incident_id = i.id)
    FROM cases_incident AS i WHERE i.id = ANY (ARRAY(SELECT incident_id FROM spoken))
    ORDER BY i.id FOR NO KEY UPDATE
    """,
    source="bigint",
    groups="text[]",
    told="text[]",
    over="text[]",
)

# Locks all alerts that a delivery speaks of, and counts those that it says fire (times > 0).
_FOLD = Prepared(
    "fold",
    """
    WITH known AS (
        SELECT a.id, sent.times
        FROM unnest(%(keys)s, %(times)s) AS sent (key, times) CROSS JOIN LATERAL (
            SELECT id FROM cases_alert WHERE source_id = %(source)s
                AND external_key = sent.key AND resolved_at IS NULL LIMIT 1
        ) AS a ORDER BY a.id
    ), locked AS (
        SELECT array_agg(a.id) AS ids, array_agg(known.times) AS times
        FROM known CROSS JOIN LATERAL (
            SELECT id FROM cases_alert
            WHERE id = known.id AND coalesce(resolved_at, 'infinity') = 'infinity'
            FOR NO KEY UPDATE
        ) AS a
    )
    UPDATE cases_alert AS a SET last_at = %(at)s,
        count = a.count + locked.times[array_position(locked.ids, a.id)]
    FROM locked
    WHERE a.id = ANY (locked.ids) AND locked.times[array_position(locked.ids, a.id)] > 0
    RETURNING a.external_key,
        (SELECT CASE WHEN is_restricted THEN '' ELSE reference END
            FROM cases_incident WHERE id = a.incident_id), a.incident_id
    """,
    source="bigint",
    keys="text[]",
    times="int[]",
    at="timestamptz",
)


def find(
    *, key: str, source_format: str, signals: list[Signal], raw: str, at: datetime
) -> list[str] | Source | None:
    """Count and store a pure repeat: answers the references of its incidents, but of no restricted
    one. Of anything else it changes nothing and answers the source, with what opening needs of it,
    or None if there is none.

    One statement, committed with it. It does not ask first whether the connection lives: if it
    fails, the source alone is looked for, on a new connection if the old one broke, and the
    delivery takes the long way, which has its own attempts.
    """
    values = {
        "digest": digest(key),
        "format": source_format,
        "body": raw,
        "at": at,
        **_counted(signals if all(signal.action == Action.FIRE for signal in signals) else []),
    }
    try:
        rows = _REPEAT.rows_at_once(values)
    except (DatabaseError, InterfaceError):
        close_old_connections()
        rows = _REPEAT.rows(values | {"keys": [], "times": []})
    if not rows:
        return None
    *facts, category_id, category_key, is_former, concerned, references = rows[0][:-3]
    if concerned:
        return list(references)
    source = Source(**dict(zip(("id", "name", "format", "impact", "scope"), facts, strict=True)))
    source.is_by_former_key = is_former
    source.has_rules, source.has_mappings, source.is_maintained = rows[0][-3:]
    if category_id is not None:
        source.category = Category(id=category_id, key=category_key)
    return source


def knows(*, key: str, source_format: str, at: datetime) -> bool:
    """Whether there is a source with this key for this format."""
    return Source.objects.with_key(key, source_format, at=at).exists()


def expressions(*, key: str, at: datetime) -> dict[str, str] | None:
    """By what the plain JSON of the source with this key is read; None if there is no source."""
    rows = Source.objects.with_key(key, Source.Format.JSON, at=at)
    return rows.values_list("expressions", flat=True).first()


def lock_groups(source: Source, firing: list[Signal]) -> None:
    """One delivery at a time a group and an alert until the transaction ends."""
    groups, keys = {signal.group for signal in firing}, {signal.key for signal in firing}
    _LOCK_GROUPS.rows({"source": source.pk, "groups": sorted(groups), "keys": sorted(keys)})


def lock_incidents(
    source: Source, *, groups: set[str], told: list[str]
) -> list[tuple[Incident, list[str]]]:
    """The incidents that these groups may join or these alerts belong to, locked; each with the
    groups of its alerts. A click that was faster may have ended one meanwhile."""
    values = {"source": source.pk, "groups": sorted(groups), "told": told, "over": list(OVER)}
    of_groups = dict(_LOCK_INCIDENTS.rows(values))
    incidents = Incident.objects.in_bulk(of_groups) if of_groups else {}
    if any(incident.duplicate_of_id for incident in incidents.values()):
        raise HandedOver  # to lock the other one as well would be out of order
    return [(incidents[pk], groups) for pk, groups in of_groups.items()]


def fold(source: Source, signals: Iterable[Signal], *, at: datetime) -> list[tuple[str, str, int]]:
    """Count those that fire already: key, reference ("" if it is restricted) and id of the incident
    of each."""
    return _FOLD.rows({"source": source.pk, "at": at, **_counted(signals)})


def _counted(signals: Iterable[Signal]) -> dict[str, list[str] | list[int]]:
    """Each key once, with how often it was said to fire."""
    times = Counter[str]()
    for signal in signals:
        times[signal.key] += signal.action == Action.FIRE
    return {"keys": list(times), "times": list(times.values())}
