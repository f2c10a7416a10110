"""F31: poison at every door of intake of a running desk; no process dies, the next event flows.

FUZZ_EXAMPLES says how many bodies of each shape are made up (2,000).
"""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.client import Connection, post
from tests.cases.intake.test_malformed import BODIES, CALL, EVENT, PLAINLY, nested
from tests.journeys import stack

pytestmark = pytest.mark.fault("F31", "at every door of a running desk")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2000"))
FORMATS = (
    "alertmanager",
    "grafana",
    "cloudevents",
    "datadog",
    "sentry",
    "json",
    "sns",
    "metrics",
    "access",
)
DOORS = [
    *(f"/intake/key-{one}/{one}" for one in FORMATS),
    "/v2/enqueue",
    "/v2/alerts",
    "/v2/alerts/a/close?identifierType=alias",
    "/heartbeat/key-heartbeat",
]
PREPARE = f"""
from cases.intake import presets
from cases.models import Source
from incidentdesk.kernel.shown_once import digest
for one in {(*FORMATS, "pagerduty", "opsgenie", "heartbeat")}:
    Source.objects.create(
        name=one, format=one, key_digest=digest("key-" + one),
        expressions=dict(presets.PRESETS["desk"].expressions) if one == "json" else {{}},
    )
"""
OUTCOMES = """
import json
from collections import Counter
from cases.models import Event
print(json.dumps(Counter(Event.objects.values_list("outcome", flat=True))))
"""
SEEDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Desk]:
    """A desk with a source of each format, none of which is limited."""
    data = tmp_path_factory.mktemp("fuzz") / "var"
    data.mkdir()
    os.environ["INTAKE_LIMIT"] = "10000000"
    with stack.running_desk(data, "--no-demo") as running:
        running.manage("shell", "--no-imports", "-c", PREPARE)
        before = processes(running.process.pid)
        yield running
        assert before <= processes(running.process.pid)  # PostgreSQL may have more by now
        found = json.loads(running.manage("shell", "--no-imports", "-c", OUTCOMES))
        assert set(found) == {"done", "refused"}  # nothing waits, nothing has no outcome


def processes(parent: int) -> set[int]:
    """All processes of the desk. One that died was replaced by another number."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = set[int](), [parent]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


@pytest.fixture
def port(desk: stack.Desk) -> Iterator[int]:
    """Where to send to; afterwards a right alert flows as ever."""
    number = int(desk.url.rsplit(":", 1)[1])
    yield number
    good = {"alerts": [{"status": "firing", "labels": {"alertname": os.urandom(8).hex()}}]}
    status, raw = Connection(number).ask(
        post("/intake/key-alertmanager/alertmanager", json.dumps(good).encode())
    )
    assert (status, json.loads(raw)["status"]) == (202, "opened")


def tell(port: int, door: str, body: bytes) -> int:
    """Send it; a refusal is JSON with one sentence."""
    status, raw = Connection(port).ask(post(door, body))
    assert status in (200, 202, 400, 401, 404, 413), (status, raw[:300])
    if status >= 400:
        assert json.loads(raw)["error"].strip()
    return status


@pytest.mark.parametrize("door", DOORS)
def test_poison_at_each_door_is_answered(port: int, door: str) -> None:
    for body in BODIES.values():
        tell(port, door, body if isinstance(body, bytes) else body.encode())
    tell(port, door, gzip.compress(b"[" * 50_000_000))
    tell(port, door, nested(200_000).encode())
    keys = json.dumps(dict.fromkeys(map(str, range(1_000_000)))).encode()
    assert raw_answer(port, post(door, keys)) in (b"", b"4")  # it may hang up before all is sent


@pytest.mark.parametrize("door", DOORS)
def test_a_header_of_five_megabytes_is_refused(port: int, door: str) -> None:
    head = f"POST {door} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nX-Big: ".encode()
    assert raw_answer(port, head + b"x" * 5_000_000 + b"\r\n\r\n{}") in (b"", b"4")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Encoding: gzip\r\nContent-Length: 2",
        b"Transfer-Encoding: chunked",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: -1",
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Content-Type: multipart/form-data; boundary=\r\nContent-Length: 2",
        b"Content-Type: \xff\xfe\r\nContent-Length: 2",
    ],
)
def test_odd_heads_are_answered_or_hung_up_on(port: int, head: bytes) -> None:
    for door in DOORS:
        start = f"POST {door} HTTP/1.1\r\nHost: localhost\r\n".encode()
        assert raw_answer(port, start + head + b"\r\n\r\n{}") in (b"", b"2", b"4")


def raw_answer(port: int, request: bytes) -> bytes:
    """The first digit of the status, or nothing where the server hung up."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(65536)[9:10]
        except ConnectionError:
            return b""


ANY_DOOR = st.sampled_from(DOORS)


@SEEDED
@given(door=ANY_DOOR, shape=st.one_of(CALL, EVENT, PLAINLY))
def test_no_shape_at_any_door_breaks_it(port: int, door: str, shape: Any) -> None:
    tell(port, door, json.dumps(shape).encode())


@SEEDED
@given(door=ANY_DOOR, body=st.binary(max_size=2_000))
def test_no_bytes_at_any_door_break_it(port: int, door: str, body: bytes) -> None:
    tell(port, door, body)


@SEEDED
@given(door=ANY_DOOR, lines=st.lists(st.binary(max_size=60) | st.just(b"{}"), max_size=40))
def test_no_lines_at_any_door_break_it(port: int, door: str, lines: list[bytes]) -> None:
    tell(port, door, b"\n".join(lines))
