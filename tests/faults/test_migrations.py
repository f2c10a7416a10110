"""Migrations all the way back to nothing and forth, with rows on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections

from cases.chain import Chain, Head, Line
from tests.scratch import SHAPE, answers, scratch_database

SHIPPED = {
    "categories": "SELECT key, name, description, position FROM cases_category",
    "playbook": """SELECT c.key, p.phase, p.position, p.text, p.needs_evidence,
        p.needs_second_person, p.is_partner_facing
        FROM cases_playbooktask p JOIN cases_playbook b ON b.id = p.playbook_id
        JOIN cases_category c ON c.id = b.category_id""",
    "targets": "SELECT severity, kind, anchor, amount, counting FROM cases_target",
    "matrix": "SELECT cells, reason FROM cases_severitymatrix",
    "levels": "SELECT axis, value, name, definition FROM cases_axislevel",
    "floors": "SELECT key, words, severity, after_minutes, source FROM cases_severityfloor",
}


class Before(NamedTuple):
    """What stood in the copy before anything moved."""

    shape: dict[str, list[tuple[Any, ...]]]
    shipped: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def copy(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, Before]]:
    """One copy of the test database, as its owner: all the way takes minutes, so that these tests
    go it once. Each begins by going to where it starts from."""
    with scratch_database(django_db_blocker) as alias:
        yield alias, Before(answers(alias, SHAPE), answers(alias, SHIPPED))


@pytest.fixture
def scratch(copy: tuple[str, Before]) -> str:
    """The alias of the copy."""
    return copy[0]


def to_nothing(alias: str) -> None:
    """All of reviews and cases is taken back."""
    for app in ("reviews", "cases"):
        call_command("migrate", app, "zero", database=alias, verbosity=0)


@pytest.mark.fault("F29", "to nothing")
def test_cases_and_reviews_go_back_to_nothing(scratch):
    to_nothing(scratch)
    gone = answers(scratch, SHAPE)
    left = {row[0] for what in ("columns", "triggers", "policies", "rights") for row in gone[what]}
    assert {name for name in left if name.startswith(("cases_", "reviews_"))} == set()
    assert {row[0] for row in gone["functions"] if row[0].startswith("cases_")} == set()


# --- playbooks become versions --------------------------------------------------------------------

INCIDENT = """INSERT INTO cases_incident (title, description, tlp, detection, detected_by,
    opened_at, detected_at, severity, severity_reason, phase, dismissal, cause, floors,
    commanded_by, category_id)
    VALUES ('Old', '', 'AMBER', 'staff', 'x', now(), now(), 3, '', 'identification', '', '', '{}',
        '{}', (SELECT id FROM cases_category WHERE key = 'outage')) RETURNING id"""
TASKS = """INSERT INTO cases_task (incident_id, phase, position, text, needs_evidence,
    needs_second_person, is_partner_facing, state, note)
    SELECT {incident}, phase, position, text, needs_evidence, needs_second_person,
        is_partner_facing, 'open', ''
    FROM cases_playbooktask WHERE {mine}"""
OUTAGE = "(SELECT id FROM cases_category WHERE key = 'outage')"
SECOND = f"""
    INSERT INTO cases_playbook (category_id, version, note) VALUES ({OUTAGE}, 2, '');
    INSERT INTO cases_playbooktask (playbook_id, phase, position, text, needs_evidence,
        needs_second_person, is_partner_facing)
        SELECT id, 'recovery', 1, 'Breathe', true, false, false
        FROM cases_playbook WHERE version = 2;
    UPDATE cases_playbook SET published_at = now(), note = 'Shorter.' WHERE version = 2;
    INSERT INTO cases_playbook (category_id, version, note) VALUES ({OUTAGE}, 3, '');
"""  # noqa: S608 -- a constant
KEPT = f"""SELECT playbook.version, playbook.note, count(task.id)
    FROM cases_playbook playbook LEFT JOIN cases_playbooktask task ON task.playbook_id = playbook.id
    WHERE playbook.category_id = {OUTAGE} GROUP BY playbook.id ORDER BY 1"""  # noqa: S608 -- a constant


def _ask(cursor: Any, question: str) -> list[tuple[Any, ...]]:
    cursor.execute(question)
    return list(cursor.fetchall())


@pytest.mark.fault("F29", "playbooks with rows")
def test_playbooks_become_versions_and_go_back_with_their_rows(scratch):
    """An incident keeps the first version; on the way back a category has what is in force."""
    to_nothing(scratch)
    call_command("migrate", "cases", "0012", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        (number,) = _ask(cursor, INCIDENT)[0]
        cursor.execute(TASKS.format(incident=number, mine=f"category_id = {OUTAGE}"))
    call_command("migrate", "cases", "0033", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        pinned = (
            "SELECT p.version FROM cases_incident i JOIN cases_playbook p ON p.id = playbook_id"
        )
        assert _ask(cursor, KEPT) == [(1, "The first version.", 23)]
        assert _ask(cursor, pinned) == [(1,)]
        cursor.execute(SECOND)
        assert [row[::2] for row in _ask(cursor, KEPT)] == [(1, 23), (2, 1), (3, 0)]
    call_command("migrate", "cases", "0012", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        mine = f"SELECT phase, position, text FROM cases_playbooktask WHERE category_id = {OUTAGE}"  # noqa: S608
        assert _ask(cursor, mine) == [("recovery", 1, "Breathe")]
        assert _ask(cursor, "SELECT count(*) FROM cases_playbooktask") == [(110 - 23 + 1,)]
        assert _ask(cursor, "SELECT count(*) FROM cases_task") == [(23,)]
    call_command("migrate", "cases", "0033", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        assert _ask(cursor, KEPT) == [(1, "The first version.", 1)]
        cursor.execute("DELETE FROM cases_task")
        cursor.execute("DELETE FROM cases_incident")  # their category goes with all the others


# --- the chain's two versions ---------------------------------------------------------------------

ADD = """INSERT INTO cases_entry (incident_id, at, kind, actor, body)
    SELECT id, '2026-03-04 09:41:00.5+00', 'update', 'Responder', 'Still “stale”.'
    FROM cases_incident"""


def checked(connection) -> tuple[list[int], str | None]:
    """The versions of the entries of the one chain, and its fault."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_entry ORDER BY sequence")
        names = [column[0] for column in cursor.description]
        first = {"version": 1, "corrects": None}
        rows = [first | dict(zip(names, row, strict=True)) for row in cursor]
        cursor.execute("SELECT incident_id, 'INC', sequence, hash FROM cases_timelinehead")
        head = Head(*cursor.fetchone())
    found = Chain("INC")
    lines = [Line(**{name: row[name] for name in Line._fields}) for row in rows]
    for line in lines:
        found.add(line)
    return [line.version for line in lines], found.end(head)


@pytest.mark.fault("F29", "timelines across versions")
def test_chains_stay_whole_across_the_change_of_version(scratch):
    to_nothing(scratch)
    call_command("migrate", "cases", "0012", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        cursor.execute(
            """INSERT INTO cases_incident (title, description, detection, detected_by, opened_at,
                detected_at, severity, phase, tlp, severity_reason, cause, dismissal, floors,
                commanded_by)
            VALUES ('x', '', 'staff', 'x', now(), now(), 3, 'identification', 'AMBER', '', '',
                '', '{}', '{}')"""
        )
        cursor.execute(ADD)
        cursor.execute(ADD)
    assert checked(connections[scratch]) == ([1, 1], None)
    call_command("migrate", "cases", "0061", database=scratch, verbosity=0)
    assert checked(connections[scratch]) == ([1, 1], None)
    call_command("migrate", "cases", "0012", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        cursor.execute(ADD)
    assert checked(connections[scratch]) == ([1, 1, 1], None)
    call_command("migrate", "cases", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        cursor.execute(ADD)
        cursor.execute(ADD)
    assert checked(connections[scratch]) == ([1, 1, 1, 2, 2], None)
    with pytest.raises(DatabaseError, match="holds entries of version 2"):
        call_command("migrate", "cases", "0012", database=scratch, verbosity=0)
    assert checked(connections[scratch]) == ([1, 1, 1, 2, 2], None)


# --- and forth again ------------------------------------------------------------------------------


@pytest.mark.fault("F29", "and forth again")
def test_what_went_back_and_forth_is_as_it_was(copy):
    scratch, before = copy
    call_command("migrate", database=scratch, verbosity=0)
    assert answers(scratch, SHAPE) == before.shape
    assert answers(scratch, SHIPPED) == before.shipped
    assert {what: len(rows) for what, rows in before.shipped.items()} == {
        "categories": 5,
        "playbook": 110,
        "targets": 21,
        "matrix": 1,
        "levels": 11,
        "floors": 6,
    }
