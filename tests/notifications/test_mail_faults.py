"""Mail servers that hang, creep, or are not who they should be (F14, F15)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction

from notifications import delivery, escalation, failover
from notifications.channels import Outcome
from notifications.channels import email as channel
from notifications.channels.email import EmailChannel
from notifications.models import Message
from tests.certificates import certificate
from tests.faults import promises
from tests.notifications.conftest import ABOUT, NOON, method, person, queue, seconds
from tests.sinks import SmtpSink, free_port

Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def server(talk: Talk) -> Iterator[int]:
    """A server on a free port that talks with one caller after the other."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = listening.accept()
                held.append(caller)
                with contextlib.suppress(OSError):
                    talk(caller)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.close()
        for caller in held:
            caller.close()


def creeps(caller: socket.socket) -> None:
    """A byte now and then, and never a whole line."""
    for letter in b"220 " + b"x" * 1000:
        caller.sendall(bytes([letter]))
        time.sleep(0.05)


def hangs_after_data(caller: socket.socket) -> None:
    """Everything is well until the letter was sent; then nothing."""
    caller.sendall(b"220 hello\r\n")
    lines = caller.makefile("rb")
    for line in lines:
        if line.upper().startswith(b"DATA"):
            caller.sendall(b"354 go on\r\n")
            break
        caller.sendall(b"250 ok\r\n")
    for _ in lines:
        pass


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds are half a second here."""
    monkeypatch.setattr(channel, "WHOLE_SECONDS", 0.5)


def send(sender: EmailChannel | None = None) -> Any:
    """What becomes of one mail."""
    sender = sender or EmailChannel()
    try:
        return sender.send(Message(to_address="a@partner.test", message_id="<a@b>", subject="x"))
    finally:
        sender.close()


def hangs_up_on_the_second(letters: list[bytes]) -> Talk:
    """It answers the first letter, and hangs up when it has the second."""

    def talk(caller: socket.socket) -> None:
        caller.sendall(b"220 hello\r\n")
        is_letter, lines = False, caller.makefile("rb")
        for line in lines:
            if is_letter and line != b".\r\n":
                letters[-1] += line
            elif is_letter and len(letters) > 1:
                lines.close()
                caller.shutdown(socket.SHUT_RDWR)
                return
            elif line.upper().startswith(b"DATA"):
                is_letter = True
                letters.append(b"")
                caller.sendall(b"354 go on\r\n")
            else:
                is_letter = False
                caller.sendall(b"250 ok\r\n")

    return talk


@pytest.mark.parametrize("talk", [creeps, lambda caller: None])
@pytest.mark.fault("F14", "a byte a second, and none")
def test_a_server_that_creeps_or_hangs_is_given_up_in_time(
    sink: SmtpSink, settings: Any, quick: None, talk: Talk
) -> None:
    with server(talk) as settings.EMAIL_PORT:
        begun = time.monotonic()
        answer = send()
    assert (answer.outcome, time.monotonic() - begun < 5) == (Outcome.LATER, True)
    assert answer.words == "The mail server took longer than ten seconds."


def test_a_connection_that_was_hung_up_is_not_used_again(
    sink: SmtpSink, settings: Any, quick: None
) -> None:
    sender = EmailChannel()
    with server(hangs_after_data) as settings.EMAIL_PORT:
        answer = sender.send(Message(to_address="a@b.test", message_id="<1@b>"))
    assert answer.outcome is Outcome.UNSURE
    assert answer.words == "The mail server got the whole mail and did not say that it took it."
    settings.EMAIL_PORT = sink.port
    assert send(sender).outcome is Outcome.ACCEPTED
    assert len(sink.messages) == 1


def test_a_server_that_hangs_up_when_it_has_the_whole_mail_does_not_get_it_again_at_once(
    sink: SmtpSink, settings: Any
) -> None:
    letters: list[bytes] = []
    sender = EmailChannel()
    with server(hangs_up_on_the_second(letters)) as settings.EMAIL_PORT:
        first = sender.send(Message(to_address="a@b.test", message_id="<1@b>"))
        second = send(sender)
    assert (first.outcome, second.outcome) == (Outcome.ACCEPTED, Outcome.UNSURE)
    assert [b"<1@b>" in letter for letter in letters] == [True, False]


@pytest.mark.django_db
@pytest.mark.fault("F14", "it takes the whole mail and says so too late")
def test_a_server_that_answers_too_late_gets_the_mail_once_more_and_never_a_third_time(
    sink: SmtpSink, settings: Any
) -> None:
    sink.delay_seconds, settings.EMAIL_TIMEOUT = 1.0, 0.2
    row = queue()
    assert row is not None
    for moment, port in ((0, sink.port), (6, free_port()), (30, sink.port), (9999, sink.port)):
        settings.EMAIL_PORT = port
        delivery.deliver_due(at=seconds(moment))
    assert [one["Message-ID"] for one in sink.messages] == [row.message_id] * 2
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("failed", delivery.TWICE)
    told = list(row.events.order_by("id").values_list("event", flat=True))
    assert told == ["queued", "unsure", "retry", "failed"]
    assert promises.broken(at=seconds(9999), sent=sink.messages, repeats=1) == []


@pytest.mark.django_db
def test_such_a_page_goes_on_by_the_next_way_and_its_address_is_not_thought_bad(
    sink: SmtpSink, settings: Any
) -> None:
    ada = person("Ada")
    way = method(ada, channel="email", address="ada@home.test", failures=failover.BAD_AFTER - 1)
    with transaction.atomic():
        facts = {"title": "Stale", "reference": "INC-7", "url": "/x/", "by_name": "Bo", "note": ""}
        escalation.page(about=ABOUT, user_ids=[ada.pk], at=NOON, **facts)
    sink.delay_seconds, settings.EMAIL_TIMEOUT = 1.0, 0.2
    for moment in (0, 6):
        delivery.deliver_due(at=seconds(moment))
    sink.delay_seconds = 0.0
    delivery.deliver_due(at=seconds(7))
    assert sink.recipients == ["ada@home.test", "ada@home.test", "ada@desk.test"]
    way.refresh_from_db()
    assert (way.failures, way.bad_since) == (failover.BAD_AFTER - 1, None)


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@pytest.mark.parametrize(
    ("days", "host", "is_known", "why"),
    [
        (30, "localhost", True, ""),
        (-1, "localhost", True, "certificate has expired"),
        (30, "localhost", False, "self-signed certificate"),
        (30, "elsewhere.test", True, "Hostname mismatch"),
    ],
    ids=["good", "expired", "signed by itself", "another's name"],
)
@pytest.mark.fault("F15", "an expired certificate")
def test_a_certificate_that_has_expired_is_refused(
    sink: SmtpSink,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    host: str,
    is_known: bool,
    why: str,
) -> None:
    file = certificate(tmp_path, days=days, host=host)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    kept = SmtpSink(port=free_port())
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port, tls_context=context)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "localhost", kept.port, True
    try:
        answer = send()
    finally:
        controller.stop()
    assert answer.outcome is (Outcome.LATER if why else Outcome.ACCEPTED)
    assert len(kept.messages) == int(not why)
    assert why in answer.words


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@pytest.mark.fault("F15", "STARTTLS stripped")
def test_without_starttls_nothing_is_said_in_clear(sink: SmtpSink, settings: Any) -> None:
    """F15: whoever stands between strips the offer; then there is no mail, and no password."""
    said: list[bytes] = []

    def strips(caller: socket.socket) -> None:
        caller.sendall(b"220 hello\r\n")
        for line in caller.makefile("rb"):
            said.append(line.split()[0].upper())
            caller.sendall(b"250 ok\r\n")

    settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = True, "desk"
    settings.EMAIL_HOST_PASSWORD = "secret"
    with server(strips) as settings.EMAIL_PORT:
        answer = send()
    assert answer.outcome is Outcome.LATER
    assert set(said) <= {b"EHLO", b"QUIT"}
