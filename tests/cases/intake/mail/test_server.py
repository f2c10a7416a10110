"""The receiver, spoken to by SMTP over loopback and reading a mailbox by IMAP."""

from __future__ import annotations

import asyncio
import base64
import logging
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cases import vault
from cases.intake.mail import mailbox, receiving, server
from cases.models import Letter, Report
from tests.cases.intake.mail.conftest import REPORT, Zone, mail, signed
from tests.conftest import as_owner
from tests.sinks import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mails are of these days."""
    from incidentdesk.kernel import clocks
    from tests.conftest import NOW

    monkeypatch.setattr(clocks, "now", lambda: NOW)


@contextmanager
def running(zone: Zone) -> Iterator[smtplib.SMTP]:
    """A client of the receiver."""
    loop, port, door = asyncio.new_event_loop(), free_port(), server.Door(zone)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ask = asyncio.run_coroutine_threadsafe
    listening = ask(server.listen("127.0.0.1", port, door), loop).result(5)
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(listening.close)
        door.threads.submit(_hang_up).result(5)
        door.threads.shutdown()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def _hang_up() -> None:
    from django.db import connections

    connections.close_all()


def test_a_mail_is_stored_before_it_is_taken(zone, helix):
    raw = signed(mail())
    with running(zone) as client:
        assert client.sendmail("contact@helix.test", [REPORT], raw) == {}
        letter = Letter.objects.get()
    assert (letter.outcome, letter.report) == ("report", Report.objects.get())
    assert (letter.envelope_from, letter.sent_to) == ("contact@helix.test", REPORT)
    assert b"".join(vault.read(letter.key)) == raw


@pytest.mark.asvs("14.2.1 14.3.2", 37)
def test_addresses_stay_out_of_the_log():
    assert logging.getLogger("mail.log").getEffectiveLevel() == logging.WARNING


def test_nothing_is_passed_on_and_nothing_too_large_is_taken(zone, helix, settings):
    settings.MAX_UPLOAD_MB = 1
    with running(zone) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(receiving.most())
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("eve@evil.test", ["contact@helix.test"], b"Subject: x\r\n\r\n")
        assert refused.value.recipients["contact@helix.test"][0] == 550
        with pytest.raises(smtplib.SMTPResponseException) as large:
            client.sendmail("eve@evil.test", [REPORT], b"x" * (receiving.most() + 10))
        assert large.value.smtp_code == 552
    assert Letter.objects.count() == 0


def test_while_the_database_cannot_store_it_the_sender_keeps_it(zone, helix):
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE cases_letter RENAME TO cases_letter_gone")
    try:
        with running(zone) as client, pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("contact@helix.test", [REPORT], signed(mail()))
    finally:
        with as_owner() as cursor:
            cursor.execute("ALTER TABLE cases_letter_gone RENAME TO cases_letter")
    assert refused.value.smtp_code == 451
    assert (Letter.objects.count(), Report.objects.count()) == (0, 0)
    assert [file for files in vault.old_files(before=_later()) for file in files] == []


def _later() -> Any:
    from datetime import UTC, datetime

    return datetime(2100, 1, 1, tzinfo=UTC)


def encoded(kind: bytes, text: bytes) -> bytes:
    """A mail of one part, in base64."""
    head = b"Content-Transfer-Encoding: base64\r\nContent-Type: " + kind + b"\r\n\r\n"
    return head + base64.encodebytes(text).replace(b"\n", b"\r\n")


def test_what_no_reader_reads_waits_and_the_next_mail_is_taken(zone, helix):
    bad = [
        b"Subject: \xff\xfe\x00\r\nFrom: contact@helix.test\r\n\r\n\x00",
        b"From: contact@helix.test\r\nX: " + b"y" * 900 + b"\r\n" * 1 + b"Z: a\r\n" * 60_000,
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" * 10_000,
        b"Content-Type: text/plain; charset=nowhere\r\nFrom: x@y.test\r\n\r\n\xff",
        b"",
        encoded(b"text/plain; charset=punycode", b"x-" + b"9" * 1_000_000),
        encoded(b"text/plain;" + b"\r\n a=b;" * 1_000, b"x"),
        encoded(b"text/html", b"&" * 3_000_000),
    ]
    with running(zone) as client:
        for raw in bad:
            assert client.sendmail("contact@helix.test", [REPORT], raw) == {}
        assert client.sendmail("contact@helix.test", [REPORT], signed(mail())) == {}
        outcomes = list(Letter.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["quarantined"] * 8 + ["report"]


# --- a mailbox ------------------------------------------------------------------------------------


class Imap(threading.Thread):
    """As much of an IMAP server as the desk needs: one folder, whose mails are read or not."""

    def __init__(self, mails: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.mails, self.seen = mails, set[int]()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as file:
                self._talk(file)

    def _talk(self, file: Any) -> None:
        file.write(b"* OK ready\r\n")
        file.flush()
        for line in file:
            tag, _, rest = line.strip().partition(b" ")
            words = rest.split(b" ")
            name = b" ".join(words[:2]).upper() if words[0].upper() == b"UID" else words[0].upper()
            file.write(self._answer(name, words) + tag + b" OK done\r\n")
            file.flush()
            if name == b"LOGOUT":
                return

    def _answer(self, name: bytes, words: list[bytes]) -> bytes:
        if name == b"CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if name == b"SELECT":
            return b"* %d EXISTS\r\n" % len(self.mails)
        if name == b"UID SEARCH":
            unseen = [n for n in range(1, len(self.mails) + 1) if n not in self.seen]
            return b"* SEARCH " + b" ".join(b"%d" % n for n in unseen) + b"\r\n"
        if name == b"UID STORE":
            self.seen.add(int(words[2]))
        if name == b"UID FETCH":
            number = int(words[2])
            raw = self.mails[number - 1]
            if b"SIZE" in words[3]:
                return b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (number, number, len(raw))
            return b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (number, number, len(raw), raw)
        return b""


@pytest.fixture
def imap() -> Iterator[Imap]:
    made = Imap([])
    made.start()
    with closing(made.listening):
        yield made


def test_a_mailbox_is_read_once_and_marked_after_it_is_stored(zone, helix, imap):
    zone["k1._domainkey.norrbank.test", "TXT"] = None  # no answer: this one stays
    bounce = mail(message_id="<2@helix.test>").as_bytes()
    imap.mails += [signed(mail()), b"Return-Path: <>\r\n" + bounce]
    box = mailbox.named(f"imap://desk:secret@127.0.0.1:{imap.port}/Reports")
    assert "secret" not in repr(box)
    assert mailbox.poll(box, resolver=zone) == 2
    assert imap.seen == {1, 2}
    outcomes = Letter.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["report", "automatic"]
    assert mailbox.poll(box, resolver=zone) == 0


def test_a_mail_that_cannot_be_judged_now_stays_unread(zone, helix, imap):
    zone["k1._domainkey.helix.test", "TXT"] = None
    imap.mails.append(signed(mail()))
    box = mailbox.named(f"imap://desk:secret@127.0.0.1:{imap.port}")
    assert (mailbox.poll(box, resolver=zone), imap.seen) == (0, set())


def test_what_no_reader_reads_is_marked_and_what_the_database_refuses_stops_no_other(
    zone, helix, imap
):
    head = b"From: contact@helix.test\r\n"
    imap.mails += [
        head + b"Subject: broken\r\n\r\nx",
        head + b"Content-Type: text/plain; " + b"a=b;" * 2_000 + b"\r\n\r\nMy orders fail.",
        head + b"Content-Type: text/plain; charset=punycode\r\n\r\nx-" + b"9" * 1_000_000,
        signed(mail()),
    ]
    rule = "ALTER TABLE cases_letter {} CONSTRAINT a_bad_one"
    with as_owner() as cursor:
        cursor.execute(f"{rule.format('ADD')} CHECK (subject <> 'broken')")
    try:
        box = mailbox.named(f"imap://desk:secret@127.0.0.1:{imap.port}")
        assert (mailbox.poll(box, resolver=zone), imap.seen) == (3, {2, 3, 4})
    finally:
        with as_owner() as cursor:
            cursor.execute(rule.format("DROP"))
    unread, punycode, report = Letter.objects.order_by("id")
    assert (unread.outcome, unread.text[-15:]) == ("quarantined", "My orders fail.")
    assert (punycode.outcome, punycode.text[:5], report.outcome) == (
        "quarantined",
        "x-999",
        "report",
    )
    assert (mailbox.poll(box, resolver=zone), imap.seen) == (1, {1, 2, 3, 4})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Set INBOUND_SMTP to host:port, or name a mailbox by --imap."),
        (["--imap", "imap://a:b@mail.test"], "A mailbox on another machine is read by imaps://"),
        (["--imap", "pop://a"], "A mailbox is named like imaps://user:password@host/INBOX."),
    ],
)
def test_the_command_says_what_is_missing(arguments, said):
    with pytest.raises(CommandError) as refused:
        call_command("receive_mail", *arguments)
    assert str(refused.value).startswith(said)
