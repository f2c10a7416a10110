"""`migrate` on a desk that runs: it gives up on a table in use, lets others pass, tries again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from typing import Any

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from incidentdesk.management.commands import migrate
from tests.scratch import scratch_database

BEFORE = ("cases", "0351")  # what comes behind changes the table of deadlines


@pytest.fixture
def behind(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, int]]:
    """The alias of a copy whose tables are not up to date, and how many steps they lack."""
    with scratch_database(django_db_blocker) as alias:
        lacking = applied(alias)
        call_command("migrate", *BEFORE, database=alias, verbosity=0)
        yield alias, lacking


def reading(alias: str) -> Any:
    """Somebody else, in whose transaction the table of deadlines was read."""
    parameters = connections[alias].get_connection_params()
    for name in ("cursor_factory", "client_encoding", "context"):
        parameters.pop(name, None)
    other = psycopg2.connect(**parameters)
    other.cursor().execute("SELECT count(*) FROM cases_deadline")
    return other


def asked(alias: str, question: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def applied(alias: str) -> int:
    behind = "SELECT count(*) FROM django_migrations WHERE app = 'cases' AND name > '0351_z'"
    return int(asked(alias, behind))


@pytest.mark.fault("F29", "a table that is in use")
def test_a_table_in_use_is_left_as_it_is_with_a_sentence_and_tried_again_until_it_is_free(
    behind: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    alias, lacking = behind
    monkeypatch.setattr(migrate, "WAITS", 1)  # second
    monkeypatch.setattr(migrate, "PAUSE", 0.2)
    with closing(reading(alias)) as other:
        monkeypatch.setattr(migrate, "TIMES", 2)
        with pytest.raises(CommandError, match="A table stayed in use, so not every migration"):
            call_command("migrate", "cases", database=alias, verbosity=0, stderr=StringIO())
        assert applied(alias) == 0

        monkeypatch.setattr(migrate, "TIMES", 60)
        said, end = StringIO(), threading.Timer(2.5, other.rollback)
        end.start()
        call_command("migrate", "cases", database=alias, verbosity=0, stderr=said)
        end.join()
    assert "A table is in use; trying again" in said.getvalue()
    assert applied(alias) == lacking > 0
    assert asked(alias, "SHOW lock_timeout") == "0"
