"""What leaves the desk: mails with our headers and no others, answers that give nothing away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from cases.intake import sources
from incidentdesk.isolation import routes
from incidentdesk.kernel import grants, tokens
from incidentdesk.kernel.models import User
from notifications import delivery, outbox
from partners import tokens as partner_tokens
from partners import webhooks
from partners.models import EventType, Partner
from tests.architecture.source import modules
from tests.conftest import NOW, People
from tests.security.walking import MACHINES
from tests.sinks import SmtpSink, smtp_sink

pytestmark = pytest.mark.django_db
SMUGGLED = (
    "Stale\r\nBcc: everybody@partner.test",
    "Stale\nSubject: other",
    "Stale\rX-Evil: 1",
    "Stale\u2028X-Evil: 1",
    "Stale\u0085X-Evil: 1",
    "Stale\0X-Evil: 1",
    "=?utf-8?q?Stale=0D=0AX-Evil:_1?=",
    "Stale\x0b\x0cX-Evil: 1",
    "Stale\r\n\r\n<script>",
)
HEADS = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
]
GIVEN_AWAY = re.compile(
    r"Traceback|\bFile \"/|/site-packages/|psycopg2|Django/|Python/|django\.(db|core|http)\b"
    r"|ProgrammingError|DataError|ValueError|KeyError"
)


# --- mail -----------------------------------------------------------------------------------------


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    """A real SMTP server that the desk sends through."""
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "notifications.channels.email.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.host, running.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running


@pytest.mark.asvs("1.3.11", 16)
@pytest.mark.mistake(21)
def test_whatever_a_title_holds_a_mail_has_the_same_headers(
    sink: SmtpSink, monkeypatch: Any
) -> None:
    monkeypatch.setattr("incidentdesk.kernel.worker.current_app", None)
    for number, title in enumerate(SMUGGLED):
        outbox.queue(
            kind="notice",
            to=f"contact{number}@partner.test",
            context={"reference": title, "title": title, "url": "/portal/", "body": title},
            about="incident:7",
            dedupe_key=f"smuggled:{number}",
            at=NOW,
        )
    while delivery.deliver_due(at=NOW):
        pass
    assert len(sink.messages) == len(SMUGGLED)
    for message in sink.messages:
        ours = sorted(name for name in message if not name.startswith("X-"))
        assert ours == HEADS
        assert "X-Evil" not in message
        assert message["Bcc"] is None
        assert len(message.get_all("Subject")) == 1


@pytest.mark.asvs("1.3.11", 16)
def test_an_address_that_holds_more_than_one_line_is_no_address(people: People, helix: Any) -> None:
    User.objects.filter(pk=people["helix"].pk).update(email="contact@helix.test")
    browser = Client()
    for email in (
        "a@b.test\r\nBcc: x@y.test",
        "a@b.test, c@d.test",
        "a@b.test\0",
        "=?utf-8?q?a?=@b",
    ):
        answer = browser.post("/accounts/password/reset/", {"email": email})
        assert answer.status_code == 200  # the form again, with its field marked
        assert 'aria-invalid="true"' in answer.content.decode()


# --- secrets --------------------------------------------------------------------------------------


@pytest.mark.asvs("11.5.1 7.2.3 11.4.2", 36)
def test_no_table_holds_a_secret_that_lets_somebody_in(
    people: People, helix: Partner, source: Any, declare: Any
) -> None:
    boss, admin = people.contact("helix", helix), people.actor("administrator")
    grants.grant(people["helix"], "administer", helix)
    made = [
        tokens.make(name="x", scopes=["read"], by=admin, at=NOW)[1],
        partner_tokens.make(name="x", scopes=[], by=boss, at=NOW)[1],
        sources.renew_key(source_id=source.pk, by=admin, at=NOW)[1],
        webhooks.add(url="https://hooks.helix.test/", events=EventType.values, by=boss, at=NOW)[1],
        "key-alertmanager",
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for secret in made:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" AS t WHERE strpos(t::text, %s) > 0',  # noqa: S608
                    [secret],
                )
                assert cursor.fetchone() == (0,), table
    assert min(len(secret) for secret in made[:4]) >= 32  # 128 bits and more, however written


@pytest.mark.asvs("11.5.1", 36)
def test_what_must_not_be_guessed_is_not_drawn_from_random() -> None:
    drawing = {m.file for m in modules() if any(n.split(".")[0] == "random" for n in m.imported())}
    assert {file for file in drawing if not file.startswith("incidentdesk/demo/")} == set()


@pytest.mark.asvs("6.2.1-6.2.12", 29)
@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("short-1x", False),
        ("password1", False),
        ("qwertyuiop", False),
        ("iloveyou1", False),
        ("grace.hopper", False),  # the person's own name
        ("lantern harbour seventeen", True),
        ("nightshift", True),  # no rule about kinds of characters
        ("ünïcödé-wörds-äre-fine", True),
        ("x y" * 21 + "z", True),  # 64
        ("wide-" * 25, True),
    ],
)
def test_passwords_are_long_and_not_common_and_nothing_else_is_asked(
    password: str, is_good: bool
) -> None:
    person = User(email="grace.hopper@desk.test", name="Grace Hopper")
    try:
        validate_password(password, person)
        assert is_good
    except ValidationError:
        assert not is_good


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.asvs("4.1.3 15.3.4", 35)
@pytest.mark.mistake(9)
@pytest.mark.parametrize(
    "header",
    ["X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Auth-Request-Email", "X-Ssl-Client"],
)
def test_no_header_says_who_somebody_is(people: People, header: str) -> None:
    browser = Client(headers={header: people["administrator"].email})
    browser.defaults["REMOTE_USER"] = people["administrator"].email
    for path in ("/admin/", "/portal/", "/api/v1/me"):
        assert browser.get(path).status_code in (302, 401, 404)


@pytest.mark.asvs("16.5.1", 39)
@pytest.mark.mistake(4)
def test_junk_at_every_address_is_answered_without_a_word_of_how_the_desk_is_made(
    as_: Any, people: People
) -> None:
    staff, nobody = as_("commander"), Client(raise_request_exception=False)
    staff.raise_request_exception = False
    people["commander"].roles = sorted({*people["commander"].roles, "administrator", "auditor"})
    people["commander"].save()
    secret = configured.SECRET_KEY
    for route in routes.every():
        for junk in ("'\"<x>;--", "9" * 40, "\u202e%00"):
            path = route.address(dict.fromkeys(route.fits, junk))
            is_machine = route.text.startswith(MACHINES)
            browser = nobody if is_machine else staff
            sent: Any = (
                {"data": '{"x": [', "content_type": "application/json"} if is_machine else {}
            )
            for answer in (
                browser.get(path, {"q": junk, "p": junk, "page": junk}),
                *([browser.post(path, **sent)] if is_machine else []),
            ):
                text = answer.getvalue().decode("utf-8", "replace")
                assert answer.status_code < 500 or route.text == "readyz", path
                assert not GIVEN_AWAY.search(text), (path, GIVEN_AWAY.search(text))
                assert secret not in text
                assert "Server" not in answer.headers
                assert "X-Powered-By" not in answer.headers
            if not route.fits:
                break
