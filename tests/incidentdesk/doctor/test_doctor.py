"""The doctor: of everything a desk stands on it says what is wrong and what to do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app  # noqa: TID251 -- a broker of its own
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

from incidentdesk import published
from incidentdesk.doctor import examining, machine, rows
from incidentdesk.doctor.told import State
from incidentdesk.embedded import parts
from incidentdesk.kernel import clocks, jobs, progress
from incidentdesk.kernel.models import Finding, Progress, User
from notifications.models import ContactMethod
from tests.conftest import NOW, as_owner
from tests.embedded.conftest import ROOT
from tests.sinks import free_port

pytestmark = pytest.mark.django_db(transaction=True)
Lines = list[tuple[str, str]]


def looked(*names: str) -> Lines:
    """State and sentence of each look."""
    return [(str(one.told.state), one.told.said) for one in examining.examine(names)]


def not_well(*names: str) -> Lines:
    """What is told but for what is well."""
    return [line for line in looked(*names) if line[0] != State.WELL]


# --- database -------------------------------------------------------------------------------------


def test_a_desk_as_the_migrations_made_it_has_nothing_wrong_in_its_database() -> None:
    assert not_well("database", "rights", "migrations", "keys") == []
    [(state, said), *_] = looked("database")
    assert (state, said.split()[0], said.split()[-1]) == ("ok", "PostgreSQL", "answers.")


@contextmanager
def altered(there: str, back: str) -> Iterator[None]:
    with as_owner() as cursor:
        cursor.execute(there)
    try:
        yield
    finally:
        with as_owner() as cursor:
            cursor.execute(back)


def test_a_wall_that_was_taken_down_is_told_with_the_statement_that_puts_it_back() -> None:
    off = "ALTER TABLE cases_noticecopy DISABLE ROW LEVEL SECURITY"
    on = "ALTER TABLE cases_noticecopy ENABLE ROW LEVEL SECURITY"
    with altered(off, on):
        [one] = examining.examine(["rights"])
        assert one.told.said == "Row-level security is off for cases_noticecopy."
        assert one.told.do == f"As the owner: {on};"
        assert one.told.state is State.WRONG
    assert not_well("rights") == []


def test_a_trail_that_may_be_altered_is_told() -> None:
    role = connections["default"].settings_dict["USER"]
    with altered(
        f"GRANT UPDATE ON kernel_auditevent TO {role}",
        f"REVOKE UPDATE ON kernel_auditevent FROM {role}",
    ):
        said = f"{role} may alter kernel_auditevent, which is only added to."
        assert looked("rights") == [("wrong", said)]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_desk_that_runs_as_the_owner_of_its_tables_is_told_that_no_wall_holds(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(rows, "connection", connections["owner"])
    said = [told.said for told in rows.rights()]
    owner = connections["owner"].settings_dict["USER"]
    assert f"{owner} owns tables, so row-level security does not hold for it." in said
    assert f"{owner} may make roles or databases, which the desk never does." in said


def test_what_the_database_server_knows_of_a_role_is_told_with_what_changes_it() -> None:
    found = list(rows._role_faults("desk_app", True, False, True, False))
    assert [(told.state, told.do) for told in found] == [
        (State.WRONG, "As a superuser: ALTER ROLE desk_app NOSUPERUSER NOBYPASSRLS;"),
        (State.WRONG, "As a superuser: ALTER ROLE desk_app NOINHERIT;"),
    ]


def test_tables_of_another_version_are_told() -> None:
    name = "INSERT INTO django_migrations (app, name, applied) VALUES ('kernel', '9999_x', now())"
    with altered(name, "DELETE FROM django_migrations WHERE name = '9999_x'"):
        said = "The tables are of a newer version: kernel.9999_x is not known here."
        assert looked("migrations") == [("warning", said)]
    with as_owner() as cursor:
        cursor.execute("SELECT max(name) FROM django_migrations WHERE app = 'reviews'")
        [last] = cursor.fetchone()
    own = f"WHERE app = 'reviews' AND name = '{last}'"
    row = f"('reviews', '{last}', now())"
    with altered(
        f"DELETE FROM django_migrations {own}",  # noqa: S608
        f"INSERT INTO django_migrations (app, name, applied) VALUES {row}",  # noqa: S608
    ):
        assert ("wrong", "1 migrations are not applied.") in looked("migrations")


def test_without_the_database_all_that_needs_it_is_unknown_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused\nto 10.0.0.1")

    with monkeypatch.context() as patched:
        patched.setattr("django.db.backends.postgresql.base.Database.connect", away)
        found = looked("database", "rights", "beat", "disk")
    assert found[:3] == [
        ("wrong", "The database does not answer (connection refused)."),
        ("unknown", "Not known without the database."),
        ("unknown", "Not known without the database."),
    ]
    assert {state for state, _ in found[3:]} == {"ok"}


# --- the machine ----------------------------------------------------------------------------------


def test_clocks_that_are_apart_are_told_by_how_much() -> None:
    at = NOW
    for off, state in ((0, "ok"), (-1, "ok"), (5, "warning"), (-31, "wrong"), (31, "wrong")):
        theirs = at + timedelta(seconds=off)
        assert machine.apart(theirs, at, at).state == state, off
    slow = machine.apart(at, at - timedelta(seconds=40), at + timedelta(seconds=1))
    assert slow.state == "ok", "the answer took long, and the clocks may agree"
    assert "31 s apart" in machine.apart(at + timedelta(seconds=31), at, at).said


def test_a_folder_that_cannot_be_written_or_is_full_is_told(
    tmp_path: Path, settings: Any, monkeypatch: Any
) -> None:
    (tmp_path / "file").write_text("x")
    assert machine.room("MEDIA_ROOT", tmp_path / "file" / "media").state == "wrong"
    assert machine.room("MEDIA_ROOT", tmp_path / "not" / "yet").state == "ok"
    for free, state in ((10**8, "wrong"), (10**9, "warning"), (10**10, "ok")):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert machine.room("DATA_DIR", tmp_path).state == state


# --- what runs ------------------------------------------------------------------------------------


def test_redis_is_asked_itself_and_a_stopped_one_is_told(settings: Any, monkeypatch: Any) -> None:
    assert [state for state, _ in looked("redis")] == ["ok"]
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nowhere}}
    [(state, said)] = looked("redis")
    assert (state, said) == (
        "wrong",
        "Redis does not answer (ConnectionError). Pages go on, some seconds later.",
    )
    through(monkeypatch, nowhere)
    assert looked("pager") == [("wrong", "Redis passes no question on (OperationalError).")]


def through(monkeypatch: Any, broker: str) -> None:
    """Workers are asked through this broker, so that no other test's are heard; by connections of
    its own, since what another test sent left some to the other one in the pool."""
    monkeypatch.setattr(current_app.amqp, "_producer_pool", None)
    monkeypatch.setattr(
        type(current_app._get_current_object()),
        "connection_for_write",
        lambda self, *_, **__: self._connection(broker),
    )


def test_a_queue_is_well_while_a_worker_takes_from_it(settings: Any, monkeypatch: Any) -> None:
    broker = str(settings.CELERY_BROKER_URL).replace("virtual_host=0", "virtual_host=3")
    through(monkeypatch, broker)
    said = "No worker takes what is queued for page."
    [one] = examining.examine(["pager"])
    assert (one.told.state, one.told.said) == ("wrong", said)
    assert "-m celery -q -A incidentdesk.celery worker -Q page" in one.told.do
    worker = subprocess.Popen(
        [sys.executable, *parts.worker_command("pager")[1:]],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": broker, "PYTHONWARNINGS": "ignore"},
    )
    try:
        end = time.monotonic() + 180  # it starts slowly where other tests run too
        [(state, said)] = looked("pager")
        while state != "ok" and time.monotonic() < end:
            [(state, said)] = looked("pager")
        assert (state, said.split("@")[0]) == ("ok", "The queue page is taken by pager")
        assert [other for other, _ in looked("worker", "caller")] == ["wrong", "wrong"]
    finally:
        worker.terminate()
        worker.wait(30)


def test_beat_and_auditor_are_well_while_they_move() -> None:
    assert [said for _, said in looked("beat", "auditor")] == [
        "The beat has not run yet.",
        "The auditor has not run yet.",
    ]
    jobs.note_beat()
    progress.mark(progress.AUDITOR, "1 found wrong", is_well=False, always=True)
    assert [state for state, _ in looked("beat", "auditor")] == ["ok", "ok"]
    Progress.objects.update(at=clocks.database_now() - timedelta(seconds=200))
    assert [said for _, said in looked("beat", "auditor")] == [
        "The beat has finished no round for 200 s.",
        "The auditor has finished no round for 200 s.",
    ]


def test_what_the_auditor_finds_is_counted_and_read_elsewhere() -> None:
    assert looked("findings") == [("ok", "The auditor finds nothing wrong.")]
    at = clocks.database_now()
    Finding.objects.create(kind="x", words="INC-2026-0001 has no page", first_at=at, last_at=at)
    [one] = examining.examine(["findings"])
    assert (one.told.state, one.told.said) == ("wrong", "The auditor finds something wrong.")
    assert one.told.do.endswith("/admin/kernel/finding/.")


# --- settings, keys, people -----------------------------------------------------------------------


def test_what_is_wrong_for_others_is_a_warning_on_ones_own_machine(
    settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    assert looked("settings") == [("ok", "The settings are in order.")]
    settings.DEBUG = True
    assert [state for state, _ in not_well("settings")] == ["warning"]
    settings.IS_LOCAL = False
    found = not_well("settings")
    assert {state for state, _ in found} == {"wrong"}
    assert any("security.W008" in said for _, said in found), "no redirect to HTTPS"
    assert ("wrong", "DEBUG is on: an error shows the desk's insides.") in found


def test_a_key_that_opens_nothing_is_told_with_what_it_closes(settings: Any) -> None:
    person = User.objects.create_user("ada@desk.test", name="Ada", roles=["administrator"])
    ContactMethod.objects.create(
        user=person, channel="chat", address="tgram://x/y", position=1, added_at=NOW
    )
    assert not_well("keys") == []
    settings.SECRET_KEY = "n" * 50
    [(state, said)] = looked("keys")
    assert (state, said.startswith("SECRET_KEY does not open what is stored of ")) == (
        "wrong",
        True,
    )


def test_who_can_get_in_is_told(settings: Any) -> None:
    assert looked("people") == [("wrong", "Nobody administers the desk.")]
    User.objects.create_user(
        "admin@desk.example", published.PASSWORD, name="Admin", roles=["administrator"]
    )
    assert looked("people") == [("ok", "Somebody administers the desk.")]
    settings.IS_LOCAL = False
    said = "admin@desk.example open with the demo's password, which everybody knows."
    assert not_well("people") == [("wrong", said)]


# --- the command ----------------------------------------------------------------------------------


def test_for_programs_it_is_json_and_fails_only_where_something_is_wrong() -> None:
    progress.mark(progress.BEAT, always=True)
    out = io.StringIO()
    call_command("doctor", "--json", "--only", "beat,database", stdout=out)
    told = json.loads(out.getvalue())
    assert told["is_well"] is True
    assert [set(line) for line in told["checks"]] == [{"check", "state", "says", "do"}] * 2
    assert [line["check"] for line in told["checks"]] == ["database", "beat"]
    Progress.objects.all().delete()
    with pytest.raises(SystemExit, match="1"):
        call_command("doctor", "--json", "--only", "beat", stdout=io.StringIO())


def test_for_people_each_finding_says_what_to_do() -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", "--only", "auditor", stdout=out)
    assert out.getvalue().splitlines() == [
        "WRONG    auditor    The auditor has not run yet.",
        "                    → Start it: `python manage.py audit`, or its unit or container.",
        "1 wrong, no warnings.",
    ]
    with pytest.raises(CommandError, match="does not look at “weather”"):
        call_command("doctor", "--only", "weather")


def test_every_look_is_named_in_the_documentation() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert [name for name in examining.LOOKS if f"`{name}`" not in page] == []
    assert set(examining.PARTS) < set(examining.LOOKS)
