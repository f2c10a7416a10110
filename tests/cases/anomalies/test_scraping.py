"""Figures asked of a Prometheus: from allowed hosts only, and whatever it answers is survived."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from cases.anomalies import scraping
from cases.models import Observation, PrometheusQuery, Series, Source
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.shown_once import digest
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
AT = NOW.timestamp()


class Server(ThreadingHTTPServer):
    """Answers what a test wants, and keeps what it was asked."""

    status, body, headers = 200, "{}", {}
    asked: list[tuple[str, dict[str, list[str]]]]
    goes_on: threading.Event  # it says nothing before
    is_left: threading.Event  # until then an answer does not end
    drop = b""


class Handler(BaseHTTPRequestHandler):
    """One question."""

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        server: Any = self.server
        server.asked.append((self.path, parse_qs(self.rfile.read(size).decode())))
        if not server.goes_on.wait(timeout=30):
            return
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(server.body.encode())
        with suppress(OSError):
            while not server.is_left.wait(timeout=0.05):
                self.wfile.write(server.drop)

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def _listening() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def prometheus(_listening: Server, settings: Any) -> Iterator[Server]:
    _listening.status, _listening.headers, _listening.asked = 200, {}, []
    _listening.goes_on, _listening.is_left = threading.Event(), threading.Event()
    _listening.goes_on.set()
    _listening.is_left.set()
    settings.PROMETHEUS_HOSTS = [f"127.0.0.1:{_listening.server_port}"]
    yield _listening
    _listening.goes_on.set()
    _listening.is_left.set()


@pytest.fixture
def query(prometheus: Server, db: None) -> PrometheusQuery:
    source = Source.objects.create(
        name="prom", format="prometheus", key_digest=digest("key-prometheus")
    )
    return PrometheusQuery.objects.create(
        source=source,
        metric="p99",
        url=f"http://127.0.0.1:{prometheus.server_port}",
        query='latency{quantile="0.99"}',
        step=60,
    )


def answered(result: Any, kind: str = "vector") -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}})


def said(query: PrometheusQuery) -> str:
    query.refresh_from_db()
    return query.said


def test_each_series_of_an_answer_is_a_series_here(query, prometheus):
    prometheus.body = answered(
        [
            {"metric": {"__name__": "latency", "gateway": "eu"}, "value": [AT, "4.5"]},
            {"metric": {"gateway": "us"}, "value": [AT, "NaN"]},
            {"metric": {"gateway": "ap"}, "value": [AT, "7"]},
        ]
    )
    assert scraping.ask(at=NOW) == 1
    rows = Observation.objects.order_by("value").values_list("series__name", "at", "value")
    assert list(rows) == [('p99{gateway="eu"}', NOW, 4.5), ('p99{gateway="ap"}', NOW, 7.0)]
    assert prometheus.asked == [
        ("/api/v1/query", {"query": ['latency{quantile="0.99"}'], "time": [str(AT)]})
    ]
    assert said(query) == "2 series answered"
    assert (query.answered_at, query.due_at) == (NOW, NOW + timedelta(seconds=60))


def test_it_is_asked_once_a_step(query, prometheus):
    prometheus.body = answered([AT, "3"], "scalar")
    scraping.ask(at=NOW)
    assert scraping.ask(at=NOW + timedelta(seconds=59)) == 0
    assert scraping.ask(at=NOW + timedelta(seconds=61)) == 1
    assert len(prometheus.asked) == 2
    assert Series.objects.get().name == "p99"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, "<html>", "failed: its answer cannot be read"),
        (200, "[]", "failed: it is no answer of a Prometheus"),
        (400, '{"status":"error","error":"parse\\u0000 error\\ud800"}', "failed: parse error?"),
        (503, "gone", "failed: it answered 503"),
        (
            200,
            answered([], "matrix"),
            "failed: the query answers a matrix; ask for a vector or a scalar",
        ),
        (200, answered([{"metric": {}, "value": "x"}]), "failed: its answer cannot be read"),
        (200, answered([{}]), "failed: its answer cannot be read"),
        (200, answered([{"metric": 1, "value": [AT, "1"]}]), "failed: its answer cannot be read"),
        (200, answered([{"metric": {}, "value": [AT, {}]}]), "failed: its answer cannot be read"),
        (200, answered([AT, 10**400], "scalar"), "failed: its answer cannot be read"),
        (200, answered(7), "failed: its answer cannot be read"),
        (200, '{"status": "success", "data": 7}', "failed: its answer cannot be read"),
        (200, "[" * 100_000, "failed: its answer cannot be read"),
        (200, answered([]), "0 series answered"),
    ],
    ids=[
        *("html", "list", "error", "503", "matrix", "value", "row", "metric", "number", "digits"),
        *("result", "data", "deep", "none"),
    ],
)
def test_what_cannot_be_read_is_said_in_words_and_tried_at_the_next_step(
    query, prometheus, status, body, words
):
    prometheus.status, prometheus.body = status, body
    scraping.ask(at=NOW)
    assert said(query) == words
    assert Observation.objects.count() == 0
    prometheus.status, prometheus.body = 200, answered([AT, "3"], "scalar")
    scraping.ask(at=NOW + timedelta(seconds=60))
    assert said(query) == "1 series answered"


@pytest.mark.parametrize("time", [1e999, -1e999, float("nan"), 95_617_584_000, "soon", None])
def test_a_figure_is_of_the_step_that_was_asked_for_whatever_time_stands_in_the_answer(
    query, prometheus, time
):
    prometheus.body = answered([{"metric": {"a": "\ud800\x00"}, "value": [time, "3"]}])
    scraping.ask(at=NOW + timedelta(seconds=7))
    assert said(query) == "1 series answered"
    assert list(Observation.objects.values_list("at", "series__labels")) == [(NOW, {"a": "?"})]


@pytest.mark.asvs("15.3.2", 18)
def test_no_redirect_is_followed(query, prometheus):
    prometheus.status, prometheus.body = 302, ""
    prometheus.headers = {"Location": f"http://127.0.0.1:{prometheus.server_port}/elsewhere"}
    scraping.ask(at=NOW)
    assert said(query) == "failed: it answered 302"
    assert [path for path, _ in prometheus.asked] == ["/api/v1/query"]


def test_an_answer_without_end_is_left(query, prometheus, monkeypatch):
    monkeypatch.setattr(scraping, "LARGEST", 1000)
    prometheus.body = "x" * 200_000
    scraping.ask(at=NOW)
    assert said(query) == "failed: the answer is too large"


def test_a_host_that_is_not_allowed_any_more_is_not_asked(query, prometheus, settings):
    settings.PROMETHEUS_HOSTS = ["prometheus.internal:9090"]
    scraping.ask(at=NOW)
    assert prometheus.asked == []
    assert said(query).startswith("failed: The desk may not ask 127.0.0.1:")


def test_nobody_there_stops_nobody_behind_it(query, prometheus, settings):
    settings.PROMETHEUS_HOSTS.append("127.0.0.1:1")
    gone = PrometheusQuery.objects.create(
        source=query.source, metric="gone", url="http://127.0.0.1:1", query="up", due_at=None
    )
    prometheus.body = answered([AT, "3"], "scalar")
    assert scraping.ask(at=NOW) == 2
    assert (said(gone), said(query)) == ("failed: nobody answers there", "1 series answered")


def test_a_host_that_says_nothing_is_asked_once_a_run_and_holds_up_no_other(
    query, prometheus, settings, monkeypatch
):
    monkeypatch.setattr(scraping, "ANSWER", 0.2)
    here = prometheus.server_port
    settings.PROMETHEUS_HOSTS += [f"localhost:{here}", "127.0.0.1:1"]
    for name in ("b", "c"):
        PrometheusQuery.objects.create(
            source=query.source, metric=name, url=f"http://127.0.0.1:{here}/{name}", query="up"
        )
    PrometheusQuery.objects.create(
        source=query.source, metric="gone", url="http://127.0.0.1:1", query="up"
    )
    prometheus.goes_on.clear()
    assert scraping.ask(at=NOW) == 2
    assert len(prometheus.asked) == 1
    found = PrometheusQuery.objects.order_by("id").values_list("said", "due_at")
    following, skipped = NOW + timedelta(seconds=60), "failed: its host did not answer before"
    assert list(found) == [
        ("failed: it did not answer in time", following),
        (skipped, following),
        (skipped, following),
        ("failed: nobody answers there", following),
    ]
    prometheus.goes_on.set()
    prometheus.body = answered([AT, "3"], "scalar")
    assert scraping.ask(at=following) == 4
    assert [path for path, _ in prometheus.asked[1:]] == [
        "/api/v1/query",
        "/b/api/v1/query",
        "/c/api/v1/query",
    ]
    assert said(query) == "1 series answered"


@pytest.mark.parametrize("drop", [b"", b" "], ids=["stops", "drips"])
def test_an_answer_that_never_comes_to_its_end_is_left_and_its_host_with_it(
    query, prometheus, monkeypatch, drop
):
    monkeypatch.setattr(scraping, "ANSWER", 0.2)
    PrometheusQuery.objects.create(source=query.source, metric="b", url=query.url, query="up")
    prometheus.headers, prometheus.drop = {"Content-Length": "1000"}, drop
    prometheus.is_left.clear()
    scraping.ask(at=NOW)
    assert len(prometheus.asked) == 1
    assert said(query) == "failed: it did not answer in time"


def test_a_run_ends_in_time_and_the_next_one_asks_what_was_left(query, prometheus, monkeypatch):
    monkeypatch.setattr(scraping, "A_RUN", -1.0)
    for name in ("b", "c"):
        PrometheusQuery.objects.create(
            source=query.source, metric=name, url=f"{query.url}/{name}", query="up"
        )
    assert [scraping.ask(at=NOW) for _ in range(4)] == [1, 1, 1, 0]
    assert [path[:2] for path, _ in prometheus.asked] == ["/a", "/b", "/c"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://prometheus.internal:9090", "The address has to look like"),
        ("http://", "The address has to look like"),
        ("http://prometheus.internal:9090@evil.test", "The address has to look like"),
        ("http://prometheus.internal:9090.evil.test", "The desk may not ask"),
        ("http://prometheus.internal", "The desk may not ask"),
        ("http://169.254.169.254", "The desk may not ask"),
        ("http://prometheus.internal:9090/?x=1", "Leave out everything after the path"),
        ("http://prometheus.internal:9090/#x", "Leave out everything after the path"),
    ],
)
def test_only_what_the_setting_names_may_be_asked(settings, url, sentence):
    settings.PROMETHEUS_HOSTS = ["prometheus.internal:9090"]
    with pytest.raises(InvalidInput, match=sentence):
        scraping.require_allowed(url)
    inside = "HTTP://Prometheus.Internal:9090/prom/"
    assert scraping.require_allowed(inside) == "HTTP://Prometheus.Internal:9090/prom"
