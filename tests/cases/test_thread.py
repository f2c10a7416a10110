"""The thread with a partner: each side writes, the other is told, and nothing of it is changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, InternalError, ProgrammingError, transaction

from cases import disclosure, restriction, thread, vault, workflow
from cases.models import Remark, SharedFile
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def involved(declare, people, helix) -> Any:
    """Helix on an incident that it sees and that somebody commands."""
    incident, by = declare(), people.actor("commander")
    step: dict[str, Any] = {"incident_id": incident.pk, "by": by, "at": NOW}
    workflow.take_command(**step)
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    return disclosure.disclose(**step, involvement_id=made.pk)


@pytest.fixture
def reply(involved, people, helix) -> Any:
    """Helix writes."""

    def run(text: str, **more: Any) -> Remark:
        by = people.contact("helix", helix)
        return thread.reply(involvement_id=involved.pk, text=text, by=by, at=NOW, **more)

    return run


@pytest.fixture
def write(involved, people) -> Any:
    """The desk writes to Helix."""

    def run(text: str, **more: Any) -> Remark:
        where = {"incident_id": involved.incident_id, "involvement_id": involved.pk}
        by = people.actor("communications")
        return thread.write(**where, text=text, **{"by": by, "at": LATER} | more)

    return run


@pytest.mark.parametrize(
    ("text", "name"),
    [("As at Norrbank.", "a.txt"), ("", "norrbank_fills.csv"), ("", "INC-2026-0001.pdf")],
)
def test_neither_words_nor_files_to_a_partner_name_another(write, norrbank, text, name):
    with pytest.raises(InvalidInput, match=r"^This would show .* to Helix Markets; take it out\.$"):
        write(text, uploads=[ContentFile(b"x", name=name)])
    assert (Remark.objects.count(), SharedFile.objects.count()) == (0, 0)
    assert [path for path in vault.folder().rglob("*") if path.is_file()] == []
    write("As at Helix Markets.", uploads=[ContentFile(b"x", name="helix_fills.csv")])


def test_what_a_partner_writes_is_told_to_who_commands(reply, involved, people):
    made = reply("Shall we stop quoting?")
    assert (made.author, made.is_ours, made.seen_at) == ("Helix Markets contact", False, None)
    mail = Message.objects.get(kind="partner_wrote")
    assert (mail.to_user, mail.about) == (people["commander"], involved.incident.about)
    assert mail.subject == f"{involved.incident.reference}: Helix Markets wrote"
    assert "Shall we stop" not in mail.body_text
    entry = involved.incident.entries.latest("sequence")
    assert (entry.kind, entry.partner_id) == ("partner", involved.partner_id)
    assert entry.body == "Helix Markets, Helix Markets contact: Shall we stop quoting?"


def test_what_the_desk_writes_is_told_to_the_contacts_without_its_words(
    reply, write, involved, people
):
    asked = reply("Shall we stop quoting?")
    made = write("No, use EU-1.")
    assert (made.author, made.user) == ("The response team", people["communications"])
    mail = Message.objects.get(kind="thread")
    assert mail.to_address == "contact@helix.test"
    assert mail.subject == f"{involved.reference}: There is a message from the response team"
    said = mail.subject + mail.body_text + mail.body_html
    assert [word for word in ("EU-1", "Delayed", "INC-") if word in said] == []
    asked.refresh_from_db()
    assert (asked.seen_at, asked.seen_by) == (LATER, people["communications"])


def test_what_needs_no_answer_is_put_aside_once(reply, involved, people):
    step = {"incident_id": involved.incident_id, "involvement_id": involved.pk, "at": LATER}
    by = people.actor("commander")
    reply("Thanks.")
    assert thread.need_no_answer(**step, by=by) == 1
    with pytest.raises(Conflict, match=r"Nothing of Helix Markets waits for an answer\."):
        thread.need_no_answer(**step, by=by)
    assert "needs no answer" in involved.incident.entries.latest("sequence").body


def test_files_are_kept_and_their_hashes_stand_on_the_timeline(reply, write, involved):
    reply("", uploads=[ContentFile(b"a,b", name="orders.csv")])
    write("See this.", uploads=[ContentFile(b"x", name="note.txt")])
    rows = SharedFile.objects.order_by("id")
    assert [(row.name, row.remark.is_ours) for row in rows] == [
        ("orders.csv", False),
        ("note.txt", True),
    ]
    bodies = " ".join(involved.incident.entries.values_list("body", flat=True))
    assert [row.name for row in rows if row.sha256 in bodies] == ["orders.csv", "note.txt"]


def test_a_long_message_stands_whole_in_the_thread_and_short_on_the_timeline(reply, involved):
    made = reply("x" * 9_000)
    assert len(made.text) == 9_000
    assert len(involved.incident.entries.latest("sequence").body) < 400
    for text, sentence in (("x" * 10_001, "10,000 characters"), (" ", "Write something or add")):
        with pytest.raises(InvalidInput, match=sentence):
            reply(text)
    with pytest.raises(InvalidInput, match="is empty"):
        reply("x", uploads=[ContentFile(b"", name="x.txt")])
    assert Remark.objects.count() == 1
    assert [path for path in vault.folder().rglob("*") if path.is_file()] == []


def test_another_partner_writes_into_no_thread(involved, people, norrbank):
    by = people.contact("norrbank", norrbank)
    with pytest.raises(NotFound, match=r"There is no such incident\."):
        thread.reply(involvement_id=involved.pk, text="x", by=by, at=NOW)
    with pytest.raises(NotAllowed):
        thread.reply(involvement_id=involved.pk, text="x", by=people.actor("commander"), at=NOW)


def test_a_partner_that_sees_nothing_neither_reads_nor_writes(declare, people, helix):
    incident = declare()
    step: dict[str, Any] = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    with pytest.raises(Conflict, match="does not see the incident yet"):
        thread.write(**step, involvement_id=made.pk, text="x")
    with pytest.raises(NotFound):
        thread.reply(involvement_id=made.pk, text="x", by=people.contact("helix", helix), at=NOW)


def test_of_a_restricted_incident_the_mail_names_nothing(reply, involved, people):
    restriction.restrict(
        incident_id=involved.incident_id,
        user_ids=[],
        reason="x",
        by=people.actor("commander"),
        at=NOW,
    )
    reply("Who was it?")
    mail = Message.objects.get(kind="partner_wrote")
    said = mail.subject + mail.body_text + mail.body_html
    assert [w for w in ("Helix", "INC-2026", "Stale prices") if w in said] == []
    assert mail.to_user == people["commander"]


def test_the_database_keeps_what_was_written(reply, write, people, norrbank, involved):
    made, ours = reply("x"), write("y")
    for change in ({"text": "z"}, {"author": "z"}, {"is_ours": True}, {"partner": norrbank}):
        with pytest.raises(InternalError), transaction.atomic():
            Remark.objects.filter(pk=made.pk).update(**change)
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        Remark.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError), transaction.atomic():
        Remark.objects.filter(pk=ours.pk).update(seen_at=NOW, seen_by=people["commander"])
    with pytest.raises(IntegrityError, match="belongs to another partner"), transaction.atomic():
        Remark.objects.create(
            involvement=involved,
            partner=norrbank,
            text="x",
            at=NOW,
            is_ours=False,
            author="x",
            user=people["norrbank"],
        )
    for parts in ({}, {"remark": made, "step": None}):
        part = {"partner": norrbank, "name": "x", "size": 1, "sha256": "0" * 64, "added_at": NOW}
        with pytest.raises(IntegrityError), transaction.atomic():
            SharedFile.objects.create(**part, **parts)
