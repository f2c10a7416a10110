"""An entry is never changed: another corrects it, or its text is taken out and that is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from cases import correcting, response, timeline, workflow
from cases.models import Entry, Incident
from incidentdesk.kernel import hashing
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
Kind = Entry.Kind


@pytest.fixture
def update(declare, people) -> Entry:
    """Entry 2: an update of the responder."""
    incident = declare()
    by = people.actor("responder")
    return response.post_update(incident_id=incident.pk, text="It began at 09:14.", by=by, at=NOW)


def correct(update: Entry, by, text: str = "It began at 09:41.", sequence: int = 0) -> Entry:
    return correcting.correct(
        incident_id=update.incident_id,
        entry_sequence=sequence or update.sequence,
        text=text,
        by=by,
        at=LATER,
    )


def entries(incident_id: int) -> list[tuple]:
    rows = Entry.objects.filter(incident=incident_id).order_by("sequence")
    return list(rows.values_list("sequence", "kind", "body", "corrects"))


def test_a_correction_is_a_new_entry_that_names_the_old_one(update, people):
    before = entries(update.incident_id)
    made = correct(update, people.actor("responder"), " It began at 09:41. ")
    assert entries(update.incident_id) == [
        *before,
        (update.sequence + 1, "correction", "It began at 09:41.", update.sequence),
    ]
    assert (made.actor, made.at, made.partner_id) == ("Responder", LATER, None)
    assert timeline.first_fault(update.incident) is None


def test_a_correction_is_seen_by_whom_the_entry_was(declare, people, helix):
    incident, by = declare(), people.actor("responder")
    told = timeline.record(incident, Kind.UPDATE, "x", by=by, at=NOW, partner_id=helix.pk)
    assert correct(told, by).partner_id == helix.pk


def test_the_commander_corrects_what_others_wrote_and_nobody_else_does(update, people):
    commander = people.actor("commander")
    with pytest.raises(InvalidInput, match="corrected by Responder, who wrote it, or by the comm"):
        correct(update, commander)
    workflow.take_command(incident_id=update.incident_id, by=commander, at=NOW)
    correct(update, commander)
    with pytest.raises(InvalidInput, match="post an update instead"):
        correct(update, people.actor("security"))
    with pytest.raises(InvalidInput, match="post an update instead"):
        correct(update, SYSTEM)
    with pytest.raises(NotAllowed):
        correct(update, people.actor("communications"))


@pytest.mark.parametrize(
    ("text", "sequence", "why"),
    [
        ("  ", 0, "A correction needs words"),
        ("It began at 09:14.", 0, "says the same as the entry"),
        ("x", 1, "Only updates are corrected"),
        ("x", 99, "has no entry 99"),
    ],
)
def test_a_refused_correction_changes_nothing(update, people, text, sequence, why):
    before = entries(update.incident_id)
    with pytest.raises(InvalidInput, match=why):
        correct(update, people.actor("responder"), text, sequence)
    assert entries(update.incident_id) == before


def test_a_correction_is_not_corrected_itself(update, people):
    by = people.actor("responder")
    made = correct(update, by)
    with pytest.raises(InvalidInput, match="Only updates"):
        correct(update, by, "x", made.sequence)
    correct(update, by, "It began at 09:40.")
    assert Entry.objects.filter(corrects=update.sequence).count() == 2


@pytest.mark.parametrize(
    ("kind", "corrects"), [("correction", None), ("blanking", None), ("update", 1), ("update", 9)]
)
def test_the_database_wants_a_correction_to_name_an_older_entry(update, people, kind, corrects):
    by = people.actor("responder")
    with pytest.raises(DatabaseError, match="entry_"), transaction.atomic():
        timeline.record(update.incident, kind, "x", by=by, at=NOW, corrects=corrects)
    with pytest.raises(DatabaseError, match="entry_corrects_an_older"), transaction.atomic():
        timeline.record(update.incident, Kind.CORRECTION, "x", by=by, at=NOW, corrects=3)


# --- taking a text out ----------------------------------------------------------------------------


def blank(update: Entry, by, reason: str = "It named a client.", sequence: int = 0) -> Entry:
    return correcting.blank(
        incident_id=update.incident_id,
        entry_sequence=sequence or update.sequence,
        reason=reason,
        by=by,
        at=LATER,
    )


def test_a_text_that_is_taken_out_leaves_a_whole_chain_and_a_line_that_says_so(update, people):
    kept = Entry.objects.values().get(pk=update.pk)
    blank(update, people.actor("commander"))
    now = Entry.objects.values().get(pk=update.pk)
    assert now == kept | {"body": "", "salt": ""}
    assert kept["body_digest"] == hashing.sha256(kept["salt"] + kept["body"])
    assert entries(update.incident_id)[-1] == (
        3,
        "blanking",
        "The text of entry 2 was taken out. Reason: It named a client.",
        2,
    )
    incident = Incident.objects.get(pk=update.incident_id)
    assert timeline.first_fault(incident) is None
    timeline.record(incident, Kind.UPDATE, "More.", by=people.actor("commander"), at=LATER)
    assert timeline.first_fault(incident) is None


def test_what_cannot_be_taken_out_is_said_in_words(update, people):
    commander = people.actor("commander")
    with pytest.raises(NotAllowed):
        blank(update, people.actor("responder"))
    with pytest.raises(InvalidInput, match="needs a reason"):
        blank(update, commander, " ")
    with pytest.raises(InvalidInput, match="has no entry 9"):
        blank(update, commander, sequence=9)
    assert Entry.objects.get(pk=update.pk).body == "It began at 09:14."
    said = blank(update, commander)
    with pytest.raises(Conflict, match="taken out already"):
        blank(update, commander)
    with pytest.raises(InvalidInput, match="it stays"):
        blank(update, commander, sequence=said.sequence)
    with pytest.raises(Conflict, match="taken out; post an update"):
        correct(update, people.actor("responder"))


def test_the_application_cannot_take_a_text_out_without_saying_so(update):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Entry.objects.filter(pk=update.pk).update(body="", salt="")
