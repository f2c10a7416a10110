"""Incidents of a year for trends, with what belongs to them: clocks, partners, systems, alerts,
reviews with actions, requests, reports, anomalies and findings of access rules.

Some times are missing, some are wrong, as they are in an organisation.
"""

from __future__ import annotations

from typing import Any

from bench.desk_rows import PARTNERS, SYSTEMS
from bench.filling import Rows, insert

AT = "now() - interval '5 minutes 15 seconds' * n"  # 100,000 of them are a year
SOURCES, SERIES = 12, 60
SOURCE = "(SELECT min(id) FROM cases_source)"
A_SERIES = "(SELECT min(id) FROM cases_series)"
PARTNER = "(SELECT min(id) FROM partners_partner)"
SYSTEM = "(SELECT min(id) FROM cases_system)"
CATEGORY = "(SELECT min(id) FROM cases_category)"
ALERT = "(SELECT min(id) FROM cases_alert)"
RULE = "(SELECT min(id) FROM cases_accessrule)"
NUMBERS = "generate_series(1, %(number)s) AS n"
OURS = "(SELECT *, substr(reference, 3)::int AS n FROM cases_incident) AS i"
TAKES = (
    "CASE WHEN n %% 97 = 0 THEN interval '-2 minutes'"
    " ELSE interval '1 second' * (n * 7919 %% {}) END"
)
CLOCKS = {"acknowledge": 900, "contain": 7200, "first_notice": 3600, "recover": 14400}

BEFORE = (
    Rows(
        "cases_source",
        {
            "name": "'source-' || n",
            "format": "'alertmanager'",
            "key_digest": "'bench-' || n",
            "impact": "2",
            "scope": "2",
            "is_active": "true",
        },
        f"generate_series(1, {SOURCES}) AS n",
    ),
    Rows(
        "cases_series",
        {
            "source_id": SOURCE,
            "name": "'series-' || n",
            "metric": "'m'",
            "fingerprint": "'f' || n",
            "kind": "'level'",
            "first_seen_at": "now()",
        },
        f"generate_series(1, {SERIES}) AS n",
    ),
)
INCIDENTS = Rows(
    "cases_incident",
    {
        "reference": "'T-' || n",
        "title": "'Stale prices ' || n",
        "opened_at": AT,
        "occurred_at": f"CASE WHEN n %% 3 > 0 THEN {AT} - interval '1 second' * (n %% 4000) END",
        "detected_at": AT,
        "confirmed_at": f"CASE WHEN n %% 11 > 0 THEN {AT} + interval '5 minutes' END",
        "acknowledged_at": AT,
        "acknowledged_by_id": "%(user)s",
        "first_acknowledged_at": f"{AT} + {TAKES.format(1500)}",
        "contained_at": f"CASE WHEN n %% 13 > 0 THEN {AT} + {TAKES.format(9000)} END",
        "recovered_at": f"CASE WHEN n %% 17 > 0 THEN {AT} + {TAKES.format(20000)} END",
        "over_at": f"CASE WHEN n > 300 THEN {AT} + interval '6 days' END",
        "severity": "CASE WHEN n %% 100 < 3 THEN 1 WHEN n %% 100 < 15 THEN 2"
        " WHEN n %% 100 < 50 THEN 3 ELSE 4 END",
        "phase": "CASE WHEN n <= 300 THEN 'containment' WHEN n %% 12 = 0 THEN 'dismissed'"
        " ELSE 'closed' END",
        "dismissal": "CASE WHEN n > 300 AND n %% 12 = 0 THEN 'false_positive' ELSE '' END",
        "category_id": f"{CATEGORY} + n %% 5",
        "commander_id": "%(other)s",
        "tlp": "'AMBER'",
        "detection": "CASE WHEN n %% 4 > 0 THEN 'alert' ELSE 'staff' END",
        "detected_by": f"'Alertmanager · source “source-' || n %% {SOURCES} || '”'",
    },
    NUMBERS,
)
MEETS = {
    "acknowledge": "first_acknowledged_at",
    "contain": "contained_at",
    "first_notice": "confirmed_at + interval '1 second' * (n * 31 %% 5000)",
    "recover": "recovered_at",
}
OF_INCIDENTS = (
    Rows(
        "cases_involvement",
        {
            "incident_id": "i.id",
            "partner_id": f"{PARTNER} + (n * 7 %% {PARTNERS})",
            "title": "i.title",
            "meaning": "'Quotes are late.'",
            "severity": "i.severity",
            "phase": "i.phase",
            "added_at": "i.opened_at",
        },
        OURS,
    ),
    Rows(
        "cases_affectedsystem",
        {
            "incident_id": "id",
            "system_id": f"{SYSTEM} + (n * 7 %% {SYSTEMS})",
            "state": "'restored'",
            "changed_at": "opened_at",
        },
        OURS,
    ),
    *(
        Rows(
            "cases_deadline",
            {
                "incident_id": "id",
                "kind": f"'{kind}'",
                "anchor_at": "opened_at",
                "due_at": f"opened_at + interval '{seconds} seconds'",
                "met_at": MEETS[kind],
                "is_dropped": "n %% 9 = 0" if kind == "first_notice" else "false",
            },
            OURS,
        )
        for kind, seconds in CLOCKS.items()
    ),
    Rows(
        "cases_deadline",
        {
            "incident_id": "id",
            "kind": "'review'",
            "anchor_at": "recovered_at",
            "due_at": "recovered_at + interval '5 days'",
            "met_at": "over_at",
        },
        f"{OURS} WHERE recovered_at IS NOT NULL",
    ),
    Rows(
        "cases_deadline",
        {
            "incident_id": "v.incident_id",
            "involvement_id": "v.id",
            "kind": "'partner_notice'",
            "anchor_at": "v.added_at",
            "due_at": "v.added_at + interval '1 hour'",
            "met_at": "CASE WHEN v.id %% 23 > 0 THEN v.added_at"
            " + interval '1 second' * (v.id %% 4000) END",
        },
        "cases_involvement AS v",
    ),
    Rows(
        "cases_alert",
        {
            "source_id": f"{SOURCE} + n %% {SOURCES}",
            "incident_id": "i.id",
            "external_key": "'k' || n || '-' || m",
            "group_key": "'g' || n",
            "title": "'Late'",
            "first_at": "opened_at",
            "last_at": "opened_at",
            "count": "1 + n %% 3",
        },
        f"{OURS}, generate_series(1, 3) AS m",
    ),
    Rows(
        "reviews_review",
        {"incident_id": "id", "state": "'draft'", "opened_at": "opened_at"},
        f"{OURS} WHERE n %% 4 = 0",
    ),
    Rows(
        "reviews_preventiveaction",
        {
            "review_id": "id",
            "title": "'Alarm'",
            "kind": "(ARRAY['prevent', 'detect', 'respond'])[1 + id %% 3]",
            "owner_id": "%(user)s",
            "due_on": "(opened_at + interval '30 days')::date",
            "agreed_at": "opened_at",
            "state": "'agreed'",
        },
        "reviews_review",
    ),
    Rows(
        "cases_request",
        {
            "involvement_id": "v.id",
            "partner_id": "v.partner_id",
            "reference": "'R-' || v.id",
            "question": "'Which orders?'",
            "state": "'open'",
            "asked_at": "v.added_at",
            "asked_by_id": "%(user)s",
            "due_at": "v.added_at + interval '1 day'",
            "due_set_at": "v.added_at",
        },
        "cases_involvement AS v WHERE v.id %% 3 = 0",
    ),
    Rows(
        "cases_report",
        {
            "incident_id": "v.incident_id",
            "partner_id": "v.partner_id",
            "reference": "'P-' || v.id",
            "title": "'Late'",
            "description": "'Late.'",
            "noticed_at": "v.added_at - interval '1 second' * (v.id %% 9000 - 100)",
            "reported_at": "v.added_at",
            "reported_by_id": "%(user)s",
            "state": "'new'",
        },
        "cases_involvement AS v WHERE v.id %% 5 = 0",
    ),
    Rows(
        "cases_anomaly",
        {
            "series_id": f"{A_SERIES} + n %% {SERIES}",
            "kind": "(ARRAY['unusual', 'limit', 'count'])[1 + n %% 3]",
            "began_at": AT,
            "ended_at": AT,
            "words": "'odd'",
            "threshold": "6",
            "answer": "CASE WHEN n %% 2 = 0 THEN 'true' ELSE 'false' END",
            "answered_at": AT,
            "answered_by_id": "%(user)s",
        },
        NUMBERS,
    ),
    Rows(
        "cases_accessevent",
        {
            "source_id": SOURCE,
            "key": "gen_random_uuid()",
            "at": AT,
            "received_at": AT,
            "action": "'login'",
            "outcome": "'failure'",
            "is_judged": "true",
        },
        "generate_series(1, %(number)s / 5) AS n",
    ),
    Rows(
        "cases_accessfinding",
        {
            "rule_id": f"{RULE} + e.id %% 8",
            "event_id": "e.id",
            "alert_id": f"{ALERT} + e.id %% 1000 * 7",
        },
        "cases_accessevent AS e",
    ),
)


def fill(cursor: Any, people: dict[str, int], *, number: int) -> None:
    """So many incidents with all that belongs to them, written as they never are by the desk."""
    cursor.execute("SET synchronous_commit = off")
    every = (*BEFORE, INCIDENTS, *OF_INCIDENTS)
    tables = {rows.table for rows in every}
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for rows in every:
        insert(cursor, rows, {**people, "number": number})
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    cursor.execute("VACUUM ANALYZE")
