"""Whoever owns the tables and switches the guards off is found: by the chains, by the checkpoints,
and by what lies outside of the desk."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from cases import checkpoints, correcting, jobs, response, timeline, verification
from cases.models import Checkpoint, CheckpointHead, CheckpointRecipient, Entry, Incident
from incidentdesk.kernel import snapshot
from notifications.models import Message
from tests.architecture.source import ROOT
from tests.conftest import NOW, as_owner

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = NOW + timedelta(days=1)

# As the owner would who knows how it is done: the chain of one incident anew, with right hashes.
REWRITE = """
DO $$ DECLARE e record; before text := ''; number int := 0; covered text;
BEGIN
    FOR e IN SELECT * FROM cases_entry WHERE incident_id = {id} ORDER BY sequence LOOP
        number := number + 1;
        e.body_digest := encode(sha256(convert_to(e.salt || e.body, 'UTF8')), 'hex');
        covered := json_build_array(e.version, e.incident_id, number,
            to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            e.kind, e.actor, e.user_id, e.partner_id, e.corrects, e.body_digest, before)::text;
        UPDATE cases_entry SET sequence = number, previous_hash = before,
            body_digest = e.body_digest,
            hash = encode(sha256(convert_to(covered, 'UTF8')), 'hex') WHERE id = e.id;
        SELECT hash INTO before FROM cases_entry WHERE id = e.id;
    END LOOP;
    UPDATE cases_timelinehead SET sequence = number, hash = before WHERE incident_id = {id};
END $$;
"""
GUARDED = ("cases_entry", "cases_checkpoint", "cases_checkpointhead")


def tamper(statement: str) -> None:
    """As the tables' owner with the triggers off."""
    with as_owner() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def run(*words: object) -> str:
    """What the command says if all is whole."""
    out = io.StringIO()
    call_command("verify_timeline", *map(str, words), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def faults(*words: object, code: int = 1) -> list[str]:
    """The faults that it names."""
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_timeline", *map(str, words), stdout=out, stderr=io.StringIO())
    assert ended.value.returncode == code
    said = out.getvalue().splitlines()
    return [line for line in said if not line.startswith("Held against")]


@pytest.fixture(autouse=True)
def data(settings, tmp_path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "checkpoints"


@pytest.fixture
def five(declare, people) -> Incident:
    """An incident with five entries, and another one beside it."""
    incident, by = declare(), people.actor("responder")
    for number in range(2, 6):
        response.post_update(incident_id=incident.pk, text=f"Update {number}", by=by, at=NOW)
    declare(title="Another")
    assert incident.entries.count() == 5
    return incident


@pytest.fixture
def taken(five, data) -> Path:
    """The file of a checkpoint that saw the five entries."""
    checkpoints.take(at=NOW)
    return checkpoints.write_newest()


# --- what is found with the chain alone -----------------------------------------------------------

BY_ITSELF = {
    "a text": ("UPDATE cases_entry SET body = 'x' WHERE {3}", "the text of entry 3 was changed."),
    "a time": (
        "UPDATE cases_entry SET at = at + interval '1 min' WHERE {3}",
        "entry 3 does not follow from the one before it.",
    ),
    "when it was recorded": (
        "UPDATE cases_entry SET recorded_at = recorded_at - interval '1 min' WHERE {4}",
        "entry 4 does not follow from the one before it.",
    ),
    "what it corrects": (
        "ALTER TABLE cases_entry DROP CONSTRAINT entry_names_what_it_corrects;"
        "UPDATE cases_entry SET corrects = 1 WHERE {4}",
        "entry 4 does not follow from the one before it.",
    ),
    "its version": (
        "UPDATE cases_entry SET version = 1 WHERE {4}",
        "entry 4 does not follow from the one before it.",
    ),
    "a middle entry gone": ("DELETE FROM cases_entry WHERE {3}", "entry 3 is missing."),
    "the newest gone": (
        "DELETE FROM cases_entry WHERE {5}",
        "the newest entries are missing; 5 were written.",
    ),
    "two swapped": (
        "UPDATE cases_entry SET sequence = 90 WHERE {2};"
        "UPDATE cases_entry SET sequence = 2 WHERE {3};"
        "UPDATE cases_entry SET sequence = 3 WHERE incident_id = {id} AND sequence = 90",
        "entry 2 does not follow from the one before it.",
    ),
    "one slipped in": (
        "UPDATE cases_entry SET sequence = sequence + 100 WHERE incident_id = {id}"
        " AND sequence > 2;"
        "INSERT INTO cases_entry (incident_id, sequence, version, at, recorded_at, kind, actor,"
        " body, salt, body_digest, previous_hash, hash) SELECT incident_id, 3, 2, at, recorded_at,"
        " kind, actor, body, salt, body_digest, hash, hash FROM cases_entry WHERE {2};"
        "UPDATE cases_entry SET sequence = sequence - 99 WHERE incident_id = {id} AND sequence > 9",
        "entry 3 does not follow from the one before it.",
    ),
    "a text taken out in silence": (
        "UPDATE cases_entry SET body = '', salt = '' WHERE {3}",
        "the text of entry 3 was changed.",
    ),
    "the chain gone": (
        "DELETE FROM cases_entry WHERE incident_id = {id};"
        "DELETE FROM cases_timelinehead WHERE incident_id = {id}",
        "its timeline is missing.",
    ),
}


def _for(incident: Incident, statement: str) -> str:
    at = {str(n): f"incident_id = {incident.pk} AND sequence = {n}" for n in (1, 2, 3, 4, 5)}
    return re.sub(r"\{(\w+)\}", lambda m: at.get(m[1], str(incident.pk)), statement)


@pytest.mark.parametrize("what", BY_ITSELF)
def test_the_chain_itself_tells_and_names_the_first_broken_entry(five, what):
    statement, said = BY_ITSELF[what]
    constraint = Entry._meta.constraints[-1]
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        kept = str(constraint.create_sql(Entry, editor))  # as the migration says it
    tamper(_for(five, statement))
    try:
        assert faults() == [f"{five.reference}: {said}"]
        assert faults(five.reference) == [f"{five.reference}: {said}"]
    finally:
        if "DROP CONSTRAINT" in statement:
            tamper(f"TRUNCATE cases_entry CASCADE; {kept}")


# --- what only a checkpoint tells -----------------------------------------------------------------

ONLY_AGAINST = {
    "the newest gone and the head mended": (
        "DELETE FROM cases_entry WHERE {5};"
        "UPDATE cases_timelinehead SET (sequence, hash) = (SELECT sequence, hash FROM cases_entry"
        " WHERE {4}) WHERE incident_id = {id}",
        "{r}: the newest entries are missing; {c} saw 5.",
    ),
    "a whole chain written anew": (
        f"UPDATE cases_entry SET body = 'All is well.' WHERE {{2}};{REWRITE}",  # noqa: S608
        "{r}: entry 5 is not the one that {c} saw; the timeline was written anew.",
    ),
    "a middle entry gone and the rest written anew": (
        f"DELETE FROM cases_entry WHERE {{3}};{REWRITE}",  # noqa: S608
        "{r}: the newest entries are missing; {c} saw 5.",
    ),
    "an incident gone with all that names it": (
        "DELETE FROM cases_entry WHERE incident_id = {id};"
        "DELETE FROM cases_timelinehead WHERE incident_id = {id};"
        "DELETE FROM cases_deadline WHERE incident_id = {id};"
        "DELETE FROM cases_task WHERE incident_id = {id};"
        "ALTER TABLE cases_move DISABLE TRIGGER USER;"
        "DELETE FROM cases_move WHERE incident_id = {id};"
        "ALTER TABLE cases_momentchange DISABLE TRIGGER USER;"
        "DELETE FROM cases_momentchange WHERE incident_id = {id};"
        "ALTER TABLE cases_momentchange ENABLE TRIGGER USER;"
        "ALTER TABLE cases_move ENABLE TRIGGER USER;"
        "DELETE FROM cases_incident WHERE id = {id}",
        "{r}: it is gone; {c} saw 5 entries of it.",
    ),
}
FORGET = (
    "DELETE FROM cases_checkpointhead; DELETE FROM cases_checkpoint"  # the table's own memory too
)


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
@pytest.mark.parametrize("what", ONLY_AGAINST)
def test_a_checkpoint_tells_what_the_chain_does_not(taken, five, what):
    statement, said = ONLY_AGAINST[what]
    newest = str(Checkpoint.objects.get())
    tamper(_for(five, statement))
    assert faults() == [said.format(r=five.reference, c=newest)]
    in_file = said.format(r=five.reference, c=f"checkpoint 1 in {taken.name}")
    tamper(FORGET)
    assert "every chain is whole" in run()
    assert faults("--against", taken) == [
        f"The table has no checkpoint 1 any more; checkpoint 1 in {taken.name} was taken.",
        in_file,
    ]


def test_whoever_takes_a_new_checkpoint_after_rewriting_is_found_by_the_old_file(taken, five):
    tamper(_for(five, ONLY_AGAINST["a whole chain written anew"][0]))
    tamper(FORGET)
    checkpoints.take(at=NOW)
    assert "every chain is whole" in run()
    label = f"checkpoint 1 in {taken.name}"
    assert faults("--against", taken) == [
        f"Checkpoint 1 in the table is not {label}; it was written anew.",
        f"{five.reference}: entry 5 is not the one that {label} saw; the timeline was written"
        " anew.",
    ]


def test_what_is_added_after_a_checkpoint_breaks_nothing(taken, five, people):
    by = people.actor("commander")
    response.post_update(incident_id=five.pk, text="More.", by=by, at=NOW)
    correcting.blank(incident_id=five.pk, entry_sequence=3, reason="A name.", by=by, at=NOW)
    assert "2 timelines verified; every chain is whole." in run("--against", taken)
    assert "1 timeline verified" in run(five.reference, "--against", taken)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE cases_checkpoint SET entries = 2", "Checkpoint 1 in the table was changed."),
        (
            "UPDATE cases_checkpointhead SET sequence = 4 WHERE sequence = 5",
            "The heads of checkpoint 1 in the table were changed.",
        ),
        ("UPDATE cases_checkpoint SET number = 3", "Checkpoint 1 is missing from the table."),
    ],
)
def test_a_checkpoint_in_the_table_that_was_changed_is_named(taken, statement, said):
    tamper(statement)
    assert faults()[0] == said


def test_a_file_that_was_changed_is_refused_and_so_is_what_is_none(taken, tmp_path):
    text = taken.read_text()
    taken.write_text(text.replace('"sequence": 5', '"sequence": 4'))
    for file in (taken, tmp_path / "nothing", __file__):
        assert faults("--against", file, code=2) == []
    taken.write_text("\n".join(text.splitlines()[:-1]))
    assert faults("--against", taken, code=2) == []
    assert faults("INC-2026-9999", code=2) == []


# --- taking one -----------------------------------------------------------------------------------


def test_a_checkpoint_is_taken_once_a_day_and_holds_what_moved(five, data, people):
    assert checkpoints.take_daily(at=NOW).number == 1
    assert checkpoints.take_daily(at=NOW + timedelta(hours=3)) is None
    by = people.actor("responder")
    response.post_update(incident_id=five.pk, text="More.", by=by, at=NOW)
    second = checkpoints.take_daily(at=TOMORROW)
    first = Checkpoint.objects.get(number=1)
    assert (first.incidents, first.entries, first.broken, first.previous_hash) == (2, 6, 0, "")
    assert (second.incidents, second.entries, second.previous_hash) == (2, 7, first.hash)
    moved = CheckpointHead.objects.order_by("checkpoint__number", "incident_id")
    assert [(h.checkpoint.number, h.sequence) for h in moved] == [(1, 5), (1, 1), (2, 6)]
    with snapshot.one_moment():
        assert list(verification.heads_at(second)) == list(verification.heads_now())
    assert "every chain is whole" in run()


def test_two_workers_take_one_checkpoint_together(five, at_once):
    done = at_once([lambda: checkpoints.take_daily(at=NOW)] * 4)
    assert [d for d in done if isinstance(d, Exception)] == []
    assert Checkpoint.objects.count() == 1


def test_the_job_takes_it_and_writes_the_file_again_if_it_is_lost(five, data):
    jobs.take_checkpoint()
    (file,) = data.iterdir()
    first, *heads = map(json.loads, file.read_text().splitlines())
    taken = Checkpoint.objects.get()
    assert first["checkpoint"] == verification.mark(taken)._asdict() | {"hash": taken.hash}
    assert [(h["reference"], h["sequence"]) for h in heads] == [
        ("INC-2026-0001", 5),
        ("INC-2026-0002", 1),
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    file.unlink()
    jobs.take_checkpoint()
    assert file.read_text() == text
    assert Checkpoint.objects.count() == 1


def test_it_is_mailed_to_those_who_are_named_and_the_mail_is_enough_to_check(five, tmp_path):
    CheckpointRecipient.objects.create(name="Ada", email="ada@audit.example")
    CheckpointRecipient.objects.create(name="Bo", email="bo@audit.example", is_active=False)
    taken = checkpoints.take(at=NOW)
    mail = Message.objects.get()
    assert (mail.kind, mail.to_address) == ("checkpoint", "ada@audit.example")
    assert mail.subject == "Timeline checkpoint 1"
    assert f"Hash: {taken.hash}" in mail.body_text
    assert "verify_timeline --against FILE" in mail.body_text
    assert "Every chain was whole." in mail.body_text
    saved = tmp_path / "mail.txt"
    saved.write_text(mail.body_text)
    assert "every chain is whole" in run("--against", saved)
    tamper(_for(five, ONLY_AGAINST["a whole chain written anew"][0]))
    tamper(FORGET)
    checkpoints.take(at=NOW)
    assert faults("--against", saved) == [
        "Checkpoint 1 in the table is not checkpoint 1 in mail.txt; it was written anew."
    ]


def test_a_checkpoint_over_a_broken_timeline_says_so(five):
    CheckpointRecipient.objects.create(name="Ada", email="ada@audit.example")
    tamper(_for(five, "DELETE FROM cases_entry WHERE {3}"))
    assert checkpoints.take(at=NOW).broken == 1
    mail = Message.objects.get()
    assert mail.subject == "Timeline checkpoint 1: 1 fault found"
    assert f"{five.reference}: entry 3 is missing." in mail.body_text


def test_by_hand(five, data):
    said = run("--checkpoint")
    assert "Took checkpoint 1 of " in said
    assert [file.name for file in data.iterdir()] == [
        checkpoints.file_name(Checkpoint.objects.get())
    ]


@pytest.mark.parametrize("table", ["cases_checkpoint", "cases_checkpointhead"])
def test_the_application_only_adds_checkpoints(taken, table):
    for statement in (f"UPDATE {table} SET hash = ''", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


# --- the export, and the recipe in the docs -------------------------------------------------------


@pytest.fixture
def recipe(tmp_path) -> Path:
    """The recipe as the docs have it, in a file."""
    page = (ROOT / "docs" / "timeline.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 38  # short enough to read
    file = tmp_path / "verify.py"
    file.write_text(code)
    return file


@pytest.fixture
def exported(five, people, tmp_path) -> Path:
    """An export with a correction and a text that was taken out."""
    commander = people.actor("commander")
    who = {"incident_id": five.pk, "at": NOW}
    by = people.actor("responder")
    correcting.blank(**who, entry_sequence=3, reason="A name.", by=commander)
    correcting.correct(**who, entry_sequence=2, text="It was – “two”.", by=by)
    file = tmp_path / "timelines.jsonl"
    assert f"2 timelines exported to {file}." in run("--export", file)
    return file


def check(recipe: Path, *files: Path) -> tuple[int, str]:
    """How the recipe ends, run by Python alone: no desk, no library, no database."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", recipe, *files], capture_output=True, text=True, timeout=60
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def test_a_stranger_can_verify_an_export(recipe, exported):
    assert check(recipe, exported) == (0, "2 timelines with 8 entries: every chain is whole.")


def test_the_export_is_complete_and_says_where_it_ends(exported, five):
    first, *rows, last = map(json.loads, exported.read_text().splitlines())
    assert (first["export"], first["format"]) == ("incident timelines", 1)
    assert last["end"]["incidents"] == 2
    assert last["end"]["entries"] == 8
    assert [next(iter(row)) for row in rows] == ["entry"] * 7 + ["head", "entry", "head"]
    assert [row["entry"]["body"] for row in rows[:3]] == [
        five.entries.get(sequence=1).body,
        "Update 2",
        "",
    ]
    assert rows[7]["head"]["hash"] == five.entries.get(sequence=7).hash
    assert exported.stat().st_mode & 0o777 == 0o600


def _edit(change):
    def apply(rows):
        change(rows)
        return rows

    return apply


EDITED = {
    "a text": (_edit(lambda r: r[2]["entry"].update(body="x")), "entry 2: its text was changed"),
    "a time": (
        _edit(lambda r: r[2]["entry"].update(at="2026-03-04T09:00:00.000000Z")),
        "entry 2 does not follow",
    ),
    "a record time": (
        _edit(lambda r: r[2]["entry"].update(recorded_at="2026-03-04T09:00:00.000000Z")),
        "entry 2 does not follow",
    ),
    "an entry taken out": (_edit(lambda r: r.pop(2)), "entry 2 is missing"),
    "two swapped": (_edit(lambda r: r.insert(2, r.pop(3))), "entry 2 is missing"),
    "one twice": (_edit(lambda r: r.insert(2, r[2])), "entry 3 is missing"),
    "the newest cut off": (_edit(lambda r: r.pop(7)), "it is cut off"),
    "a head": (_edit(lambda r: r[8]["head"].update(hash="0" * 64)), "it is cut off"),
    "a text taken out in silence": (
        _edit(lambda r: r[2]["entry"].update(body="", salt="")),
        "the text of entries {2} was taken out",
    ),
    "an incident left out": (lambda r: [*r[:1], *r[9:]], "the export is not whole"),
    "the file cut off": (lambda r: r[:-1], "the export is not whole"),
    "the file cut off within a timeline": (lambda r: r[:5], "the export is not whole"),
}


@pytest.mark.parametrize("what", EDITED)
def test_the_recipe_finds_what_was_changed_in_an_export(recipe, exported, what):
    change, said = EDITED[what]
    rows = change([json.loads(line) for line in exported.read_text().splitlines()])
    exported.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    code, words = check(recipe, exported)
    assert (code, said in words) == (1, True), words


def test_the_recipe_holds_an_export_against_a_checkpoint(recipe, taken, five, people, tmp_path):
    file = tmp_path / "x.jsonl"
    response.post_update(incident_id=five.pk, text="More.", by=people.actor("responder"), at=NOW)
    run("--export", file)
    assert check(recipe, file, taken) == (0, "2 timelines with 7 entries: every chain is whole.")
    tamper(_for(five, ONLY_AGAINST["a whole chain written anew"][0]))
    tamper(FORGET)
    run("--export", file)
    assert check(recipe, file)[0] == 0
    code, words = check(recipe, file, taken)
    assert (code, "entry 5 is not the one of the checkpoint" in words) == (1, True)
    tamper(_for(five, "DELETE FROM cases_entry WHERE {4}; DELETE FROM cases_entry WHERE {5};"))
    tamper(_for(five, "DELETE FROM cases_entry WHERE incident_id = {id} AND sequence > 5"))
    tamper(_for(five, REWRITE))
    run("--export", file)
    code, words = check(recipe, file, taken)
    assert (code, f"the checkpoint saw more of [{five.reference!r}]" in words) == (1, True)


def test_an_export_is_of_one_moment(five, people, tmp_path, monkeypatch):
    """What is written while it runs is not half in it."""
    file, lines = tmp_path / "x.jsonl", timeline.lines

    def meanwhile(entries):
        with as_owner() as cursor:
            cursor.execute(
                "INSERT INTO cases_entry (incident_id, at, kind, actor, body)"
                " VALUES (%s, now(), 'update', 'Somebody', 'Meanwhile')",
                [five.pk],
            )
        return lines(entries)

    run()
    monkeypatch.setattr(timeline, "lines", meanwhile)
    run("--export", file)
    monkeypatch.undo()
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows[-1]["end"]["entries"] == 6
    assert five.entries.count() == 7


def test_an_export_that_cannot_be_written_says_so(five, tmp_path):
    (tmp_path / "here").mkdir()
    assert faults("--export", tmp_path / "here", code=2) == []
