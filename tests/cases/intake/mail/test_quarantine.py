"""A person decides on a mail that waits: whose report it is, or that nothing becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from cases import evidence, restriction, vault
from cases.intake.mail import quarantine
from cases.models import Letter, Report, SharedFile
from incidentdesk.kernel.errors import Conflict, NotAllowed
from incidentdesk.kernel.models import AuditEvent
from notifications.models import Message
from tests.cases.intake.mail.conftest import mail, signed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HTML = "<script>alert('canary')</script><p>First&nbsp;line</p><p>Second <b>line</b></p><img src=x>"


@pytest.fixture
def letter(receive, helix) -> Letter:
    """From an address of Helix's that nothing proves, as HTML, with a file."""
    made = mail(subject="Odd <b>fills</b>")
    made.set_content(HTML, subtype="html")
    made.add_attachment(b"1,2\n", maintype="text", subtype="csv", filename="fills.csv")
    found = receive(made.as_bytes())
    assert found.outcome == "quarantined"
    return found


def test_it_is_kept_whole_and_read_as_plain_text(letter):
    assert letter.text == "First line\n\nSecond line"
    assert letter.files == "fills.csv"
    assert vault.sha256(letter.key) == letter.sha256


def test_what_sweeps_left_over_files_keeps_mails(letter):
    assert evidence.sweep(at=datetime(2100, 1, 1, tzinfo=UTC)) == 0
    assert vault.path_of(letter.key).is_file()


def test_it_can_become_a_report_of_a_partner_and_its_sender_hears_nothing(letter, people, norrbank):
    by = people.actor("communications")
    made = quarantine.accept(letter_id=letter.pk, partner_id=norrbank.pk, by=by, at=NOW)
    assert (made.partner, made.title, made.description, made.reporter, made.reported_by) == (
        norrbank,
        "Odd <b>fills</b>",
        "First line\n\nSecond line",
        "Helix contact, by mail",
        people["communications"],
    )
    file = SharedFile.objects.get()
    assert (file.report, file.partner, file.name) == (made, norrbank, "fills.csv")
    letter.refresh_from_db()
    assert (letter.outcome, letter.report, letter.handled_by) == (
        "accepted",
        made,
        people["communications"],
    )
    assert Message.objects.count() == 0
    line = AuditEvent.objects.get(action="accepted mail as a report")
    assert (line.user_id, line.about) == (by.user_id, f"letter:{letter.pk}")
    with pytest.raises(Conflict, match="was accepted as a partner's report"):
        quarantine.dismiss(letter_id=letter.pk, by=by, at=NOW)


def test_it_can_be_dismissed_and_stays_on_record(letter, people):
    by = people.actor("security")
    assert quarantine.dismiss(letter_id=letter.pk, by=by, at=NOW).outcome == "dismissed"
    assert (Letter.objects.count(), Report.objects.count(), Message.objects.count()) == (1, 0, 0)


def test_who_triages_reports_decides_and_nobody_else(letter, people, helix):
    for by in (people.actor("responder"), people.contact("helix", helix)):
        with pytest.raises(NotAllowed):
            quarantine.accept(letter_id=letter.pk, partner_id=helix.pk, by=by, at=NOW)
        with pytest.raises(NotAllowed):
            quarantine.dismiss(letter_id=letter.pk, by=by, at=NOW)
    assert Letter.objects.get().outcome == "quarantined"


def test_the_database_lets_nobody_change_or_remove_what_came(letter, people):
    quarantine.dismiss(letter_id=letter.pk, by=people.actor("security"), at=NOW)
    for change in ({"text": "other"}, {"outcome": "quarantined", "handled_at": None}):
        with pytest.raises(InternalError), transaction.atomic():
            Letter.objects.update(**change)
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_letter")


@pytest.mark.asvs("1.2.1 1.3.1", 13)
@pytest.mark.mistake(7)
def test_the_page_shows_text_and_nothing_of_the_mail_as_html(letter, as_, people):
    page = as_("commander").get(f"/admin/cases/letter/{letter.pk}/change/").text
    assert "Odd &lt;b&gt;fills&lt;/b&gt;" in page
    assert "canary" not in page
    assert "Nothing proves that it comes from helix.test" in page
    listed = as_("commander").get("/admin/cases/letter/").text
    assert "Odd &lt;b&gt;fills&lt;/b&gt;" in listed


def test_the_dialog_warns_that_an_address_proves_nothing(letter, as_, norrbank):
    browser = as_("communications")
    page = browser.get(f"/admin/cases/letter/{letter.pk}/do/accept/").text
    assert "is that of a contact of Helix Markets." in page
    done = browser.post(
        f"/admin/cases/letter/{letter.pk}/do/accept/", {"partner": norrbank.pk}, follow=True
    )
    assert done.redirect_chain[-1][0].startswith("/admin/cases/report/")
    assert Letter.objects.get().outcome == "accepted"


def test_a_mail_of_a_restricted_incident_is_hidden_with_it(receive, people, as_, declare, helix):
    letter = receive(signed(mail("Auditor <auditor@desk.test>"), "desk.test"))
    incident: Any = letter.incident
    page = f"/admin/cases/letter/{letter.pk}/change/"
    assert as_("responder").get(page).status_code == 200
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="A colleague.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert as_("responder").get(page).status_code == 404
    assert "Odd fills" not in as_("responder").get("/admin/cases/letter/?outcome=all").text
