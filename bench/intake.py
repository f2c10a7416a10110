"""Alerts accepted a second: new incidents and repeats, beside a bare view that stores one row."""

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
NEW, REPEAT = "a new incident", "a repeat"


def measure(stack: Stack) -> list[Figure]:
    """Rounds of floor, new, repeat; each round with fresh connections."""
    _make_source(stack)
    rounds = itertools.count(1)
    makers: dict[str, Callable[[], Callable[[int], bytes]]] = {
        FLOOR: lambda: _always(client.post("/insert", _alert("same"))),
        NEW: lambda: _distinct(f"r{next(rounds)}"),
        REPEAT: lambda: _always(_to_desk(_alert("same"))),
    }
    found: dict[str, list[float]] = {name: [] for name in makers}
    for number in range(ROUNDS + 1):  # the first warms up
        for name, maker in makers.items():
            port = stack.floor if name == FLOOR else stack.desk
            seconds = SECONDS if number else 1.0
            load = client.run(port, maker(), clients=CLIENTS, seconds=seconds, status=202)
            if number:
                found[name].append(load.per_second)
                say(f"  round {number} of {ROUNDS}: {name}: {load.per_second:,.0f} a second")
    floor = median(found[FLOOR])
    return [
        Figure(f"alerts a second, {name}", median(found[name]), "/s", FLOOR, floor)
        for name in (NEW, REPEAT)
    ]


def _make_source(stack: Stack) -> None:
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
    return lambda number: _to_desk(_alert(f"{prefix}-{number}"))


def _to_desk(body: bytes) -> bytes:
    return client.post(f"/intake/{KEY}/alertmanager", body)


def _alert(key: str) -> bytes:
    """What Alertmanager sends for one alert; a key of its own is an incident of its own."""
    call = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="Bench", key="{key}"}}',
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
        ],
    }
    return json.dumps(call).encode()
