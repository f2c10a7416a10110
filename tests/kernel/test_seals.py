"""The audit trail's seals: nothing is sealed too early, and what was changed is named."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from incidentdesk.kernel import audit, auditing, seals
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import AuditEvent, AuditSeal, Finding
from tests.conftest import NOW, People, as_owner

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = NOW - timedelta(days=1)


def written(*names: str) -> list[int]:
    """Lines of the trail, by their numbers."""
    return [
        audit.record(
            by=SYSTEM, at=NOW, action="read", about="incident:1", name=name, n=1.50, é="ß"
        ).pk
        for name in names
    ]


def verified(*words: str) -> str:
    """What the command says of a whole chain."""
    out = io.StringIO()
    call_command("verify_audit", *words, stdout=out)
    return out.getvalue()


def fault(*words: str) -> list[str]:
    """What it says of a broken one."""
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_audit", *words, stdout=out)
    assert ended.value.returncode == 1
    return out.getvalue().splitlines()


def tamper(statement: str, *values: object) -> None:
    """As somebody who owns the tables and switched the guards off would."""
    with as_owner() as cursor:
        for table in ("kernel_auditevent", "kernel_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in ("kernel_auditevent", "kernel_auditseal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_what_is_written_is_sealed_and_each_seal_names_the_one_before(monkeypatch: Any) -> None:
    monkeypatch.setattr(seals, "A_SEAL", 2)
    ids = written("one", "two", "three")
    assert seals.seal(at=NOW) == 2
    assert seals.seal(at=NOW) == 0
    more = written("four")
    assert seals.seal(at=NOW) == 1
    first, second, third = AuditSeal.objects.order_by("number")
    assert [(s.number, s.after_id, s.last_id, s.lines) for s in (first, second, third)] == [
        (1, 0, ids[1], 2),
        (2, ids[1], ids[2], 1),
        (3, ids[2], more[0], 1),
    ]
    assert [first.previous_hash, second.previous_hash, third.previous_hash] == [
        "",
        first.hash,
        second.hash,
    ]
    assert verified() == (
        f"3 seals verified; the chain is whole.\nAudit seal: 3\nSeal hash: {third.hash}\n"
    )


def test_a_line_that_somebody_still_writes_is_waited_for_and_comes_into_the_same_seal(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(seals, "PATIENCE", 0.2)
    wrote, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            written("slow")
            wrote.set()
            go_on.wait(10)
        connections.close_all()

    writer = threading.Thread(target=slowly)
    writer.start()
    assert wrote.wait(10)
    written("fast")  # has the higher number, and is there first
    assert AuditEvent.objects.get().detail["name"] == "fast"
    assert seals.seal(at=NOW) == 0
    go_on.set()
    writer.join()
    assert seals.seal(at=NOW) == 1
    assert AuditSeal.objects.get().lines == 2
    assert "the chain is whole" in verified()


def test_who_begins_to_write_later_holds_up_no_seal() -> None:
    written("one")
    wrote, go_on = threading.Event(), threading.Event()

    def later() -> None:
        with transaction.atomic():
            AuditEvent.objects.filter(pk=0).count()  # reads, and holds a transaction open
            wrote.set()
            go_on.wait(10)
        connections.close_all()

    reader = threading.Thread(target=later)
    reader.start()
    assert wrote.wait(10)
    assert seals.seal(at=NOW) == 1
    go_on.set()
    reader.join()


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE kernel_auditevent SET actor = 'Nobody' WHERE id = {two}",
            "line {two} was changed.",
        ),
        (
            "UPDATE kernel_auditevent SET detail = '{{}}' WHERE id = {two}",
            "line {two} was changed.",
        ),
        (
            "UPDATE kernel_auditevent SET at = at + interval '1 us' WHERE id = {two}",
            "line {two} was changed.",
        ),
        ("DELETE FROM kernel_auditevent WHERE id = {two}", "line {two} is missing."),
        ("DELETE FROM kernel_auditevent WHERE id = {three}", "line {three} is missing."),
        (
            "INSERT INTO kernel_auditevent (id, at, actor, action, about, detail)"
            " OVERRIDING SYSTEM VALUE VALUES (0 + {one} - 1, now(), 'x', 'read', 'y', '{{}}')",
            "line {before} was added afterwards.",
        ),
        (
            "UPDATE kernel_auditseal SET covers = replace(covers, '{two} ', '99999 ')",
            "it was changed itself.",
        ),
        ("UPDATE kernel_auditseal SET sealed_at = now()", "it was changed itself."),
    ],
)
def test_what_the_owner_of_the_database_changes_is_named(statement: str, words: str) -> None:
    written("zero")
    with as_owner() as cursor:  # a number that a rolled-back transaction left unused
        cursor.execute("SELECT nextval(pg_get_serial_sequence('kernel_auditevent', 'id'))")
    one, two, three = written("one", "two", "three")
    names = {"one": one, "two": two, "three": three, "before": one - 1}
    seals.seal(at=NOW)
    tamper(statement.format(**names))
    assert fault() == [f"Seal 1 of the audit trail: {words.format(**names)}"]


def test_a_seal_that_is_taken_out_or_made_anew_is_named() -> None:
    for name in ("one", "two", "three"):
        written(name)
        seals.seal(at=NOW)
    kept = AuditSeal.objects.get(number=2)
    tamper("DELETE FROM kernel_auditseal WHERE number = 2")
    assert fault() == ["Seal 2 of the audit trail is missing."]
    kept.sealed_at += timedelta(seconds=1)
    kept.hash = seals.mark(kept).hash
    AuditSeal.objects.bulk_create([kept])
    assert fault() == ["Seal 3 of the audit trail: it does not follow from the one before it."]


def test_a_trail_cut_off_or_written_anew_is_told_by_what_somebody_kept(tmp_path: Any) -> None:
    ids = written("one", "two")
    seals.seal(at=NOW)
    written("three")
    seals.seal(at=NOW)
    kept = tmp_path / "mail.txt"
    kept.write_text(verified())
    assert verified("--against", str(kept)).startswith("Held against seal 2 in mail.txt.\n2 seals")
    tamper("DELETE FROM kernel_auditevent WHERE id > %s", ids[1])
    tamper("DELETE FROM kernel_auditseal WHERE number = 2")
    assert "1 seal verified; the chain is whole." in verified()
    held = "Held against seal 2 in mail.txt."
    assert fault("--against", str(kept)) == [
        held,
        "Seal 2 of the audit trail is gone; mail.txt names it.",
    ]
    written("another")
    seals.seal(at=NOW)
    assert fault("--against", str(kept)) == [
        held,
        "Seal 2 of the audit trail is not the one that mail.txt names; the trail was written anew.",
    ]
    kept.write_text("nothing")
    with pytest.raises(CommandError, match="names no seal") as ended:
        verified("--against", str(kept))
    assert ended.value.returncode == 2


LET_GO = """
INSERT INTO kernel_auditevent (at, actor, action, about, detail)
    VALUES (now(), 'The owner of the database', 'let go of old lines', 'audittrail:old',
            jsonb_build_object('up_to', 1, 'why', 'older than ten years'));
DELETE FROM kernel_auditevent
    WHERE id <= (SELECT last_id FROM kernel_auditseal WHERE number = 1)
"""


def test_old_lines_can_go_and_the_rest_still_verifies() -> None:
    written("one")
    seals.seal(at=NOW)
    [two] = written("two")
    seals.seal(at=NOW)
    tamper(LET_GO)
    assert verified().startswith(
        "The lines up to seal 1 were let go of; the trail says so.\n2 seals verified"
    )
    assert verified("--from", "2").endswith("1 line waits for its seal.\n")
    tamper("DELETE FROM kernel_auditevent WHERE id = %s", two)
    assert f"Seal 2 of the audit trail: line {two} is missing." in fault()


# --- what the auditor sees ------------------------------------------------------------------------


@pytest.fixture
def broken() -> int:
    """The number of a line that was changed, deep in the trail."""
    [oldest] = written("a")
    for name in "bcd":
        seals.seal(at=NOW)
        written(name)
    seals.seal(at=NOW)
    tamper("UPDATE kernel_auditevent SET actor = 'Nobody' WHERE id = %s", oldest)
    return oldest


def test_the_auditor_finds_what_was_changed_and_does_not_forget_it(
    broken: int, monkeypatch: Any
) -> None:
    words = f"Seal 1 of the audit trail: line {broken} was changed."
    [found] = auditing.changed(at=NOW, since=LONG_AGO)
    assert (found.kind, found.words, found.about) == (
        "audit trail changed",
        words,
        "auditseal:1",
    )
    monkeypatch.setattr(auditing, "NEWEST", 1)
    monkeypatch.setattr(auditing, "IN_TURN", 1)
    turns = [NOW + timedelta(minutes=n) for n in range(5)]
    seen = [len(list(auditing.changed(at=at, since=LONG_AGO))) for at in turns]
    assert sum(seen) == 1  # in turn
    Finding.objects.create(kind=found.kind, about=found.about, first_at=NOW, last_at=NOW)
    assert [len(list(auditing.changed(at=at, since=LONG_AGO))) for at in turns] == [1] * 5


def test_the_auditor_misses_no_seal_that_was_taken_out_and_forgets_none(monkeypatch: Any) -> None:
    monkeypatch.setattr(auditing, "NEWEST", 1)
    monkeypatch.setattr(auditing, "IN_TURN", 3)
    for number in range(11):
        written(f"line {number}")
        seals.seal(at=NOW)
    turns = [NOW + timedelta(minutes=n) for n in range(4)]

    def told() -> set[str]:
        return {one.words for at in turns for one in auditing.changed(at=at, since=LONG_AGO)}

    for gone, first in (("= 3", 3), ("BETWEEN 4 AND 6", 3), ("> 9", 3)):
        tamper(f"DELETE FROM kernel_auditseal WHERE number {gone}")  # noqa: S608
        assert f"Seal {first} of the audit trail is missing." in told()
    assert "Seal 6 of the audit trail is missing." in told(), "the link of the next one"
    Finding.objects.create(kind=auditing.CHANGED, about="auditseal:11", first_at=NOW, last_at=NOW)
    assert "Seal 11 of the audit trail is missing." in told()


def test_lines_that_wait_too_long_are_found_and_sealed_by_the_auditor(people: People) -> None:
    written("one")
    soon, late = NOW + timedelta(minutes=14), NOW + timedelta(minutes=16)
    assert list(auditing.unsealed(at=soon, since=LONG_AGO)) == []
    assert list(auditing.unsealed(at=late, since=late)) == []  # it has only just begun to look
    [found] = auditing.unsealed(at=late, since=LONG_AGO)
    assert found.words == "Lines of the audit trail wait for their seal for more than 15 min."
    assert found.mend is not None
    assert found.mend() == "They were sealed."
    assert list(auditing.unsealed(at=late, since=LONG_AGO)) == []
