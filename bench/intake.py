"""Alerts accepted a second: new incidents, repeats (which wait for each other where all are of one
alert), and a hundred repeats in one request, beside a bare view that stores one row."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable

from bench import client
from bench.scratch import Stack, say
from bench.table import Figure, median

CLIENTS = 8
ROUNDS = 3
SECONDS = 4.0
KEY = "bench-alertmanager"
FLOOR = "bare Django view, one row"
NEW, REPEAT = "a new incident", "a repeat, an alert a client"
SAME, MANY = "a repeat, one alert for all", "100 repeats in one request"
BATCH = 100


def measure(stack: Stack) -> list[Figure]:
    """Rounds of floor, new, repeat, many; each round with fresh connections."""
    make_source(stack)
    rounds = itertools.count(1)
    makers: dict[str, Callable[[], Callable[[int], bytes]]] = {
        FLOOR: lambda: _always(client.post("/insert", alerts("same"))),
        NEW: lambda: _distinct(f"r{next(rounds)}"),
        REPEAT: lambda: _batches(1),
        SAME: lambda: _always(to_desk(alerts("same"))),
        MANY: lambda: _batches(BATCH),
    }
    found: dict[str, list[float]] = {name: [] for name in makers}
    for number in range(ROUNDS + 1):  # the first warms up
        for name, maker in makers.items():
            port = stack.floor if name == FLOOR else stack.desk
            seconds = SECONDS if number else 1.0
            load = client.run(port, maker(), clients=CLIENTS, seconds=seconds, status=202)
            if number:
                per_second = load.per_second * (BATCH if name == MANY else 1)
                found[name].append(per_second)
                say(f"  round {number} of {ROUNDS}: {name}: {per_second:,.0f} a second")
    floor = median(found[FLOOR])
    return [
        Figure(f"alerts a second, {name}", median(found[name]), "/s", FLOOR, floor)
        for name in (NEW, REPEAT, SAME, MANY)
    ]


def make_source(stack: Stack) -> None:
    """The Alertmanager that the benchmark speaks as."""
    with stack.connect("owner") as cursor:
        cursor.execute(
            "INSERT INTO cases_source (name, format, key_digest, category_id, impact, scope,"
            " is_active) SELECT 'bench', 'alertmanager', %s, id, 2, 2, true"
            " FROM cases_category WHERE key = 'outage'",
            [hashlib.sha256(KEY.encode()).hexdigest()],
        )


def _always(request: bytes) -> Callable[[int], bytes]:
    return lambda number: request


def _distinct(prefix: str) -> Callable[[int], bytes]:
    return lambda number: to_desk(alerts(f"{prefix}-{number}"))


def _batches(size: int) -> Callable[[int], bytes]:
    """Each client repeats a batch of its own, as one Alertmanager does for each of its groups."""
    made = [
        to_desk(alerts(*(f"batch-{size}-{client}-{number}" for number in range(size))))
        for client in range(CLIENTS)
    ]
    return lambda number: made[number % CLIENTS]


def to_desk(body: bytes) -> bytes:
    """The request that brings it."""
    return client.post(f"/intake/{KEY}/alertmanager", body)


def alerts(*keys: str) -> bytes:
    """What Alertmanager sends for some alerts of one group; another first key is another group."""
    call = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="Bench", key="{keys[0]}"}}',
        "status": "firing",
        "receiver": "incident-desk",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "Bench", "key": key, "severity": "warning"},
                "annotations": {"summary": f"Queue of {key} grows"},
                "startsAt": "2026-03-04T09:41:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": key,
            }
            for key in keys
        ],
    }
    return json.dumps(call).encode()
