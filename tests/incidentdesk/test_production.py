"""A desk that others reach refuses to start with what would open it to them, in one sentence."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from incidentdesk import published
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.kernel.models import User
from tests.embedded.conftest import ROOT, environment

GOOD = {
    "DATABASE_URL": "postgresql://desk_app:x@db.invalid/incidentdesk?sslmode=verify-full",
    "REDIS_URL": "rediss://redis.invalid:6379/0",
    "EMAIL_URL": "smtp://mail.invalid:587?tls=starttls",
    "DEFAULT_FROM_EMAIL": "desk@desk.example",
    "SITE_URL": "https://desk.example",
    "TRUSTED_PROXIES": "1",
    "SECRET_KEY": secrets.token_urlsafe(50),
}
OWN = (
    "ALLOWED_HOSTS",
    "SECRET_KEY_FILE",
    "DEBUG",
    "DATABASE_OWNER_URL",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
    *GOOD,
)


def started(*command: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """A process with the settings of a production installation but for what is changed."""
    clean = {name: value for name, value in environment().items() if name not in OWN}
    asked = {name: value for name, value in (GOOD | changed).items() if value}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=clean | asked,
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(**changed: str) -> str:
    """The one line with which the settings end the start."""
    done = started("-c", "import incidentdesk.settings", **changed)
    assert (done.returncode, done.stdout) == (1, ""), done
    [line] = done.stderr.splitlines()
    return line.removeprefix("incidentdesk: ")


def test_check_deploy_is_clean_and_nothing_is_connected_to() -> None:
    done = started("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "identified no issues" in done.stdout


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@pytest.mark.parametrize(
    ("changed", "is_refused"),
    [
        ({"EMAIL_URL": "smtp://desk:s3cret-word@mail.invalid:587"}, True),
        ({"EMAIL_URL": "smtp://mail.invalid:25?tls=none"}, True),
        ({"EMAIL_URL": "smtp://mail.invalid:25", "PLAINTEXT_HOSTS": "other.invalid"}, True),
        ({"EMAIL_URL": "smtp://mail.invalid:25", "PLAINTEXT_HOSTS": "mail.invalid:25"}, False),
        ({"EMAIL_URL": "smtp://127.0.0.1"}, False),
        ({"EMAIL_URL": "smtp://mail.invalid?tls=tls"}, False),
        ({"EMAIL_URL": "anymail+postmark://token@"}, False),
    ],
    ids=["password", "none", "another named", "named", "this machine", "tls", "a provider"],
)
def test_check_deploy_refuses_mail_that_goes_to_another_machine_in_clear(
    changed: dict[str, str], is_refused: bool
) -> None:
    done = started("manage.py", "check", "--deploy", "--fail-level", "WARNING", **changed)
    assert done.returncode == int(is_refused), done
    assert ("(incidentdesk.E001) EMAIL_URL leads to mail.invalid in clear" in done.stderr) == (
        is_refused
    )
    assert ("or name mail.invalid in PLAINTEXT_HOSTS" in done.stderr) == is_refused
    assert "s3cret-word" not in done.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DEBUG": "true"}, "DEBUG is on, and others reach https://desk.example: "),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set; "),
        ({"SECRET_KEY": "too-short-for-this"}, "SECRET_KEY can be guessed: "),
        ({"SECRET_KEY": "ab" * 30}, "SECRET_KEY can be guessed: "),
        ({"SECRET_KEY": "change-me-" + secrets.token_urlsafe(50)}, "SECRET_KEY can be guessed: "),
        ({"SECRET_KEY": "django-insecure-" + "x1y2z3w4v5" * 5}, "SECRET_KEY can be guessed: "),
        ({"SITE_URL": ""}, "SITE_URL is not set; "),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must be host names like desk.internal, "),
        ({"ALLOWED_HOSTS": "desk.internal,https://x"}, "ALLOWED_HOSTS must be host names "),
        ({"EMAIL_URL": ""}, "EMAIL_URL is not set; "),
        ({"REDIS_URL": ""}, "REDIS_URL is not set; "),
    ],
)
def test_what_would_open_it_stops_the_start_in_one_sentence(
    changed: dict[str, str], said: str
) -> None:
    line = refusal(**changed)
    assert line.startswith(said)
    assert not changed.get("SECRET_KEY") or changed["SECRET_KEY"] not in line


def test_on_this_machine_alone_a_desk_may_be_tried_with_less() -> None:
    asked = {"SITE_URL": "http://localhost:8123", "SECRET_KEY": "short", "DEBUG": "true"}
    done = started("-c", "import incidentdesk.settings", **asked)
    assert (done.returncode, done.stderr) == (0, "")


def test_hosts_that_are_not_listed_are_refused_and_probes_are_answered_by_any_name(
    client: Client, db: None, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/healthz", headers={"Host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get("/readyz", headers={"Host": "10.0.0.7"})["Content-Type"].endswith("json")
    assert client.get("/accounts/login/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/accounts/login/", headers={"Host": "localhost"}).status_code == 301


# --- the demo's logins ----------------------------------------------------------------------------


def test_the_demo_is_not_loaded_where_others_reach_it(db: None, settings: Any) -> None:
    settings.IS_LOCAL, settings.SITE_URL = False, "https://desk.example"
    with pytest.raises(CommandError, match=r"Others reach https://desk\.example, and the demo's"):
        call_command("load_demo")
    assert User.objects.count() == 0


@pytest.mark.parametrize(("before", "options"), [("demo", {}), ("", {"demo": True})])
def test_a_desk_with_the_demo_does_not_start_where_others_reach_it(
    before: str, options: dict[str, bool], settings: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    settings.IS_LOCAL, settings.SITE_URL = False, "https://desk.example"
    command = _prepared(tmp_path, before, monkeypatch)
    with pytest.raises(EmbeddedError, match="whose password everybody knows"):
        command(**{"demo": False, "empty": False} | options)


def test_the_first_start_of_a_desk_that_others_reach_is_an_empty_one(
    settings: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    settings.IS_LOCAL, settings.SITE_URL = False, "https://desk.example"
    _prepared(tmp_path, "", monkeypatch)(demo=False, empty=False)
    assert (tmp_path / "work/first-start").read_text() == "empty\n"


def test_logins_of_the_demo_are_those_that_open_with_its_password(db: None) -> None:
    User.objects.create_user("admin@desk.example", published.PASSWORD, name="A")
    User.objects.create_user("comms@desk.example", "another-long-word", name="B")
    User.objects.create_user("security@desk.example", published.PASSWORD, name="C", is_active=False)
    User.objects.create_user("ada@desk.example", published.PASSWORD, name="D")
    assert published.open_logins() == ["admin@desk.example"]


def _prepared(tmp_path: Path, before: str, monkeypatch: Any) -> Callable[..., None]:
    """The desk's preparation on a folder of its own, past what takes minutes or needs servers."""
    from incidentdesk.embedded import preparation
    from incidentdesk.embedded.layout import Layout
    from incidentdesk.management.commands.desk import Command

    for name in ("migrate", "collect_static"):
        monkeypatch.setattr(preparation, name, lambda *_: None)
    monkeypatch.setattr(Command, "_keep_servers", lambda self: None)
    (tmp_path / "work").mkdir()
    if before:
        (tmp_path / "work/first-start").write_text(f"{before}\n")
    command = Command()
    command.layout = Layout(tmp_path)
    return command._prepare
