"""The desk's list of incidents through HTTP, as a member of staff: the page, each filter, the
search, a page far back; beside itself where there are fewer.
"""

from __future__ import annotations

import time

from bench import client
from bench.scratch import Stack, say
from bench.table import Figure, median

SECONDS, LEAST = 1.0, 7
LIST = "/admin/cases/incident/"
ALL = f"{LIST}?show=all"
# What is asked, and a word that the answer has to hold.
PAGES = {
    "list of what is open": (LIST, "OLD-7<"),
    "list of all": (ALL, "OLD-1<"),
    "mine": (f"{ALL}&mine=1", "OLD-39<"),
    "category": (f"{ALL}&category=outage", "OLD-"),
    "severity": (f"{ALL}&severity=1", "OLD-1<"),
    "phase": (f"{ALL}&phase=dismissed", "OLD-12<"),
    "partner with a fifth": (f"{ALL}&partner=B0001", "OLD-5<"),
    "partner with a few": (f"{ALL}&partner=partner+17", "OLD-"),
    "system": (f"{ALL}&system=system-8", "OLD-1<"),
    "overdue": (f"{LIST}?overdue=1", "OLD-21<"),
    "search, a reference": (f"{ALL}&q=B0001-2026-0000005", "OLD-5<"),
    "search, a rare word": (f"{ALL}&q=leapsecond", "OLD-77<"),
    "search, one in 200": (f"{ALL}&q=failover", "OLD-3<"),
    "search, in every incident": (f"{ALL}&q=runbook", "OLD-1<"),
    "search and filter": (f"{ALL}&q=failover+replay&category=outage&severity=2", ""),
}
RAW = """
    SELECT i.id, i.reference, i.title, i.severity, i.phase, i.opened_at, u.name,
        (SELECT due_at FROM cases_deadline d WHERE d.incident_id = i.id AND d.met_at IS NULL
         AND NOT d.is_dropped ORDER BY due_at LIMIT 1)
    FROM cases_incident i LEFT JOIN kernel_user u ON u.id = i.commander_id
    ORDER BY i.opened_at DESC, i.id DESC LIMIT 25
"""


Found = dict[str, float]  # the page → its median time, and "raw" of one statement by hand


def read(stack: Stack, cookie: str, cursor: object, size: int) -> Found:
    """Every page, where there are `size` incidents."""
    found = {name: _ms(stack, cookie, *page) for name, page in PAGES.items()}
    found["page far back"] = _ms(stack, cookie, f"{ALL}&after={_far(cursor, size)}", "OLD-")
    say("  desk: " + ", ".join(f"{name} {ms:.0f}" for name, ms in found.items()))
    return found | {"raw": _raw_ms(stack)}


def figures(found: dict[int, Found]) -> list[Figure]:
    """The list beside the same rows in SQL; every page beside itself at the least size."""
    least = min(found)
    lists = [
        Figure(f"list of all at {size:,}", ms["list of all"], "ms", "in raw SQL", ms["raw"], False)
        for size, ms in found.items()
    ]
    return lists + [
        Figure(f"{name} at {size:,}", ms, "ms", f"at {least:,}", found[least][name], False)
        for size in found
        for name, ms in found[size].items()
        if size != least and name != "raw"
    ]


def _far(cursor: object, size: int) -> int:
    """The row at which a page begins that only the oldest follow."""
    cursor.execute("SELECT id FROM cases_incident WHERE reference = %s", [f"OLD-{size - 100}"])  # type: ignore[attr-defined]
    return int(cursor.fetchone()[0])  # type: ignore[attr-defined]


def _ms(stack: Stack, cookie: str, path: str, word: str) -> float:
    """The median time of one page for one client."""
    request = client.get(path, cookie)
    connection = client.Connection(stack.desk)
    status, body = connection.ask(request)
    if status != 200 or word.encode() not in body:
        raise RuntimeError(f"{path} answered {status} without {word!r}; mend bench.")
    took, ends = list[float](), time.perf_counter() + SECONDS
    while len(took) < LEAST or time.perf_counter() < ends:
        began = time.perf_counter()
        connection.ask(request)
        took.append(time.perf_counter() - began)
    connection.close()
    return median(took) * 1000


def _raw_ms(stack: Stack) -> float:
    """The median time of one statement that reads the same rows."""
    took = []
    with stack.connect("app") as cursor:
        for _ in range(200):
            began = time.perf_counter()
            cursor.execute(RAW)
            cursor.fetchall()
            took.append(time.perf_counter() - began)
    return median(took) * 1000
