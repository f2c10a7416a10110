"""Called within `manage.py shell`: the median times, in ms, of the portal's list in SQL.

First as the portal asks for it (its statement, as its database role within the partner's
scope), then the same rows by hand, as the application without row-level security.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median
from typing import Any

from django.db import connection, transaction

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.scope import partner_scope
from partners.portal.views import home, shelves

TIMES = 300
BY_HAND = """
    SELECT v.id, v.partner_id, v.reference, v.title, v.meaning, v.severity, v.started_at, v.phase,
        v.phase_times, v.disclosed_at, v.recovery_confirmed_at, v.recovery_confirmed_by,
        v.is_exercise, v.continued_as, c.sent_at, c.next_update_at
    FROM cases_involvement AS v LEFT JOIN LATERAL (
        SELECT sent_at, next_update_at FROM cases_noticecopy WHERE involvement_id = v.id
            AND sent_at IS NOT NULL ORDER BY sent_at DESC, id DESC LIMIT 1
    ) AS c ON true
    WHERE v.partner_id = %s AND v.disclosed_at IS NOT NULL AND v.phase {} ('closed', 'dismissed')
    ORDER BY v.disclosed_at DESC, v.id DESC LIMIT {}
"""


def main(partner_id: int) -> None:
    """Print both as JSON."""
    asked = _of_portal(partner_id)
    most = {"NOT IN": shelves.PAGE + 1, "IN": home.PAST + 1}
    by_hand = [(BY_HAND.format(words, limit), [partner_id]) for words, limit in most.items()]
    took = [
        _ms(lambda: partner_scope(partner_id), asked),
        _ms(transaction.atomic, by_hand),
    ]
    if sorted(took[0][1]) != sorted(took[1][1]):
        sys.exit("bench: by hand other rows are found than by the portal; mend bench.")
    print(json.dumps([took[0][0], took[1][0]]))


def _of_portal(partner_id: int) -> list[tuple[str, Any]]:
    """The statements as the page sends them."""
    actor = Actor(name="Bench", user_id=0, partner_id=partner_id)
    return [home.listed(actor).query.sql_with_params()]


def _ms(
    within: Callable[[], AbstractContextManager[None]], statements: list[tuple[str, Any]]
) -> tuple[float, list[int]]:
    """The median time of all of them together, and the ids that they find."""
    took = []
    for _ in range(TIMES):
        with within(), connection.cursor() as cursor:
            began, ids = time.perf_counter(), list[int]()
            for sql, parameters in statements:
                cursor.execute(sql, parameters)
                ids += [row[0] for row in cursor.fetchall()]
            took.append(time.perf_counter() - began)
    return median(took) * 1000, ids
