"""Evidence: kept whole with its hash or not at all, every hand that touched it written down."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, connections, transaction

from cases import evidence, jobs, queries, timeline, vault
from cases.models import AffectedSystem, Assignment, CustodyEvent, Entry, Evidence, System, Task
from incidentdesk.kernel.errors import Conflict, DeskError, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
BODY = b"09:38 sequence gap\n" * 50
HASH = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Files of one test lie apart from those of another."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media" / "evidence"


@pytest.fixture
def add(people):
    """`add(incident, body=…)`: the responder adds a file at LATER."""

    def run(incident, body: bytes = BODY, name: str = "gateway.log", **more: Any) -> Evidence:
        known = {
            "title": "Gateway log",
            "collector": "R. Ives",
            "collected_at": NOW,
            "by": people.actor("responder"),
            "at": LATER,
            **more,
        }
        return evidence.add(incident_id=incident.pk, upload=SimpleUploadedFile(name, body), **known)

    return run


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def chain_of(piece: Evidence) -> list[tuple[str, str]]:
    return list(piece.custody.order_by("id").values_list("action", "actor"))


@pytest.mark.asvs("5.2.2 5.4.1 5.4.2 3.2.1", 23)
def test_a_file_is_kept_byte_by_byte_under_its_hash_and_for_nobody_else_to_read(
    add, declare, media
):
    incident = declare()
    piece = add(incident)
    assert (piece.size, piece.sha256, piece.file_name) == (len(BODY), HASH, "gateway.log")
    [file] = files_in(media)
    assert file == media / piece.key.hex[:2] / piece.key.hex
    assert file.read_bytes() == BODY
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert chain_of(piece) == [("added", "Responder")]
    said = Entry.objects.filter(incident=incident).first().body
    assert said == (
        f"Evidence added: “Gateway log” (gateway.log), {len(BODY)} bytes. SHA-256 {HASH}. "
        "Collected by R. Ives at 04 Mar 2026 09:41 UTC."
    )
    assert timeline.first_fault(incident) is None


@pytest.mark.asvs("5.3.2", 24)
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", "cmd.exe"),
        ("/etc/shadow", "shadow"),
        ("..", "file"),
        ("a\r\nSet-Cookie: x.log", "aSet-Cookie x.log"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ('say "hi".txt', "say hi.txt"),
        ("<img src=x>.svg", "img src=x.svg"),
        ("\0\x7f", "file"),
        (".htaccess", "htaccess"),
        ("x" * 400 + ".pcap", "x" * 115 + ".pcap"),
        ("протокол.log", "протокол.log"),
    ],
)
def test_a_name_is_for_display_and_never_a_path(given, shown, add, declare, media):
    class Named(SimpleUploadedFile):
        name = given

    upload = Named("x", BODY)
    upload.__dict__["name"] = given
    assert vault.shown_name(given) == shown
    incident = declare()
    piece = add(incident, name="x")
    assert [file.name for file in files_in(media)] == [piece.key.hex]


def test_without_a_title_a_piece_is_called_like_its_file(add, declare):
    assert add(declare(), title="  ").title == "gateway.log"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"body": b""}, "The file is empty"),
        ({"collector": " "}, "Say who collected it"),
        ({"collected_at": LATER + timedelta(minutes=1)}, "lies in the future"),
        ({"tlp": "PURPLE"}, "TLP labels"),
        ({"task_id": 999999}, "a task or a system of this incident"),
        ({"affected_id": 999999}, "a task or a system of this incident"),
    ],
)
def test_what_is_refused_leaves_neither_row_nor_file(more, words, add, declare, media):
    incident = declare()
    before = Entry.objects.count()
    with pytest.raises(InvalidInput, match=words):
        add(incident, **more)
    assert files_in(media) == []
    assert (Evidence.objects.count(), Entry.objects.count()) == (0, before)


@pytest.mark.asvs("5.2.1 5.2.3", 22)
def test_too_large_is_refused_before_it_is_read_and_also_if_its_size_was_a_lie(
    add, declare, media, settings, people
):
    settings.MAX_UPLOAD_MB = 1
    incident = declare()
    too_much = b"x" * (1024 * 1024 + 1)

    class Endless:
        name, size, taken = "x.bin", 5, 0

        def chunks(self) -> Iterator[bytes]:
            while True:
                self.taken += 1
                yield b"x" * 65536

    class Unread(SimpleUploadedFile):
        def chunks(self, chunk_size: Any = None) -> Iterator[bytes]:
            raise AssertionError("It was read.")

    liar = Endless()
    for upload in (Unread("x.bin", too_much), liar):
        with pytest.raises(InvalidInput, match="larger than 1 MB"):
            evidence.add(
                incident_id=incident.pk,
                upload=upload,
                title="",
                collector="R. Ives",
                collected_at=NOW,
                by=people.actor("responder"),
                at=LATER,
            )
    assert liar.taken == 17  # of 64 KB
    assert files_in(media) == []
    assert Evidence.objects.count() == 0
    assert add(incident, too_much[:-1]).size == 1024 * 1024


def test_an_incident_that_is_over_takes_no_more_evidence(add, declare, media, people):
    from cases import workflow

    incident = declare()
    by = people.actor("commander")
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=by, at=LATER)
    with pytest.raises(Conflict, match="reopen it first"):
        add(incident)
    assert files_in(media) == []


@pytest.mark.parametrize("role", ["communications", "approver", "administrator", "auditor"])
def test_who_does_not_respond_adds_nothing(role, add, declare, media, people):
    with pytest.raises(NotAllowed):
        add(declare(), by=people.actor(role))
    assert files_in(media) == []


def test_a_folder_that_cannot_be_written_is_said_in_words(add, declare, media):
    media.parent.mkdir(parents=True)
    media.write_text("a file where the folder should be")
    with pytest.raises(Conflict, match="nothing was stored"):
        add(declare())
    assert Evidence.objects.count() == 0


@pytest.mark.asvs("2.3.3", 9)
def test_a_disk_that_fills_up_half_way_leaves_nothing(add, declare, media):
    """The process may write no file beyond 64 KB: refused in the middle, as when it is full."""
    incident = declare()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    try:
        with pytest.raises(Conflict, match="full or cannot be written"):
            add(incident, os.urandom(300_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_in(media) == []
    assert Evidence.objects.count() == 0


def test_a_piece_belongs_to_a_task_or_a_system_of_its_incident(add, declare, people):
    incident, other = declare(), declare(title="Other")
    task = Task.objects.create(incident=incident, phase="containment", position=1, text="Save it.")
    system = System.objects.create(name="quote-gw")
    affected = AffectedSystem.objects.create(incident=incident, system=system, changed_at=NOW)
    piece = add(incident, task_id=task.pk)
    by = people.actor("responder")
    evidence.attach(evidence_id=piece.pk, affected_id=affected.pk, by=by, at=LATER)
    piece.refresh_from_db()
    assert (piece.task, piece.affected_system) == (task, affected)
    assert chain_of(piece)[-1] == ("moved", "Responder")
    assert piece.custody.last().detail == "attached to quote-gw"
    with pytest.raises(InvalidInput, match="of this incident"):
        evidence.attach(evidence_id=add(other).pk, task_id=task.pk, by=by, at=LATER)
    with pytest.raises(InvalidInput, match="Choose the task or the system"):
        evidence.attach(evidence_id=piece.pk, by=by, at=LATER)


def test_every_hand_that_touched_it_is_in_the_chain_in_order(add, declare, people):
    piece = add(declare())
    read = {"evidence_id": piece.pk, "at": LATER}
    evidence.open_file(**read, purpose="viewed", by=people.actor("approver"))
    opened = evidence.open_file(**read, purpose="downloaded", by=people.actor("commander"))
    assert b"".join(opened.chunks()) == BODY
    assert evidence.verify(**read, by=people.actor("security"))
    evidence.export(incident_id=piece.incident_id, by=people.actor("auditor"), at=LATER)
    assert chain_of(piece) == [
        ("added", "Responder"),
        ("viewed", "Approver"),
        ("downloaded", "Incident commander"),
        ("verified", "Security lead"),
        ("exported", "Auditor"),
    ]
    with pytest.raises(InvalidInput):
        evidence.open_file(**read, purpose="added", by=people.actor("commander"))


def test_what_an_auditor_takes_away_is_in_the_audit_trail_too(add, declare, people):
    piece = add(declare())
    by = people.actor("auditor")
    evidence.open_file(evidence_id=piece.pk, purpose="downloaded", by=by, at=LATER)
    [line] = AuditEvent.objects.filter(action="downloaded evidence")
    assert (line.actor, line.about) == ("Auditor", f"evidence:{piece.pk}")


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_file_that_is_not_what_it_was_is_found_and_said_loudly(
    is_gone, add, declare, people, media
):
    incident = declare()
    piece = add(incident)
    [file] = files_in(media)
    if is_gone:
        file.unlink()
    else:
        file.write_bytes(BODY.replace(b"gap", b"ok!"))
    assert not evidence.verify(evidence_id=piece.pk, by=people.actor("responder"), at=LATER)
    entry = Entry.objects.filter(incident=incident).first()
    assert entry.kind == "alert"
    assert entry.body.startswith("Evidence is not what it was: “Gateway log”")
    assert HASH in entry.body
    assert "DOES NOT AGREE" in piece.custody.last().detail
    assert AuditEvent.objects.filter(action="found evidence changed").count() == 1
    if is_gone:
        for call in (
            lambda: evidence.export(
                incident_id=incident.pk, by=people.actor("responder"), at=LATER
            ),
            lambda: evidence.open_file(
                evidence_id=piece.pk, purpose="downloaded", by=people.actor("responder"), at=LATER
            ),
        ):
            with pytest.raises(Conflict, match="not where it was kept"):
                call()


# --- TLP:RED -------------------------------------------------------------------------------------


def test_a_red_piece_is_open_to_those_on_the_incident_and_to_auditors_only(add, declare, people):
    incident = declare()
    piece = add(incident, tlp="RED")
    for who, accepted, ended in (
        ("communications", NOW, None),
        ("approver", None, None),
        ("security", NOW, NOW),
    ):
        Assignment.objects.create(
            incident=incident,
            role="responder",
            user=people[who],
            offered_at=NOW,
            accepted_at=accepted,
            ended_at=ended,
        )
    incident.commander = people["commander"]
    incident.save(update_fields=["commander"])
    readers = {key for key in people if queries.evidence_visible_to(people.actor(key)).exists()}
    assert readers == {"responder", "commander", "communications", "auditor"}
    for key in ("approver", "security", "administrator"):
        with pytest.raises(NotFound, match="not open to you"):
            evidence.open_file(
                evidence_id=piece.pk, purpose="viewed", by=people.actor(key), at=LATER
            )
    assert chain_of(piece) == [("added", "Responder")]


def test_the_timeline_does_not_tell_what_a_red_piece_is(add, declare):
    incident = declare()
    add(incident, tlp="RED", title="Names of the insiders", name="insiders.csv")
    said = Entry.objects.filter(incident=incident).first().body
    assert HASH in said
    assert "insiders" not in said.lower()


def test_an_export_leaves_out_what_its_maker_may_not_see_and_says_so(add, declare, people):
    incident = declare()
    add(incident)
    red = add(incident, tlp="RED", title="Secret")
    made = evidence.export(incident_id=incident.pk, by=people.actor("security"), at=LATER)
    manifest = json.loads(made.manifest)
    assert [piece["title"] for piece in manifest["evidence"]] == ["Gateway log"]
    assert manifest["not_open_to_exporter"] == 1
    assert chain_of(red) == [("added", "Responder")]


# --- export --------------------------------------------------------------------------------------


def test_an_export_is_a_zip_that_a_stranger_can_check(add, declare, people):
    incident = declare()
    add(incident)
    add(incident, b"\x00" * 700_000, name="memory.img", title="Memory")
    made = evidence.export(incident_id=incident.pk, by=people.actor("commander"), at=LATER)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(made.chunks())))
    assert archive.testzip() is None
    body = archive.read("manifest.json")
    said = Entry.objects.filter(incident=incident).first().body
    assert said == (
        f"Evidence exported: 2 pieces. SHA-256 of the manifest: {hashlib.sha256(body).hexdigest()}."
    )
    manifest = json.loads(body)
    assert manifest["incident"] == incident.reference
    assert archive.namelist() == ["manifest.json", "001-gateway.log", "002-memory.img"]
    for piece in manifest["evidence"]:
        content = archive.read(piece["file"])
        assert hashlib.sha256(content).hexdigest() == piece["sha256"]
        assert len(content) == piece["size"]
        assert [link["action"] for link in piece["custody"]] == ["added"]
    assert manifest["evidence"][0] == {
        "file": "001-gateway.log",
        "title": "Gateway log",
        "size": len(BODY),
        "sha256": HASH,
        "tlp": "AMBER",
        "collector": "R. Ives",
        "collected_at": "2026-03-04T09:41:00Z",
        "added_at": "2026-03-04T10:41:00Z",
        "custody": [
            {
                "at": "2026-03-04T10:41:00Z",
                "action": "added",
                "by": "Responder",
                "detail": f"SHA-256 {HASH}",
            }
        ],
    }


def test_there_is_nothing_to_export_where_there_is_no_evidence(declare, people):
    with pytest.raises(Conflict, match="no evidence that could be exported"):
        evidence.export(incident_id=declare().pk, by=people.actor("commander"), at=LATER)


# --- garbage, and two at once --------------------------------------------------------------------


def test_a_file_whose_transaction_did_not_last_is_swept_after_a_day(add, declare, media):
    kept = add(declare())
    with transaction.atomic():
        add(declare(title="Lost"))
        transaction.set_rollback(True)
    (media / "ab").mkdir(exist_ok=True)
    (media / "ab" / "half.part").write_bytes(b"half")
    assert len(files_in(media)) == 3
    for file in files_in(media):
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    assert evidence.sweep(at=NOW + timedelta(hours=23)) == 0
    assert evidence.sweep(at=NOW + timedelta(hours=25)) == 2
    assert [file.name for file in files_in(media)] == [kept.key.hex]


def test_the_worker_sweeps_and_an_empty_desk_is_no_error(add, declare, media):
    jobs.sweep_evidence()
    add(declare())
    jobs.sweep_evidence()
    assert len(files_in(media)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_are_two_pieces_and_two_entries(add, declare, media):
    incident = declare()
    failed: list[Exception] = []

    def upload(body: bytes) -> None:
        try:
            add(incident, body)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the test says it
            failed.append(error)
        finally:
            connections.close_all()

    bodies = [bytes([65 + n]) * 200_000 for n in range(4)]
    threads = [threading.Thread(target=upload, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    kept = {piece.sha256 for piece in Evidence.objects.all()}
    assert kept == {hashlib.sha256(body).hexdigest() for body in bodies}
    assert len(files_in(media)) == 4
    assert CustodyEvent.objects.count() == 4
    assert timeline.first_fault(incident) is None


# --- what the database refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases_evidence SET sha256 = repeat('0', 64)",
        "UPDATE cases_evidence SET size = 1",
        "UPDATE cases_evidence SET collector = 'Somebody else'",
        "UPDATE cases_evidence SET collected_at = now()",
        "UPDATE cases_evidence SET key = gen_random_uuid()",
        "UPDATE cases_evidence SET file_name = 'other.log'",
        "DELETE FROM cases_evidence",
        "TRUNCATE cases_evidence CASCADE",
        "UPDATE cases_custodyevent SET actor = 'Somebody else'",
        "DELETE FROM cases_custodyevent",
    ],
)
def test_the_database_keeps_evidence_and_its_chain_as_they_are(change, add, declare):
    piece = add(declare())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    again = Evidence.objects.get()
    assert (again.sha256, again.collector, again.key) == (HASH, "R. Ives", piece.key)
    assert chain_of(again) == [("added", "Responder")]


@pytest.mark.parametrize("wrong", [{"sha256": "x"}, {"sha256": "A" * 64}, {"collector": ""}])
def test_a_row_without_a_hash_or_a_collector_is_refused(wrong, declare, people):
    known = {
        "incident": declare(),
        "title": "x",
        "file_name": "x",
        "size": 1,
        "sha256": HASH,
        "tlp": "AMBER",
        "collector": "R. Ives",
        "collected_at": NOW,
        "added_at": NOW,
        "added_by": people["responder"],
        **wrong,
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        Evidence.objects.create(**known)


def test_a_piece_that_is_not_there_is_said_in_words(people):
    for call in (evidence.verify, evidence.attach):
        with pytest.raises(DeskError, match="no such evidence"):
            call(evidence_id=999999, by=people.actor("commander"), at=LATER)
