"""What is logged: lines that name request, job and incident, hold no secret, and stay lines."""

from __future__ import annotations

import gzip
import io
import json
import logging
import logging.config
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from django.test import Client

from incidentdesk import crashes, logs
from incidentdesk.kernel import traced, worker
from tests.embedded.conftest import ROOT, environment

HEX = r"[0-9a-f]{32}"


@contextmanager
def written(*, json_lines: bool) -> Iterator[list[str]]:
    """What a logger of the desk writes inside, line by line."""
    asked = logs.configuration(json_lines=json_lines)
    formatter = dict(asked["formatters"]["line"])
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(formatter.pop("()")(**formatter))
    logger = logging.getLogger("desk.test")
    logger.addHandler(handler)
    lines: list[str] = []
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        lines += stream.getvalue().splitlines()


say = logging.getLogger("desk.test")


@pytest.fixture(autouse=True)
def _of_its_own() -> None:
    """What a use case of another test let the log know is not known here."""
    logs.forget()


def test_a_line_for_programs_names_request_and_incident() -> None:
    with written(json_lines=True) as lines:
        with logs.apart(request_id="abc", incident="INC-2026-0001"):
            say.warning("could not wake %s", "the sender")
        say.info("on its own")
    first, second = (json.loads(line) for line in lines)
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "could not wake the sender",
        "level": "warning",
        "logger": "desk.test",
        "request_id": "abc",
        "incident": "INC-2026-0001",
    }
    assert set(second) == {"event", "level", "logger", "timestamp"}


def test_a_line_for_people_is_as_short_as_it_can_be() -> None:
    with written(json_lines=False) as lines, logs.apart(task="jobs.deliver"):
        say.warning("could not wake %s", "the sender")
    assert lines == ["WARNING desk.test: could not wake the sender [task=jobs.deliver]"]


@pytest.mark.parametrize("json_lines", [True, False])
def test_nothing_that_is_logged_begins_a_line_of_its_own(json_lines: bool) -> None:
    forged = 'x\n{"level": "critical"}\r\x1b[31mred\x85\u2028next\x00'
    with written(json_lines=json_lines) as lines:
        say.warning("name: %s", forged)
        try:
            raise ValueError(forged)
        except ValueError:
            say.exception("failed")
    starts = [line for line in lines if not line.startswith("    ")]
    assert len(starts) == 2
    assert not {"\x1b", "\r", "\x85", "\u2028", "\x00"} & set("".join(lines))
    if json_lines:
        assert json.loads(lines[0])["event"] == f"name: {forged}"
        assert "ValueError" in json.loads(lines[1])["exception"]


CANARY = "Zq7canaryZq7-mfWZSDpD8Kqr6KuxRy4Yv-YfEs"  # the same for every process of a test run


@pytest.mark.parametrize(
    "said",
    [
        f"postgresql://desk_app:{CANARY}@db/incidentdesk refused",
        f"smtp://u:{CANARY}@mail:587",
        f"headers: {{'Authorization': 'Bearer {CANARY}', 'Cookie': 'desk_1={CANARY}'}}",
        f"Authorization: GenieKey {CANARY}",
        f"token desk_{CANARY} is over",
        f"partner_{CANARY}",
        f'{{"password": "{CANARY}", "routing_key": "{CANARY}"}}',
        f"?api_key={CANARY}&x=1",
        f"Internal Server Error: /intake/{CANARY}/alertmanager",
        f"/heartbeat/{CANARY}/fail and /ack/{CANARY}/ and /oncall/{CANARY}.ics",
        f"https://desk/accounts/password/reset/key/{CANARY}/",
        f"/accounts/invitation/{CANARY}/ /accounts/first/{CANARY}/ /hooks/mail/postmark/{CANARY}/",
        f"csrfmiddlewaretoken={CANARY}",
    ],
)
@pytest.mark.parametrize("json_lines", [True, False])
def test_no_secret_is_logged_wherever_it_stands(said: str, json_lines: bool) -> None:
    with written(json_lines=json_lines) as lines:
        say.warning("%s", said)
        with logs.apart(token=CANARY, more={"secret": CANARY, "url": said}, some=[said]):
            say.warning("known")
        try:
            raise RuntimeError(said)
        except RuntimeError:
            say.exception("failed")
    text = "\n".join(lines)
    assert "Zq7canary" not in text
    assert logs.MASK in text
    assert "failed" in text


def test_what_the_desk_was_started_with_is_masked_by_its_letters(settings: Any) -> None:
    password, plain = secrets.token_urlsafe(12), "plain%20words"
    logs.never_say(f"redis://:{password}@redis:6379/0", f"https://u:{plain}@host/")
    with written(json_lines=True) as lines:
        say.warning("%s, %s, %s", password, plain, "plain words")
        say.warning("it starts with %s", settings.SECRET_KEY)
    text = "\n".join(lines)
    assert password not in text
    assert "plain" not in text
    assert settings.SECRET_KEY not in text


def test_ordinary_words_are_left_as_they_are() -> None:
    said = "the notice of INC-2026-0001 to Helix: 3 keys, 2 passes, https://desk.example/admin/"
    assert logs.masked(said) == said


# --- requests -------------------------------------------------------------------------------------


def test_each_answer_has_an_id_and_so_has_what_is_logged_meanwhile(client: Client) -> None:
    one, other = client.get("/healthz"), client.get("/healthz")
    assert len(one["X-Request-ID"]) == len(other["X-Request-ID"]) == 32
    assert one["X-Request-ID"] != other["X-Request-ID"]
    assert "request_id" not in logs.known(), "nothing stays behind in the thread"


@pytest.mark.parametrize(
    "given", ["short", "a b c d e f g h", "x" * 65, "abcdefgh\nforged", "-abcdefgh", "äbcdefgh"]
)
def test_an_id_is_taken_from_our_proxy_alone_and_only_a_fit_one(
    given: str, settings: Any, rf: Any
) -> None:
    fit = "req-2026.03_04-0001"
    settings.TRUSTED_PROXIES = 0
    assert traced.name_of(rf.get("/", headers={"X-Request-ID": fit})) != fit
    settings.TRUSTED_PROXIES = 1
    assert traced.name_of(rf.get("/", headers={"X-Request-ID": fit})) == fit
    assert traced.name_of(rf.get("/", headers={"X-Request-ID": given})) != given


def test_a_use_case_names_its_incident_and_a_job_forgets_it_with_each_part(
    declare: Any, people: Any
) -> None:
    from cases import workflow

    incident = declare(title="Stale prices")
    heard: list[Any] = []

    def acknowledge(*, at: Any) -> None:
        workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=at)
        heard.append(logs.known().get("incident"))

    def after(*, at: Any) -> None:
        heard.append(logs.known().get("incident"))

    with logs.apart():
        logs.forget()
        worker.do(acknowledge, after)
    assert heard == [incident.reference, None]


def test_a_job_of_the_worker_is_named_by_its_task() -> None:
    from incidentdesk import celery as wiring

    task = type("Task", (), {"name": "notifications.jobs.deliver"})
    with logs.apart():
        wiring.say_which_job(task_id="4711", task=task)
        assert logs.of(("task", "task_id", "incident")) == {
            "task": "notifications.jobs.deliver",
            "task_id": "4711",
        }
        wiring.say_no_more()
        assert logs.known() == {}


# --- a Sentry -------------------------------------------------------------------------------------


@contextmanager
def sentry() -> Iterator[tuple[int, list[str]]]:
    """A server that takes envelopes, and what it got."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = {"gzip": gzip.decompress, "br": brotli.decompress}
            got.append(unpack.get(self.headers["Content-Encoding"], bytes)(body).decode())
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, got
    finally:
        server.shutdown()
        server.server_close()


PROGRAM = """
import logging, django
django.setup()
from incidentdesk import logs
def fail(person):
    raise ValueError(f"no such person: {person}")
with logs.apart(request_id="req-4711", token="hush-hush-hush"):
    try:
        fail("ada@partner.example")
    except ValueError:
        logging.getLogger("cases").exception("the mail to %s failed", "ada@partner.example")
"""


def test_an_error_is_told_to_a_sentry_without_anything_that_is_somebodys() -> None:
    with sentry() as (port, got):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=environment(
                SENTRY_DSN=f"http://publickey1@127.0.0.1:{port}/1",
                DJANGO_SETTINGS_MODULE="incidentdesk.settings",
            ),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "the mail to ada@partner.example failed" in done.stderr, "the desk's own log says it"
    [envelope] = got
    event = json.loads(envelope.splitlines()[-1])
    assert event["logentry"] == {"message": "the mail to %s failed"}
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert [frame["function"] for frame in error["stacktrace"]["frames"]] == ["<module>", "fail"]
    assert event["tags"] == {"request_id": "req-4711"}
    assert "ada@" not in envelope
    assert "hush" not in envelope
    assert not {"user", "request", "breadcrumbs", "extra"} & set(event)


def test_what_is_left_of_an_event_is_where_it_happened() -> None:
    event = {
        "user": {"email": "ada@x"},
        "request": {"url": "/ack/x/"},
        "exception": {"values": [{"value": "Ada", "stacktrace": {"frames": [{"vars": {"a": 1}}]}}]},
    }
    with logs.apart():
        logs.forget()
        assert crashes.bare(event, {}) == {
            "exception": {"values": [{"value": "", "stacktrace": {"frames": [{}]}}]},
            "tags": {},
        }


def test_a_dsn_that_cannot_be_one_stops_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import incidentdesk.settings"],
        cwd=ROOT,
        env=environment(SENTRY_DSN="sentry.example.com"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    said = "incidentdesk: SENTRY_DSN must look like https://key@sentry.example.com/1.\n"
    assert done.stderr == said
