"""Trends where there are 100,000 incidents in a year: each chart's query beside one plain pass over
the same incidents, and the whole page through HTTP.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time

from bench import client, desk_rows, scratch, table, trend_rows
from bench.portal import encoded, log_in
from bench.scratch import ROOT, Stack, say
from bench.table import Figure, median

NUMBER, MOST_MS = 100_000, 300
STAFF = "bench@desk.example"
PAGE = "/admin/trends/?period="
WORDS = {"365": "a year", "90": "90 days"}


def measure(stack: Stack) -> list[Figure]:
    """Fill in the incidents and ask for every chart, of a year and of 90 days."""
    password = secrets.token_urlsafe(12)
    with stack.connect("owner") as cursor:
        say(f"Filling in {NUMBER:,} incidents of a year …")
        began = time.monotonic()
        people = desk_rows.register(cursor, email=STAFF, password=encoded(password))
        trend_rows.fill(cursor, people, number=NUMBER)
        say(f"  {time.monotonic() - began:.0f} s")
    found = _statements(stack)
    slow = [f"{key} {ms:.0f}" for key, ms in found["365"].items() if ms > MOST_MS]
    say(f"  slower than {MOST_MS} ms: {', '.join(slow) or 'none'}")
    cookie = log_in(stack, STAFF, password)
    pages = {period: _page_ms(stack, cookie, period) for period in found}
    return [
        *(
            Figure(f"trends, {key}, of {WORDS[period]}", ms, "ms", "one pass", of["pass"], False)
            for period, of in found.items()
            for key, ms in of.items()
            if key != "pass"
        ),
        *(
            Figure(
                f"trends, the page of {WORDS[period]}",
                ms,
                "ms",
                "its charts",
                sum(found[period].values()) - found[period]["pass"],
                False,
            )
            for period, ms in pages.items()
        ),
    ]


def _statements(stack: Stack) -> dict[str, dict[str, float]]:
    done = subprocess.run(
        [
            *(sys.executable, "manage.py", "shell", "--no-imports", "-c"),
            f"from bench import trend_statements; trend_statements.main({STAFF!r})",
        ],
        cwd=ROOT,
        env=stack.environment("incidentdesk.settings"),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _page_ms(stack: Stack, cookie: str, period: str) -> float:
    connection, took = client.Connection(stack.desk), []
    request = client.get(f"{PAGE}{period}", cookie)
    for _ in range(4):
        began = time.perf_counter()
        status, body = connection.ask(request)
        took.append(time.perf_counter() - began)
        if status != 200 or b"SEV-1" not in body:
            raise RuntimeError(f"{PAGE}{period} answered {status}; mend bench.")
    connection.close()
    return median(took[1:]) * 1000


if __name__ == "__main__":  # `python -m bench.trends`: these figures alone
    started = time.monotonic()
    with scratch.stack() as alone:
        print(f"\n{table.show(measure(alone), seconds=time.monotonic() - started)}")
