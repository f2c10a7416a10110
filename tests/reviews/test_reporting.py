"""The partner form: a notice of its own that holds what that partner may read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases import labels, notices, promises, warning
from cases.models import Deadline, Incident, Involvement, Notice, NoticeCopy
from incidentdesk.kernel import clocks, pdf
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from notifications.models import Message
from partners.models import Partner
from reviews import reporting, workflow
from reviews.models import Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db
# What belongs to the house or to others, and stands somewhere in the incident or its review.
INTERNAL = (
    "INC-",
    "Norrbank",
    "NORR",
    "Responder",
    "Incident commander",
    "Stale prices",
    "feed handler",
)


@pytest.fixture
def approved(steps: Steps, people: People, norrbank: Partner) -> Review:
    """An approved review with words for partners; Norrbank is listed and was told nothing."""
    review = Review.objects.get(pk=steps.id)
    Involvement.objects.create(
        incident=review.incident, partner=norrbank, title="Theirs", severity=3, added_at=LATER
    )
    workflow.write_for_partners(
        review_id=review.pk,
        words=workflow.ForPartners(
            partner_story="Quotes stood still while the market moved.",
            partner_cause="A call without a limit held them up.",
            partner_measures="Calls have a limit now.",
        ),
        by=people.actor("responder"),
        at=LATER,
    )
    steps.everything()
    return steps.finish()


def drafted(review: Review, people: People, **given: Any) -> Notice:
    """A report to Helix, by communications."""
    helix = review.incident.involvements.get(partner__code="HELIX")
    known = {"body": reporting.text_of(review), "involvement_ids": [helix.pk], **given}
    who = people.actor("communications")
    return reporting.draft(review_id=review.pk, by=who, at=LATER, **known)


def sent(review: Review, people: People) -> NoticeCopy:
    """The same, approved and sent."""
    notice = drafted(review, people)
    notices.approve(notice_id=notice.pk, is_checked=True, by=people.actor("approver"), at=LATER)
    notices.send(notice_id=notice.pk, by=people.actor("communications"), at=LATER)
    return notice.copies.get()


def test_the_report_is_a_notice_that_waits_for_a_second_person(
    approved: Review, people: People
) -> None:
    notice = drafted(approved, people)

    copy = notice.copies.get()
    assert (notice.kind, notice.state, copy.partner.code) == ("report", "draft", "HELIX")
    assert copy.body == (
        "Our report on Delayed quotes (SEV-2 for you).\n\n"
        "What happened\nQuotes stood still while the market moved.\n\n"
        "What it meant for you\nUse EU-1.\n\n"
        "When\nIt began not known yet. We detected it 4 Mar 2026 09:41 UTC; it was contained "
        f"{approved.incident.contained_at:%-d %b %Y %H:%M} UTC, and service was back "
        f"{approved.incident.recovered_at:%-d %b %Y %H:%M} UTC.\n\n"
        "The cause\nA call without a limit held them up.\n\n"
        "What changes, so that it does not return\nCalls have a limit now."
    ).replace("It began not known yet", f"It began {began(copy)}")
    assert not any(word in copy.body for word in INTERNAL)
    with pytest.raises(Conflict, match="waits for a second person"):
        notices.send(notice_id=notice.pk, by=people.actor("communications"), at=LATER)


def began(copy: NoticeCopy) -> str:
    """When it began for this partner, as a notice says it."""
    at = copy.involvement.started_at
    return f"{at:%-d %b %Y %H:%M} UTC" if at else "not known yet"


def test_it_is_approved_sent_and_acknowledged_like_every_notice(
    approved: Review, people: People, helix: Partner
) -> None:
    copy = sent(approved, people)
    notices.acknowledge(copy_id=copy.pk, by=people.contact("helix", helix), at=LATER)

    copy.refresh_from_db()
    assert copy.acknowledged_by == "Helix Markets contact"
    assert list(reporting.reports(approved)) == [copy]


def clock(review: Review, code: str) -> Deadline | None:
    """Of one partner, for the report of the cause."""
    rows = Deadline.objects.filter(involvement__partner__code=code, kind="root_cause_report")
    return rows.filter(incident=review.incident_id).first()


def test_a_report_is_due_to_each_partner_by_its_severity_after_the_incident_closed_too(
    approved: Review, people: People
) -> None:
    incident = Incident.objects.get(pk=approved.incident_id)
    found = clock(approved, "HELIX")
    assert (incident.phase, incident.involvements.get(partner__code="HELIX").severity) == (
        "closed",
        2,
    )
    assert found is not None
    assert incident.recovered_at is not None
    assert found.due_at == clocks.add(incident.recovered_at, 15, clocks.Counting.BUSINESS_DAYS)
    assert (found.anchor_at, found.met_at, found.is_dropped) == (
        incident.recovered_at,
        None,
        False,
    )
    assert clock(approved, "NORR") is None, "a SEV-3 has one on request"

    warning.warn(at=found.due_at)

    said = Message.objects.filter(kind="deadline", to_address="communications@desk.test").last()
    assert said is not None
    line = (
        "Report of the cause to Helix Markets: was due 26 Mar 2026, 09:11 UTC and is still open. "
    )
    assert (
        f"{line}It is drafted on the page of the review, once that is approved." in said.body_text
    )


def test_sending_the_report_keeps_that_clock_and_no_other_notice_does(
    approved: Review, people: People
) -> None:
    report = drafted(approved, people)
    promised = clock(approved, "HELIX")
    assert promised is not None
    promises.keep(promised.involvement, None, at=LATER)  # type: ignore[arg-type]
    promised.refresh_from_db()
    assert promised.met_at is None

    notices.approve(notice_id=report.pk, by=people.actor("approver"), at=LATER)
    notices.send(notice_id=report.pk, by=people.actor("communications"), at=LATER)

    promised.refresh_from_db()
    assert (promised.met_at, promised.is_late) == (LATER, False)


def test_a_report_that_went_before_anything_was_due_is_not_owed_again(
    approved: Review, people: People
) -> None:
    report = drafted(approved, people)
    notices.approve(notice_id=report.pk, by=people.actor("approver"), at=LATER)
    notices.send(notice_id=report.pk, by=people.actor("communications"), at=LATER)
    Deadline.objects.filter(kind="root_cause_report").delete()  # as on a desk of before

    promises.reset(Incident.objects.get(pk=approved.incident_id))

    found = clock(approved, "HELIX")
    assert found is not None
    assert (found.met_at, found.is_late) == (LATER, False)


def test_before_the_approval_there_is_nothing_to_report(review: Review, people: People) -> None:
    with pytest.raises(Conflict, match="not approved yet"):
        drafted(review, people)


def test_who_knows_nothing_of_the_incident_gets_no_report(approved: Review, people: People) -> None:
    norrbank = approved.incident.involvements.get(partner__code="NORR")

    with pytest.raises(InvalidInput, match="to whom the incident is disclosed"):
        drafted(approved, people, involvement_ids=[norrbank.pk])
    with pytest.raises(InvalidInput, match="Choose at least one affected partner"):
        drafted(approved, people, involvement_ids=[])
    assert [row.partner.code for row in reporting.told(approved)] == ["HELIX"]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("As at Norrbank.", "would show Norrbank Securities to Helix Markets"),
        ("See INC-2026-0001.", "would show INC-2026-0001 to Helix Markets"),
        ("The Incident Commander fixed it.", "would name Incident commander to partners"),
    ],
)
def test_no_name_of_another_partner_of_the_house_or_of_the_desk_s_own_gets_into_it(
    approved: Review, people: People, words: str, refused: str
) -> None:
    with pytest.raises(InvalidInput, match=refused):
        drafted(approved, people, body=words)
    assert not Notice.objects.filter(kind="report").exists()


@pytest.mark.parametrize("role", ["responder", "approver", "security", "auditor"])
def test_who_drafts_no_notices_drafts_no_report(
    approved: Review, people: People, role: str
) -> None:
    with pytest.raises(NotAllowed):
        reporting.draft(
            review_id=approved.pk,
            body="x",
            involvement_ids=[approved.incident.involvements.first().pk],  # type: ignore[union-attr]
            by=people.actor(role),
            at=LATER,
        )


def test_a_red_one_names_who_may_read_it(approved: Review, people: People, helix: Partner) -> None:
    Incident.objects.update(tlp=labels.Tlp.RED)

    with pytest.raises(InvalidInput, match="TLP:RED is for named people"):
        drafted(approved, people)
    notice = drafted(approved, people, contact_ids=[helix.contacts.get().pk])
    assert notice.copies.get().contact_ids == [helix.contacts.get().pk]


def test_by_clicks_the_report_is_prefilled_drafted_and_kept_in_each_form(
    approved: Review, people: People, as_: Callable[[str], Client]
) -> None:
    page = f"/admin/reviews/review/{approved.pk}"
    client = as_("communications")
    assert "Report to partners" in client.get(f"{page}/change/").content.decode()
    shown = client.get(f"{page}/do/report/").content.decode()
    assert "A call without a limit held them up." in shown
    assert "Norrbank" not in shown  # it knows of nothing
    helix = approved.incident.involvements.get(partner__code="HELIX")

    answer = client.post(
        f"{page}/do/report/", {"body": reporting.text_of(approved), "audience": [helix.pk]}
    )

    copy = NoticeCopy.objects.get(kind="report")
    assert answer["Location"] == f"/admin/cases/notice/{copy.notice_id}/preview/"
    for form in ("print", "markdown"):
        words = client.get(f"{page}/report/{copy.pk}/as/{form}/").content.decode()
        assert helix.reference in words
        assert "A call without a limit held them up." in words
        assert not any(word in words for word in INTERNAL)
    if not pdf.missing():
        drawn = client.get(f"{page}/report/{copy.pk}/as/pdf/")
        assert drawn.content.startswith(b"%PDF")
        assert drawn["Content-Disposition"] == f'attachment; filename="{helix.reference}.pdf"'
    other = NoticeCopy.objects.exclude(kind="report").first()
    assert other is not None
    assert client.get(f"{page}/report/{other.pk}/as/print/").status_code == 404
    assert client.get(f"{page}/report/{copy.pk}/as/docx/").status_code == 404


def test_a_red_incident_s_report_is_drafted_where_people_are_named(
    approved: Review, as_: Callable[[str], Client]
) -> None:
    Incident.objects.update(tlp=labels.Tlp.RED)

    words = as_("communications").get(f"/admin/reviews/review/{approved.pk}/do/report/")

    way = f"/admin/cases/incident/{approved.incident_id}/do/draft_notice/?kind=report"
    assert way in words.content.decode()


def test_the_partner_takes_its_report_as_a_pdf_and_another_s_is_not_there(
    approved: Review, people: People, helix: Partner, as_: Callable[[str], Client]
) -> None:
    copy = sent(approved, people)
    incident = f"/portal/incidents/{copy.involvement.reference}/"
    client = as_("helix")
    number = NoticeCopy.objects.filter(partner=helix, sent_at__isnull=False).count()
    words = client.get(incident).content.decode()
    assert words.count("notice.pdf") == 1
    address = f"{incident}notices/{number}/notice.pdf"
    assert address in words

    answer = client.get(address)

    if not pdf.missing():
        assert answer["Content-Type"] == "application/pdf"
    assert client.get(f"{incident}notices/99/notice.pdf").status_code == 404
    assert as_("norrbank").get(address).status_code == 404
