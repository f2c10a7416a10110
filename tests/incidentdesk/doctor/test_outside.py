"""The doctor's looks at mail and at the address that people use, by real servers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from incidentdesk.doctor import outside
from incidentdesk.doctor.told import Told
from tests.certificates import certificate
from tests.conftest import NOW
from tests.sinks import SmtpSink, free_port, smtp_sink


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    """The mail server that EMAIL_URL names."""
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "notifications.channels.email.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.host, running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.DEFAULT_FROM_EMAIL = "Desk <desk@desk.example>"
        del settings.EMAIL_FILE_PATH
        yield running


def said(told: Iterator[Told]) -> list[tuple[str, str]]:
    return [(str(one.state), one.said) for one in told]


# --- mail -----------------------------------------------------------------------------------------


def test_a_server_that_takes_our_mail_is_well_and_nothing_is_sent(sink: SmtpSink) -> None:
    assert said(outside.mail()) == [("ok", "The mail server 127.0.0.1 takes mail of ours.")]
    assert (sink.messages, sink.tries) == ([], [])


def test_a_server_that_refuses_our_sender_is_told_in_its_words(sink: SmtpSink) -> None:
    sink.refuse("550 5.7.1 Relaying denied", command="MAIL")
    words = "The mail server does not take our mail: 550 5.7.1 Relaying denied"
    assert said(outside.mail()) == [("wrong", words)]


def test_a_server_that_is_away_or_cannot_do_tls_is_told(sink: SmtpSink, settings: Any) -> None:
    settings.EMAIL_USE_TLS = True
    [(state, words)] = said(outside.mail())
    assert (state, "STARTTLS" in words) == ("wrong", True)
    settings.EMAIL_PORT = free_port()
    [(state, words)] = said(outside.mail())
    assert (state, "refused" in words) == ("wrong", True)


def test_mail_that_goes_nowhere_or_comes_from_nowhere_is_told(
    sink: SmtpSink, settings: Any
) -> None:
    settings.IS_LOCAL, settings.DEFAULT_FROM_EMAIL = False, "Incident desk <desk@localhost>"
    from_nowhere = (
        "wrong",
        "Mails come from Incident desk <desk@localhost>, which servers refuse.",
    )
    assert said(outside.mail())[1:] == [from_nowhere]
    settings.EMAIL_FILE_PATH = "/var/mail"
    assert said(outside.mail()) == [
        ("wrong", "Mails go to nobody, they are written to /var/mail."),
        from_nowhere,
    ]


def test_a_test_mail_goes_to_whom_it_is_asked_for(sink: SmtpSink) -> None:
    told = outside.test_mail("ada@desk.example", at=NOW)
    assert (told.state, told.said) == (
        "ok",
        "A test mail to ada@desk.example was taken: 250 2.0.0 OK taken as number 1",
    )
    assert sink.recipients == ["ada@desk.example"]
    assert sink.subjects() == ["Incident desk: a test mail"]
    sink.refuse("550 5.1.1 No such user")
    told = outside.test_mail("eve@desk.example", at=NOW)
    assert (told.state, told.said) == (
        "wrong",
        "A test mail to eve@desk.example was not taken: 550 5.1.1 No such user",
    )


# --- the address ----------------------------------------------------------------------------------


class Answering(BaseHTTPRequestHandler):
    body = b"ok\n"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        return


class Stranger(Answering):
    body = b"It works!\n"


@contextmanager
def served(handler: type[Answering], certificate: Path | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("days", "state"), [(200, "ok"), (10, "warning")])
def test_an_address_with_a_good_certificate_leads_to_the_desk(
    days: int, state: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with served(Answering, file) as port:
        settings.SITE_URL, settings.IS_HTTPS = f"https://localhost:{port}", True
        found = said(outside.site())
    assert [one for one, _ in found] == [state, "ok"]
    assert found[1][1] == f"https://localhost:{port} leads to the desk."


@pytest.mark.parametrize("days", [200, -1])
def test_a_certificate_that_is_not_believed_or_is_over_is_told(
    days: int, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, days=days)
    if days < 0:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with served(Answering, file) as port:
        settings.SITE_URL, settings.IS_HTTPS = f"https://localhost:{port}", True
        [(state, words)] = said(outside.site())
    assert (state, "is not believed" in words) == ("wrong", True)
    assert ("expired" in words) is (days < 0)


def test_an_address_that_leads_elsewhere_or_nowhere_or_is_in_clear_is_told(settings: Any) -> None:
    with served(Stranger) as port:
        settings.SITE_URL, settings.IS_HTTPS = f"http://localhost:{port}", False
        [(state, words)] = said(outside.site())
        assert (state, words.endswith("answers HTTP 200, and not as a desk does.")) == (
            "wrong",
            True,
        )
        settings.IS_LOCAL = False
        assert said(outside.site())[0][1].endswith("in clear, their passwords too.")
    settings.IS_LOCAL, settings.SITE_URL = True, f"http://localhost:{free_port()}"
    [(state, words)] = said(outside.site())
    assert (state, words.endswith("cannot be reached from here (ConnectionRefusedError).")) == (
        "warning",
        True,
    )
