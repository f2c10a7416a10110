"""What has a virus in it, or cannot be looked at, is not taken, by whatever way it comes."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.files.base import ContentFile

from cases import evidence, files, vault
from cases.intake.mail import receiving, server
from cases.intake.mail.verdicts import Envelope
from cases.models import Evidence, Letter
from incidentdesk.doctor import machine
from incidentdesk.kernel import scanning
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import AuditEvent
from tests.clamd import CLAMD, NAME, VIRUS, clamd
from tests.conftest import NOW

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CLAMD is None, reason="clamd is not installed on this machine"),
]
FAR = Envelope(sender="eve@far.test")
SAID = f"The file was not taken: there is a virus in it ({NAME})."


@pytest.fixture(scope="module")
def _scanner() -> Iterator[str]:
    with clamd() as place:
        yield place


@pytest.fixture
def scanner(_scanner: str, settings: Any) -> None:
    settings.CLAMAV = _scanner


def add(incident: Any, people: Any, content: bytes) -> Evidence:
    return evidence.add(
        incident_id=incident.pk,
        upload=ContentFile(content, name="../report.txt"),
        title="A report",
        collector="Ada",
        collected_at=NOW,
        by=people.actor("commander"),
        at=NOW,
    )


def kept() -> list[Any]:
    return [file for file in vault.folder().rglob("*") if file.is_file()]


@pytest.mark.asvs("5.2.2 5.4.1 5.4.2 3.2.1", 23)
def test_a_virus_is_no_evidence_and_who_brought_it_is_on_the_audit_trail(
    scanner: None, declare: Any, people: Any
) -> None:
    incident = declare()
    with pytest.raises(scanning.Infected, match="there is a virus in it") as refused:
        add(incident, people, VIRUS)
    assert str(refused.value) == SAID
    assert (Evidence.objects.count(), kept()) == (0, [])
    [line] = AuditEvent.objects.filter(action="refused a file with a virus")
    assert (line.user_id, line.about) == (people["commander"].pk, "upload")
    assert line.detail == {"virus": NAME}  # who reads it may not know the incident
    assert add(incident, people, b"a report, and nothing in it").size == 27
    assert len(kept()) == 1


def test_a_virus_among_the_files_of_a_partner_takes_none_of_them(
    scanner: None, people: Any
) -> None:
    brought = [ContentFile(b"fine", name="a.txt"), ContentFile(VIRUS * 9000, name="b.txt")]
    by = people.actor("commander")
    with pytest.raises(scanning.Infected), files.kept(brought, by=by, at=NOW):
        raise AssertionError
    assert kept() == []
    detail = AuditEvent.objects.get(action="refused a file with a virus").detail
    assert detail == {"virus": NAME}


def test_of_a_mail_with_a_virus_the_headers_stay_and_nothing_comes_of_it(scanner: None) -> None:
    for _ in range(3):
        receive(with_virus())
    letter = Letter.objects.get()
    assert b"".join(vault.read(letter.key)).endswith(b"\r\n\r\n")
    assert VIRUS[:10] not in b"".join(vault.read(letter.key))
    assert letter.why == f"There was a virus in it ({NAME}); what it brought was not kept."
    [line] = AuditEvent.objects.filter(action="refused a file with a virus")
    assert (line.about, line.detail) == ("mail", {"sender": FAR.sender, "virus": NAME})


def test_strangers_write_no_more_lines_of_the_audit_trail_than_they_may_send_mails(
    scanner: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(receiving, "MOST_OF_STRANGERS", 2)
    for number in range(2):
        receive(with_virus(f"No {number}"))
    with pytest.raises(receiving.TryLater):
        receive(with_virus("No 2"))
    assert AuditEvent.objects.filter(action="refused a file with a virus").count() == 2


def test_of_a_mail_with_a_virus_in_its_headers_nothing_stays_and_it_does_not_come_again(
    scanner: None,
) -> None:
    raw = with_virus(VIRUS.decode())
    assert receive(raw) is None
    assert server.Door(silent)._take(raw, FAR) == "250 2.0.0 Taken"
    assert (Letter.objects.count(), AuditEvent.objects.count(), kept()) == (0, 0, [])


def with_virus(subject: str = "Look") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = FAR.sender, "report@desk.test", subject
    mail.set_content("See the file.")
    mail.add_attachment(VIRUS, maintype="application", subtype="pdf", filename="a.pdf")
    return mail.as_bytes()


def receive(raw: bytes) -> Letter | None:
    return receiving.receive(raw=raw, envelope=FAR, resolver=silent, at=NOW)


def silent(*asked: Any, **known: Any) -> Any:
    raise AssertionError("nobody is asked about a mail that is refused")


@pytest.mark.parametrize("place", ["/nowhere/clamd.ctl", ("127.0.0.1", 1)])
def test_what_cannot_be_looked_at_is_not_taken(
    settings: Any, declare: Any, people: Any, place: Any
) -> None:
    settings.CLAMAV = place
    with pytest.raises(Conflict) as refused:
        add(declare(), people, b"a report, and nothing in it")
    assert str(refused.value) == scanning.AWAY
    assert kept() == []


def test_a_scanner_that_takes_less_than_was_sent_refuses_it(
    settings: Any, declare: Any, people: Any
) -> None:
    with clamd(most="1K") as settings.CLAMAV:
        with pytest.raises(InvalidInput) as refused:
            add(declare(), people, b"x" * 3_000_000)
        assert str(refused.value) == scanning.TOO_MUCH
    assert kept() == []


def test_the_doctor_says_whether_anybody_looks(scanner: None, settings: Any) -> None:
    said = []
    for place in (None, settings.CLAMAV, "/nowhere/clamd.ctl"):
        settings.CLAMAV = place
        [told] = machine.scanner()
        said.append(str(told.state))
    assert said == ["ok", "ok", "wrong"]
