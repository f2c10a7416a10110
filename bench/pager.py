"""What comes after the answer: mails handed over a second by one worker and by four beside smtplib
in a loop, the time from an alert to its page at the mail server, and a scheduler's pass where
nothing is due.
"""

from __future__ import annotations

import contextlib
import json
import math
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

from bench import client, filling, intake
from bench.mailbox import Mailbox, until
from bench.scratch import ROOT, Stack, say
from bench.table import Figure, median
from incidentdesk.embedded import parts

MAILS, ROUNDS = 2_000, 3
PAGES, PAGES_APART = 100, 0.1  # a probe, and the pause after it
STORM_A_SECOND = 10_000 / 60
OPEN = (1_000, 100_000)
PASSES = 50
WORKERS = (1, 4)
PERSON = "bench@desk.example"
BODY = "Queue of gateway 4 grows.\n\nAcknowledge on the desk.\n" * 8
# A message of the kind that is sent behind pages, to somebody.
MESSAGES = filling.Rows(
    "notifications_message",
    {
        "kind": "'bench'",
        "channel": "'email'",
        "to_address": "'bench@desk.example'",
        "subject": "%(subject)s || n",
        "body_text": "%(body)s",
        "dedupe_key": "%(subject)s || n",
        "message_id": "'<' || md5(%(subject)s || n) || '@desk.example>'",
        "way": "1",
        "state": "'queued'",
        "next_try_at": "now()",
        "created_at": "now()",
    },
    "generate_series(1, %(mails)s) AS n",
)
ESCALATIONS = filling.Rows(
    "notifications_escalation",
    {
        "about": "'bench:' || n",
        "reference": "'OLD-' || n",
        "title": "'Stale prices'",
        "severity": "1 + n %% 4",
        "url": "'/admin/'",
        "state": "'running'",
        "started_at": "now()",
        "next_action_at": "now() + interval '1 hour' + interval '1 second' * n",
    },
    "generate_series(%(first)s, %(last)s) AS n",
)
LOOK = """
import json, time
from incidentdesk.kernel import clocks
from notifications import bundling, escalation
took = []
for _ in range({passes}):
    began = time.perf_counter()
    bundling.send_lists(at=clocks.database_now())
    moved = escalation.run_due(at=clocks.database_now())
    took.append(time.perf_counter() - began)
    assert moved == 0
print(json.dumps(took))
"""
WAKE = """
from celery import current_app
for _ in range({times}):
    current_app.send_task("notifications.jobs.deliver", queue="page")
"""


def measure(stack: Stack) -> list[Figure]:
    """The sender, the way of a page, the scheduler."""
    intake.make_source(stack)
    with stack.connect("owner") as cursor, Mailbox.running(stack) as box:
        filling.person(cursor, PERSON, "!")
        cursor.execute(
            "UPDATE kernel_user SET roles = '{administrator}' WHERE email = %s", [PERSON]
        )
        figures = _sender(stack, cursor, box)
        figures += _pages(stack, cursor, box)
        return figures + _scheduler(stack, cursor)


@contextlib.contextmanager
def _working(stack: Stack, box: Mailbox, names: tuple[str, ...], pagers: int) -> Iterator[None]:
    """The processes of a desk beside its web server; `pagers` of the one that sends."""
    environment = _environment(stack, box)
    made = parts.parts(["worker", "beat"], port=0, work=stack.layout.log_dir, embedded=False)
    commands = [list(map(str, part.command)) for part in made if part.name in names]
    if len(commands) != len(names):
        raise RuntimeError("The desk calls its processes otherwise by now; mend bench.")
    for number in range(2, pagers + 1):
        first = next(command for command in commands if "pager@%h" in command)
        other = [f"pager{number}@%h" if word == "pager@%h" else word for word in first]
        commands.append(other)
    started: list[subprocess.Popen[bytes]] = []
    try:
        with (stack.layout.log_dir / "workers.log").open("ab") as log:
            for command in commands:
                started.append(  # noqa: PERF401 -- what has started is ended, whatever fails
                    subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
                )
        time.sleep(8)  # Celery takes its time to start
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        (stack.layout.log_dir / "beat.pid").unlink(missing_ok=True)


def _environment(stack: Stack, box: Mailbox) -> dict[str, str]:
    email = f"smtp://127.0.0.1:{box.port}?tls=none"
    return stack.environment("incidentdesk.settings") | {"EMAIL_URL": email}


# --- the sender -----------------------------------------------------------------------------------


def _sender(stack: Stack, cursor: Any, box: Mailbox) -> list[Figure]:
    found: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    floors: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for workers in WORKERS:
        with _working(stack, box, ("pager",), workers):
            for number in range(ROUNDS + 1):  # the first warms up
                floor = _by_smtplib(box)
                ours = _by_workers(stack, cursor, box, f"w{workers}-{number}-", workers)
                if number:
                    floors[workers].append(floor)
                    found[workers].append(ours)
                    say(f"  {workers} workers: {ours:,.0f} mails a second, smtplib {floor:,.0f}")
    return [
        Figure(
            f"mails a second, {workers} worker{'s' * (workers > 1)}",
            median(found[workers]),
            "/s",
            "smtplib, one connection",
            median(floors[workers]),
        )
        for workers in WORKERS
    ]


def _by_smtplib(box: Mailbox) -> float:
    with smtplib.SMTP("127.0.0.1", box.port) as server:
        began = time.perf_counter()
        for number in range(MAILS):
            letter = EmailMessage()
            letter["From"] = letter["To"] = PERSON
            letter["Subject"], letter["Message-ID"] = "floor", f"<{number}@desk.example>"
            letter.set_content(BODY)
            server.send_message(letter)
        return MAILS / (time.perf_counter() - began)


def _by_workers(stack: Stack, cursor: Any, box: Mailbox, subject: str, workers: int) -> float:
    """From the first mail that comes to the last."""
    values = {"subject": subject, "body": BODY, "mails": MAILS}
    filling.insert(cursor, MESSAGES, values)
    _desk_says(stack, box, WAKE.format(times=workers))
    until(lambda: len(box.about(subject)) == MAILS, "the workers did not send everything")
    came = box.about(subject)
    return (MAILS - 1) / (max(came) - min(came))


# --- from an alert to its page --------------------------------------------------------------------


def _pages(stack: Stack, cursor: Any, box: Mailbox) -> list[Figure]:
    with _working(stack, box, ("pager", "worker", "caller", "beat"), 1):
        _probe(stack, cursor, box, "warm-up", 10)
        idle = _probe(stack, cursor, box, "idle", PAGES)
        with _storm(stack):
            storm = _probe(stack, cursor, box, "storm", PAGES)
    figures = []
    for name, took in (("idle", idle), ("in a storm", storm)):
        say(f"  alert to page, {name}: median {median(took):.0f} ms, longest {max(took):.0f} ms")
        for what, value in (("median", median(took)), ("99 in 100", _percentile(took, 0.99))):
            figure = Figure(
                f"alert to page, {name}, {what}", value, "ms", "idle", median(idle), False
            )
            figures.append(figure)
    return figures


def _probe(stack: Stack, cursor: Any, box: Mailbox, mark: str, count: int) -> list[float]:
    """Milliseconds from sending an alert to its page at the mail server, one alert at a time.

    Each is acknowledged before the next one, or pages would come in lists.
    """
    connection, took = client.Connection(stack.desk), []
    for number in range(count):
        key = f"{mark}-{number}-probe"
        began = time.monotonic()
        status, body = connection.ask(intake.to_desk(intake.alerts(key)))
        if status != 202:
            raise RuntimeError(f"the desk answered {status}: {body[:200]!r}")
        until(lambda key=key: bool(box.about(key)), f"no page about {key} came", every=0.001)  # type: ignore[misc]
        took.append((box.about(key)[0] - began) * 1000)
        cursor.execute(
            "UPDATE notifications_escalation SET state = 'acknowledged', next_action_at = NULL,"
            " acknowledged_at = now(), acknowledged_by = 'bench' WHERE state = 'running'"
        )
        time.sleep(PAGES_APART)
    connection.close()
    return took


@contextlib.contextmanager
def _storm(stack: Stack) -> Iterator[None]:
    """10,000 repeats a minute besides."""
    is_over = threading.Event()
    request = intake.to_desk(intake.alerts("warm-up-0-probe"))

    def rain() -> None:
        connection, due = client.Connection(stack.desk), time.monotonic()
        while not is_over.is_set():
            connection.ask(request)
            due += 1 / STORM_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    thread = threading.Thread(target=rain)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


# --- the scheduler --------------------------------------------------------------------------------


def _scheduler(stack: Stack, cursor: Any) -> list[Figure]:
    """A pass over what runs and is not due."""
    took, before = dict[int, float](), 0
    for size in OPEN:
        filling.insert(cursor, ESCALATIONS, {"first": before + 1, "last": size})
        cursor.execute("ANALYZE notifications_escalation")
        took[size] = 1000 * median(json.loads(_desk_says(stack, None, LOOK.format(passes=PASSES))))
        say(f"  a pass with {size:,} open: {took[size]:.1f} ms")
        before = size
    least, most = OPEN
    name = f"scheduler's pass, {most:,} open"
    return [Figure(name, took[most], "ms", f"{least:,} open", took[least], False)]


def _desk_says(stack: Stack, box: Mailbox | None, script: str) -> str:
    """What a script prints that runs inside the desk."""
    environment = stack.environment("incidentdesk.settings")
    if box is not None:
        environment = _environment(stack, box)
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout
