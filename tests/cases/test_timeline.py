"""The timeline's chain: numbered and chained by the database, and whatever is changed is found."""

from __future__ import annotations

from datetime import timedelta

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import timeline, workflow
from cases.models import Entry, Incident, TimelineHead
from incidentdesk.kernel.access import Actor
from tests.conftest import NOW, as_owner

Kind = Entry.Kind


def chain(incident: Incident) -> list[Entry]:
    return list(Entry.objects.filter(incident=incident).order_by("sequence"))


@pytest.fixture
def written(declare, people) -> Incident:
    """An incident with five entries, the last of them of another person."""
    incident = declare()
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    for number, key in ((4, "responder"), (5, "security")):
        text = f"Update {number}: “stale” since 09:38 – see \\\\share\\log"
        timeline.record(incident, Kind.UPDATE, text, by=people.actor(key), at=NOW)
    assert [e.sequence for e in chain(incident)] == [1, 2, 3, 4, 5]
    return incident


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_entries_are_numbered_and_chained_for_each_incident_apart(declare, people):
    first, second = declare(), declare()
    by = people.actor("responder")
    for incident in (first, second, first):
        timeline.record(incident, Kind.UPDATE, "Still stale.", by=by, at=NOW)
    for incident, count in ((first, 3), (second, 2)):
        entries = chain(incident)
        assert [e.sequence for e in entries] == list(range(1, count + 1))
        assert [e.previous_hash for e in entries] == ["", *(e.hash for e in entries[:-1])]
        assert len({e.hash for e in entries}) == len({e.salt for e in entries}) == count
        head = TimelineHead.objects.get(incident=incident)
        assert (head.sequence, head.hash) == (count, entries[-1].hash)
        assert timeline.first_fault(incident) is None


@pytest.mark.django_db
def test_what_the_application_sends_for_the_chain_is_ignored(declare, people):
    incident = declare()
    forged = Entry.objects.create(
        incident=incident,
        sequence=99,
        salt="salt",
        hash="f" * 64,
        previous_hash="e" * 64,
        body_digest="d" * 64,
        recorded_at=NOW - timedelta(days=400),
        kind=Kind.UPDATE,
        body="Forged",
        actor="Nobody",
        at=NOW,
    )
    stored = Entry.objects.get(pk=forged.pk)
    assert stored.sequence == 2
    assert stored.recorded_at > NOW
    assert timeline.first_fault(incident) is None


# What PostgreSQL can store as text: everything but NUL and lone surrogates.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.django_db
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=TEXTS, name=TEXTS, user_id=st.none() | st.integers(0, 2**62), micro=st.integers(0, 10**14)
)
def test_sql_and_python_agree_on_every_text_name_and_time(declare, body, name, user_id, micro):
    with transaction.atomic():
        incident = declare()
        by = Actor(name=name, user_id=user_id)
        at = NOW + timedelta(microseconds=micro)
        timeline.record(incident, Kind.UPDATE, body, by=by, at=at)
        assert timeline.first_fault(incident) is None
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_many_who_write_at_once_make_one_chain(written, people, at_once):
    by = people.actor("responder")

    def write() -> None:
        for _ in range(3):
            timeline.record(written, Kind.UPDATE, "Still stale.", by=by, at=NOW)

    assert at_once([write] * 6) == [None] * 6
    assert [e.sequence for e in chain(written)] == list(range(1, 24))
    assert timeline.first_fault(written) is None


@pytest.mark.django_db
def test_a_rolled_back_entry_leaves_no_gap(written, people):
    by = people.actor("responder")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _ = timeline.record(written, Kind.UPDATE, "x", by=by, at=NOW).pk / 0
    timeline.record(written, Kind.UPDATE, "y", by=by, at=NOW)
    assert [e.sequence for e in chain(written)] == [1, 2, 3, 4, 5, 6]
    assert timeline.first_fault(written) is None


# --- the application cannot change it -------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_entry SET body = 'Nothing happened.'",
        "UPDATE cases_entry SET at = at - interval '1 hour'",
        "DELETE FROM cases_entry",
        "TRUNCATE cases_entry",
        "UPDATE cases_timelinehead SET sequence = 1",
        "DELETE FROM cases_timelinehead",
        "INSERT INTO cases_timelinehead SELECT incident_id, 9, '' FROM cases_timelinehead",
    ],
)
def test_the_application_may_only_add(written, statement):
    before = Entry.objects.order_by("pk").values_list()
    with (
        pytest.raises(DatabaseError, match="permission denied for table"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(Entry.objects.order_by("pk").values_list()) == list(before)
    assert timeline.first_fault(written) is None


@pytest.mark.django_db
def test_an_entry_cannot_be_saved_again(written):
    entry = chain(written)[1]
    entry.body = "Nothing happened."
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        entry.delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["UPDATE cases_entry SET body = 'x'", "DELETE FROM cases_entry"])
def test_the_owner_has_to_take_the_guard_away_first(written, change):
    with pytest.raises(psycopg2.Error, match=r"Cannot (update|delete) rows"), as_owner() as cursor:
        cursor.execute(change)
    assert timeline.first_fault(written) is None


# --- whoever has the owner's hand is found out ----------------------------------------------------

TAMPERED = {
    "an edited text": (
        "UPDATE cases_entry SET body = 'All is well.' WHERE sequence = 3",
        "the text of entry 3 was changed.",
    ),
    "a blanked text": (
        "UPDATE cases_entry SET body = '' WHERE sequence = 4",
        "the text of entry 4 was changed.",
    ),
    "an edited text with its digest": (
        "UPDATE cases_entry SET body = 'All is well.', body_digest ="
        " encode(sha256(convert_to(salt || 'All is well.', 'UTF8')), 'hex') WHERE sequence = 3",
        "entry 3 does not follow from the one before it.",
    ),
    "another person": (
        "UPDATE cases_entry SET actor = 'Somebody else' WHERE sequence = 5",
        "entry 5 does not follow from the one before it.",
    ),
    "another person's number": (
        "UPDATE cases_entry SET user_id = user_id + 1 WHERE sequence = 4",
        "entry 4 does not follow from the one before it.",
    ),
    "another time": (
        "UPDATE cases_entry SET at = at + interval '1 microsecond' WHERE sequence = 2",
        "entry 2 does not follow from the one before it.",
    ),
    "another kind": (
        "UPDATE cases_entry SET kind = 'task' WHERE sequence = 2",
        "entry 2 does not follow from the one before it.",
    ),
    "another partner": (
        "UPDATE cases_entry SET partner_id = (SELECT min(id) FROM partners_partner)"
        " WHERE sequence = 2",
        "entry 2 does not follow from the one before it.",
    ),
    "an entry taken out": (
        "DELETE FROM cases_entry WHERE sequence = 3",
        "entry 3 is missing.",
    ),
    "an entry taken out and the rest renumbered": (
        "DELETE FROM cases_entry WHERE sequence = 3;"
        " UPDATE cases_entry SET sequence = sequence - 1 WHERE sequence > 3",
        "entry 3 does not follow from the one before it.",
    ),
    "the first entry taken out": (
        "DELETE FROM cases_entry WHERE sequence = 1",
        "entry 1 is missing.",
    ),
    "two entries in each other's place": (
        "UPDATE cases_entry SET sequence = 100 WHERE sequence = 2;"
        "UPDATE cases_entry SET sequence = 2 WHERE sequence = 3;"
        "UPDATE cases_entry SET sequence = 3 WHERE sequence = 100",
        "entry 2 does not follow from the one before it.",
    ),
    "the last entry cut off": (
        "DELETE FROM cases_entry WHERE sequence = 5",
        "the newest entries are missing; 5 were written.",
    ),
    "the tail cut off": (
        "DELETE FROM cases_entry WHERE sequence > 2",
        "the newest entries are missing; 5 were written.",
    ),
    "every entry cut off": (
        "DELETE FROM cases_entry",
        "the newest entries are missing; 5 were written.",
    ),
    "every entry and the head cut off": (
        "DELETE FROM cases_entry; DELETE FROM cases_timelinehead",
        "its timeline is missing.",
    ),
    "the head alone cut off": (
        "DELETE FROM cases_timelinehead",
        "its timeline is missing.",
    ),
    "an entry slipped in past the trigger": (
        "INSERT INTO cases_entry (incident_id, sequence, at, recorded_at, kind, actor, body, salt,"
        " body_digest, previous_hash, hash) SELECT incident_id, 6, at, recorded_at, kind, actor,"
        " body, salt, body_digest, hash, hash FROM cases_entry WHERE sequence = 5",
        "entry 6 does not follow from the one before it.",
    ),
}


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found_and_named(written, helix, how):
    statement, fault = TAMPERED[how]
    with as_owner() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE cases_entry DISABLE TRIGGER USER; {statement}")
        cursor.execute("ALTER TABLE cases_entry ENABLE TRIGGER USER")
    reference = Incident.objects.get(pk=written.pk).reference
    written.refresh_from_db()
    assert timeline.first_fault(written) == f"{reference}: {fault}"


@pytest.mark.django_db(transaction=True)
def test_tampering_with_one_incident_casts_no_doubt_on_another(written, declare):
    other = declare()
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE cases_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE cases_entry SET body = 'x' WHERE incident_id = %s", [written.pk])
        cursor.execute("ALTER TABLE cases_entry ENABLE TRIGGER USER")
    assert timeline.first_fault(written) is not None
    assert timeline.first_fault(other) is None


@pytest.mark.django_db
def test_a_new_entry_is_of_the_second_version(written):
    assert {entry.version for entry in chain(written)} == {2}
    for entry in chain(written):
        previous = entry.previous_hash
        assert timeline.recompute(entry, previous) == (entry.body_digest, entry.hash)
        entry.recorded_at += timedelta(microseconds=1)
        assert timeline.recompute(entry, previous)[1] != entry.hash
