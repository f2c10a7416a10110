"""F19: ten thousand alerts a minute for ten minutes, through the desk as it is started.

500 series of 20 partners, as one Alertmanager sends them, each alert in a delivery of its own; one
in fifty says that a series cleared. Figures are printed; what is asserted is what is promised of
numbers. STORM_MINUTES shortens it.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from bench.client import Connection, post
from tests.journeys import stack
from tests.sinks import SmtpSink, smtp_sink

MINUTES = float(os.environ.get("STORM_MINUTES", "10"))
A_MINUTE = 10_000
LIMIT = 12_000  # below what is shipped, so that a slow machine can reach it too
PARTNERS, SERIES, CLIENTS = 20, 500, 8
PATH = "/intake/storm-key/alertmanager"
PREPARE = f"""
from cases.models import LabelMapping, Source
from incidentdesk.kernel.shown_once import digest
from partners.models import Partner
source = Source.objects.create(
    name="storm", format="alertmanager", key_digest=digest("storm-key"), impact=3, scope=3
)
for n in range({PARTNERS}):
    partner = Partner.objects.create(name=f"Storm partner {{n}}", code=f"STORM{{chr(65 + n)}}")
    LabelMapping.objects.create(
        source=source, label="client", pattern=f"client-{{n}}", partner=partner
    )
"""
COUNT = f"""
import json
from django.db.models import Sum
from cases.models import Alert, Event, Incident
alerts = Alert.objects.filter(source__name="storm")
events = Event.objects.filter(source__name="storm")
print(json.dumps({{
    "fired": alerts.aggregate(n=Sum("count"))["n"],
    "events": events.count(),
    "pending": events.filter(outcome="pending").count(),
    "incidents": Incident.objects.filter(alerts__in=alerts).distinct().count(),
    "partners": Incident.objects.filter(alerts__in=alerts).values(
        "involvements__partner").distinct().count(),
    "newest": Incident.objects.filter(alerts__in=alerts).latest("pk").pk,
    "about_the_storm": Incident.objects.filter(
        title="storm sends more than {LIMIT:,} deliveries a minute").count(),
}}))
"""


@dataclass
class Answers:
    """What the clients were answered."""

    milliseconds: list[float] = field(default_factory=list)
    fired: int = 0
    cleared: int = 0
    others: list[int] = field(default_factory=list)

    def note(self, status: int, *, fires: bool, took: float) -> None:
        """One answer."""
        self.milliseconds.append(took * 1000)
        if status != 202:
            self.others.append(status)
        elif fires:
            self.fired += 1
        else:
            self.cleared += 1


def body(number: int) -> tuple[bytes, bool]:
    """The delivery of this number, and whether it fires."""
    series = number % SERIES
    fires = number % 50 != 49 or number < SERIES
    labels = {"alertname": f"A{series}", "client": f"client-{series % PARTNERS}"}
    one = {
        "status": "firing" if fires else "resolved",
        "labels": labels | {"severity": "critical"},
        "annotations": {"summary": f"Series {series} is off"},
        "startsAt": "2026-03-04T09:38:12.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{series:016x}",
    }
    call = {"version": "4", "groupKey": f"client-{series % PARTNERS}", "alerts": [one]}
    return json.dumps(call).encode(), fires


def send(port: int, numbers: range, began: float, answers: Answers) -> None:
    """One client: each delivery at its time, or at once when it is late."""
    connection = Connection(port)
    for number in numbers:
        time.sleep(max(began + number * 60 / A_MINUTE - time.monotonic(), 0))
        raw, fires = body(number)
        sent = time.monotonic()
        status, _ = connection.ask(post(PATH, raw))
        answers.note(status, fires=fires, took=time.monotonic() - sent)
    connection.close()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """Where pages arrive."""
    with smtp_sink() as server:
        yield server


@pytest.fixture
def desk(sink: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[stack.Desk]:
    """A desk with the people of the demo."""
    data = tmp_path / "var"
    data.mkdir()
    monkeypatch.setenv("INTAKE_LIMIT", str(LIMIT))
    with stack.running_desk(data, "--demo", email_url=f"smtp://127.0.0.1:{sink.port}") as running:
        running.manage("shell", "--no-imports", "-c", PREPARE)
        yield running


def logged_in(desk: stack.Desk) -> OpenerDirector:
    """A commander's browser, as far as times are concerned."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{desk.url}/accounts/login/").read().decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    form = {"login": "commander@desk.example", "password": "desk-demo"}
    data = urlencode(form | {"csrfmiddlewaretoken": token}).encode()
    browser.open(f"{desk.url}/accounts/login/", data=data)
    return browser


def looked_at(desk: stack.Desk, pages: list[str], until: threading.Event) -> dict[str, list[float]]:
    """How long each page took, one after the other, until it is over. In milliseconds."""
    browser = logged_in(desk)
    took: dict[str, list[float]] = {page: [] for page in pages}
    while not until.wait(2):
        for page in pages:
            began = time.monotonic()
            with browser.open(desk.url + page, timeout=60) as answer:
                assert answer.status == 200
                answer.read()
            took[page].append((time.monotonic() - began) * 1000)
    return took


def counted(desk: stack.Desk) -> dict[str, Any]:
    """What the database holds of it."""
    found: dict[str, Any] = json.loads(desk.manage("shell", "--no-imports", "-c", COUNT))
    return found


def most_in_ten_minutes(sink: SmtpSink) -> tuple[int, str]:
    """The most pages that one person had within ten minutes, and who."""
    by_person: dict[str, list[float]] = {}
    for message, came in zip(sink.messages, sink.times, strict=True):
        if str(message["Subject"]).startswith("SEV-"):
            by_person.setdefault(str(message["To"]), []).append(came)
    return max(
        (sum(one <= other < one + 600 for other in times), person)
        for person, times in by_person.items()
        for one in times
    )


@pytest.mark.fault("F19", "500 series of 20 partners for ten minutes")
def test_ten_thousand_alerts_a_minute_lose_nothing_and_page_nobody_often(
    desk: stack.Desk, sink: SmtpSink, capsys: pytest.CaptureFixture[str]
) -> None:
    port = int(desk.url.rsplit(":", 1)[1])
    total, answers, over = int(MINUTES * A_MINUTE), Answers(), threading.Event()
    began = time.monotonic() + 1
    clients = [
        threading.Thread(target=send, args=(port, range(n, total, CLIENTS), began, answers))
        for n in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    time.sleep(5)
    newest = f"/admin/cases/incident/{counted(desk)['newest']}/change/"
    took: dict[str, list[float]] = {}
    reader = threading.Thread(
        target=lambda: took.update(looked_at(desk, ["/admin/", newest], over))
    )
    reader.start()
    for client in clients:
        client.join()
    lasted = time.monotonic() - began
    over.set()
    reader.join()
    time.sleep(40)  # the first list of pages goes after thirty seconds
    found = counted(desk)
    pages, _ = most_in_ten_minutes(sink)
    refused = flooded(port)
    told = counted(desk)["about_the_storm"]
    times = statistics.quantiles(answers.milliseconds, n=100)
    with capsys.disabled():
        print(
            f"\nstorm: {len(answers.milliseconds):,} deliveries in {lasted:.0f} s, "
            f"answer median {times[49]:.1f} ms, p99 {times[98]:.1f} ms, "
            f"longest {max(answers.milliseconds):.0f} ms\n"
            f"  accepted {answers.fired + answers.cleared:,}, counted {found['fired']:,} of "
            f"{answers.fired:,} that fired, {found['incidents']} incidents\n"
            f"  pages to one person in ten minutes: {pages} at most\n  "
            + ", ".join(f"{page} {statistics.median(ms):.0f} ms" for page, ms in took.items())
            + f"\n  past the limit: 429 after {refused:,} deliveries more"
        )
    assert answers.others == []
    assert (found["events"], found["pending"]) == (answers.fired + answers.cleared, 0)
    assert found["fired"] == answers.fired
    assert (found["incidents"], found["partners"]) == (PARTNERS, PARTNERS)
    assert 1 <= pages <= 6
    assert told == 1


def flooded(port: int) -> int:
    """Deliveries as fast as they are taken, until one is refused; answers how many were taken."""
    taken, refused, over = [0] * CLIENTS, threading.Event(), time.monotonic() + 120

    def flood(client: int) -> None:
        connection = Connection(port)
        while not refused.is_set() and time.monotonic() < over:
            status, _ = connection.ask(post(PATH, body(taken[client])[0]))
            if status == 429:
                refused.set()
            taken[client] += status == 202

    clients = [threading.Thread(target=flood, args=(n,)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert refused.is_set(), f"{sum(taken):,} in two minutes are fewer than the limit"
    return sum(taken)
