"""Procedures that partners keep on file: whole, renewed or withdrawn, and reminded of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, InternalError, ProgrammingError, transaction

from cases import correspondence, files, jobs, procedures, vault
from cases.models import Procedure, SharedFile
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from notifications import queries as post
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
def keep(people, helix) -> Any:
    """`keep(version="3")` puts one on file for Helix."""

    def run(**changes: Any) -> Procedure:
        given: dict[str, Any] = {
            "title": "Market-data disruption",
            "version": "3",
            "scope": "All users of streamed prices.",
            "valid_until": TODAY + 365 * DAY,
            "attested_by": "Head of operations",
            "link": "https://helix.test/procedures/3",
            "by": people.contact("helix", helix),
            "at": NOW,
        }
        return procedures.keep(**given | changes)

    return run


def test_a_procedure_is_on_file_with_a_reference_of_the_partners_own(keep, helix):
    made = keep()
    assert (made.reference, str(made)) == ("HELIX-PROC-2026-0001", "Market-data disruption 3")
    assert (made.partner, made.keeper) == (helix, "Helix Markets contact")
    assert [made.is_valid(TODAY + days * DAY) for days in (0, 365, 366)] == [True, True, False]
    assert list(correspondence.valid_procedures(NOW)) == [made]


def test_it_is_a_file_or_a_link(keep, people):
    made = keep(link="", uploads=[ContentFile(b"%PDF", name="procedure.pdf")])
    file = SharedFile.objects.get(procedure=made)
    assert (file.name, b"".join(vault.read(file.key))) == ("procedure.pdf", b"%PDF")
    assert files.open_file(file_id=file.pk, by=people.actor("auditor"), at=NOW).size == 4


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": " "}, "needs a title, a version, and what it covers"),
        ({"scope": ""}, "needs a title, a version, and what it covers"),
        ({"attested_by": ""}, "Say who at your company attests"),
        ({"link": ""}, "Give either the file or a link"),
        ({"uploads": [ContentFile(b"x", name="x")]}, "Give either the file or a link"),
        ({"link": "http://helix.test/"}, "begins with https://"),
        ({"link": "javascript:alert(1)"}, "begins with https://"),
        ({"valid_until": TODAY - DAY}, "Its last day is over already"),
        ({"valid_until": TODAY + 4 * 366 * DAY}, "at most three years"),
        (
            {"link": "", "uploads": [ContentFile(b"x", name="x"), ContentFile(b"y", name="y")]},
            "A procedure is one file",
        ),
    ],
)
def test_what_is_not_whole_is_refused_in_a_sentence(keep, changes, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        keep(**changes)
    assert Procedure.objects.count() == SharedFile.objects.count() == 0


def test_the_next_version_takes_its_place(keep):
    former = keep()
    made = keep(version="4", replaces_id=former.pk)
    former.refresh_from_db()
    assert (former.ended_at, made.replaces) == (NOW, former)
    assert list(correspondence.valid_procedures(NOW)) == [made]
    with pytest.raises(Conflict, match="was replaced or withdrawn already"):
        keep(version="5", replaces_id=former.pk)


def test_withdrawing_leaves_none(keep, people, helix):
    made, by = keep(), people.contact("helix", helix)
    procedures.withdraw(procedure_id=made.pk, by=by, at=NOW)
    assert not correspondence.valid_procedures(NOW).exists()
    with pytest.raises(Conflict, match="was replaced or withdrawn already"):
        procedures.withdraw(procedure_id=made.pk, by=by, at=NOW)


def test_another_partner_ends_nothing(keep, people, norrbank):
    made, stranger = keep(), people.contact("norrbank", norrbank)
    with pytest.raises(NotFound, match=r"There is no such procedure\."):
        procedures.withdraw(procedure_id=made.pk, by=stranger, at=NOW)
    with pytest.raises(NotFound, match=r"There is no such procedure\."):
        keep(replaces_id=made.pk, by=stranger)
    with pytest.raises(NotAllowed):
        procedures.withdraw(procedure_id=made.pk, by=people.actor("commander"), at=NOW)
    made.refresh_from_db()
    assert made.ended_at is None


def test_the_database_keeps_it_as_it_was(keep, people, norrbank):
    made = keep()
    for change in ({"title": "x"}, {"valid_until": TODAY}, {"link": ""}, {"partner": norrbank}):
        with pytest.raises(InternalError), transaction.atomic():
            Procedure.objects.filter(pk=made.pk).update(**change)
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        Procedure.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError), transaction.atomic():
        Procedure.objects.filter(pk=made.pk).update(ended_at=NOW)


def reminded(day: date) -> list[str]:
    """What this day's reminders say, asked three times."""
    before = Message.objects.filter(kind="procedure").count()
    for hours in (1, 2, 3):
        procedures.remind(at=NOW.replace(year=day.year, month=day.month, day=day.day, hour=hours))
    rows = Message.objects.filter(kind="procedure").order_by("pk")[before:]
    return [mail.subject.partition(": ")[2] for mail in rows]


def test_reminders_come_once_each_and_every_week_after_its_last_day(keep):
    last = TODAY + 100 * DAY
    keep(valid_until=last)
    found = {days: len(reminded(last + days * DAY)) for days in range(-99, 18)}
    assert [days for days, count in found.items() if count] == [-49, -24, -9, 1, 8, 15]
    assert set(found.values()) == {0, 1}


def test_they_say_how_long_it_holds_or_that_it_expired(keep, people):
    last = TODAY + 8 * DAY
    keep(valid_until=last)
    assert reminded(last - DAY) == [
        f"Your procedure is valid for 1 more day, until {last:%-d %b %Y}"
    ]
    assert reminded(last + DAY) == [f"Your procedure expired on {last:%-d %b %Y}"]
    mail = Message.objects.filter(kind="procedure").latest("pk")
    assert mail.to_address == "contact@helix.test"
    assert "/portal/procedures/HELIX-PROC-2026-0001/" in mail.body_text
    assert mail in post.messages_visible_to(people.actor("security"))


def test_what_was_replaced_reminds_of_nothing(keep):
    last = TODAY + 20 * DAY
    former = keep(valid_until=last)
    keep(version="4", replaces_id=former.pk, valid_until=TODAY + 900 * DAY)
    assert reminded(last) == []


def test_the_worker_reminds(keep):
    keep()
    jobs.remind_partners()
