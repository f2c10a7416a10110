"""Called within `manage.py shell`: the median time, in ms, of each chart of the trends, and of one
plain pass over the same incidents; by period.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.db import connection

from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
from reviews.trends import asked, reading, times

PERIODS = ("365", "90")
ROUNDS = 5
PLAIN = """
    SELECT severity, count(*) FROM cases_incident
    WHERE opened_at >= %s AND opened_at < %s AND NOT is_exercise AND phase <> 'dismissed'
    GROUP BY severity
"""


def main(email: str) -> None:
    """Print all as JSON: period → chart → ms; `pass` is the plain one."""
    actor, at = access.actor_for(User.objects.get(email=email)), clocks.now()
    found = {}
    for period in PERIODS:
        wanted = asked.read({"period": period}, at=at)
        found[period] = {key: _ms(_chart(key, wanted, actor, at)) for key in reading.CHARTS}
        found[period]["pass"] = _ms(lambda wanted=wanted: _plain(wanted))  # type: ignore[misc]
    print(json.dumps(found))


def _chart(key: str, wanted: Any, actor: Any, at: Any) -> Callable[[], Any]:
    known = times.limits()
    if key in times.MEASURES:
        return lambda: times.chart(key, wanted, actor, known, at=at)
    return lambda: reading.chart(key, wanted, actor, at=at)


def _plain(wanted: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, [wanted.before, wanted.until])
        cursor.fetchall()


def _ms(run: Callable[[], Any]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return median(took) * 1000
