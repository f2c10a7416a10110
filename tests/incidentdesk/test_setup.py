"""`desk_setup`: the first administrator gets in by a link, once, and there is no second first."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.test import Client

from incidentdesk.kernel.models import AuditEvent, User
from tests.sinks import SmtpSink, smtp_sink

pytestmark = pytest.mark.django_db
PASSWORD = "harbour-lantern-42"


def run(*words: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("desk_setup", "--no-input", "--no-checks", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "notifications.channels.email.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.host, running.port
        yield running


@pytest.mark.asvs("6.4.1 6.4.3", 28)
def test_the_link_sets_a_password_once(client: Client) -> None:
    said = run("Ada@Desk.example", "--name", "Ada")
    ada = User.objects.get()
    assert (ada.email, ada.name, ada.roles) == ("ada@desk.example", "Ada", ["administrator"])
    assert AuditEvent.objects.filter(about=f"user:{ada.pk}").exists()
    link = next(line for line in said.splitlines() if line.startswith("http"))
    path = link.removeprefix("http://").partition("/")[2]
    form = client.get(f"/{path}", follow=True)
    where = form.redirect_chain[-1][0]
    client.post(where, {"password1": PASSWORD, "password2": PASSWORD})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    again = Client().get(f"/{path}", follow=True)
    assert 'name="password1"' not in again.content.decode()


def test_a_desk_with_an_administrator_refuses() -> None:
    run("ada@desk.example")
    with pytest.raises(CommandError, match="has an administrator already"):
        run("eve@desk.example")
    assert User.objects.count() == 1


def test_nonsense_and_taken_addresses_are_refused() -> None:
    with pytest.raises(CommandError, match="ada is no e-mail address"):
        run("ada")
    User.objects.create_user("bob@desk.example", name="Bob", roles=["responder"])
    with pytest.raises(CommandError, match=r"Somebody has the address bob@desk\.example"):
        run("bob@desk.example")


def test_who_shall_administer_has_to_be_named_where_nobody_can_be_asked() -> None:
    with pytest.raises(CommandError, match="name the e-mail of who shall"):
        run()
    run("ada@desk.example")
    assert run() == "This desk has an administrator.\n"


def test_a_test_mail_is_sent_and_a_refused_one_is_a_failure(sink: SmtpSink) -> None:
    said = run("ada@desk.example", "--test-mail", "ops@desk.example")
    assert sink.recipients == ["ops@desk.example"]
    assert "A test mail to ops@desk.example was taken: 250" in said
    sink.refuse("550 5.7.1 Relaying denied")
    with pytest.raises(CommandError, match="Something is wrong: do what is said above"):
        run("--test-mail", "ops@desk.example")


@pytest.mark.django_db(transaction=True)
def test_it_ends_with_the_doctors_looks_at_all_that_need_not_run_yet() -> None:
    out = io.StringIO()
    call_command("desk_setup", "ada@desk.example", "--no-input", stdout=out)
    lines = out.getvalue().splitlines()
    looked = [line.split()[1] for line in lines if line.startswith(("ok ", "WARNING"))]
    assert {"database", "rights", "migrations", "redis", "mail", "disk", "people"} <= set(looked)
    assert not {"pager", "beat", "auditor", "site"} & set(looked)
    assert lines[-1] == "Start the desk's processes, then run `manage.py doctor`."


def test_at_a_terminal_it_asks(monkeypatch: pytest.MonkeyPatch, sink: SmtpSink) -> None:
    answers = iter(["", "Ada@desk.example", "Ada Byron", ""])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    call_command("desk_setup", "--no-checks", stdout=io.StringIO())
    ada = User.objects.get()
    assert (ada.email, ada.name) == ("ada@desk.example", "Ada Byron")
    assert sink.recipients == ["ada@desk.example"]


def test_it_says_what_to_set_where_the_desk_is_another_organisation_s() -> None:
    said = run("ada@desk.example", "--organisation", " Acme  Markets ")
    assert 'Set ORGANISATION_NAME="Acme Markets" for every process of the desk.' in said
    assert "ORGANISATION_NAME" not in run("--organisation", "6MM")


def test_the_organisation_s_name_stands_wherever_people_read_it(
    client: Client, settings: Any
) -> None:
    settings.ORGANISATION_NAME = "Acme & Sons"
    page = client.get("/accounts/login/").content.decode()
    assert "Acme &amp; Sons · " in page
    assert "6MM" not in page
    for name in ("500.html", "503.html"):
        assert "at Acme &amp; Sons" in render_to_string(name) or name == "503.html"
        assert "6MM" not in render_to_string(name)
