"""A review to keep: one page, a PDF and Markdown say what its own page says; what is restricted
stays so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from cases.models import Incident, Waiver
from incidentdesk.kernel import pdf
from incidentdesk.kernel.models import AuditEvent
from reviews import actions
from reviews.models import Cause, PreventiveAction, Review
from tests.conftest import NOW, People
from tests.reviews.conftest import Steps

pytestmark = pytest.mark.django_db


def address(review: Review, form: str) -> str:
    """Where the review is in a form."""
    return f"/admin/reviews/review/{review.pk}/as/{form}/"


@pytest.fixture
def whole(review: Review, steps: Steps, people: People) -> Review:
    """Complete, with two branches, a waiver and words that look like markup."""
    steps.everything()
    first = Cause.objects.get()
    steps.why("<b>No</b> limit was set.", below=first.pk)
    steps.why("No alert on age.")
    Waiver.objects.create(
        incident=review.incident,
        gate="soak",
        reason="Watched on.",
        waived_at=NOW,
        waived_by=people["commander"],
    )
    return review


def test_print_and_markdown_hold_all_of_it(whole: Review, as_: Callable[[str], Client]) -> None:
    client = as_("auditor")
    printed = client.get(address(whole, "print")).content.decode()
    answer = client.get(address(whole, "markdown"))
    text = answer.content.decode()

    for words in (
        "The feed handler holds a lock over a network call.",
        "No alert on age.",
        "Change approval",
        "Time out the call",
        "Runbook: quote gateway",
        "A stale price looks like a quiet market",
        "In band for the whole soak time",
        "Watched on.",
        "Helix Markets",
    ):
        assert words in printed, words
        assert words in text, words
    assert "<b>No" not in printed + text
    assert (
        "- The handler waits for ever. (technology, **root cause**)\n"
        "  - &lt;b>No&lt;/b> limit was set. (technology, **root cause**)\n"
        "- No alert on age. (technology, **root cause**)" in text
    )
    name = f"{whole.incident.reference}-review.md"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    read = AuditEvent.objects.filter(action="read", about=f"review:{whole.pk}")
    assert read.count() == 2


def test_the_record_of_the_incident_holds_the_review_whole(
    whole: Review, steps: Steps, people: People, as_: Callable[[str], Client]
) -> None:
    action = PreventiveAction.objects.get()
    known = {"action_id": action.pk, "at": NOW + timedelta(days=9)}
    actions.finish(note="Times out after 2 s.", by=people.actor("responder"), **known)
    actions.verify(evidence="Load test 12.", by=people.actor("security"), **known)
    address = f"/admin/cases/incident/{whole.incident_id}/print/"
    page = as_("auditor").get(address).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))

    wanted = [
        "Review: Findings",
        "The feed handler holds a lock over a network call.",
        "Review: Why it happened",
        "No alert on age.",
        "Review: Controls and policies",
        "Change approval",
        "Review: Preventive actions",
        "Time out the call",
        "by Responder · verified",
        "by Security",
        "Times out after 2 s.",
        "Shown by: Load test 12.",
        "Review: Documents to update",
        "Runbook: quote gateway",
        "Review: Lessons",
        "A stale price looks like a quiet market",
        "Review: Approval Not approved yet.",
        "Timeline",
    ]
    places = [text.index(words) for words in wanted]
    assert places == sorted(places), dict(zip(wanted, places, strict=True))
    assert "&lt;b&gt;No&lt;/b&gt; limit was set." in page


def test_the_record_names_nothing_of_a_review_that_was_not_begun(
    declare: Callable[..., Incident], as_: Callable[[str], Client]
) -> None:
    incident = declare()
    page = as_("auditor").get(f"/admin/cases/incident/{incident.pk}/print/").content.decode()
    assert "It was not begun." in page
    assert "Review: " not in page


@pytest.mark.skipif(bool(pdf.missing()), reason="this machine draws no PDF")
def test_the_pdf_is_one(whole: Review, as_: Callable[[str], Client]) -> None:
    answer = as_("commander").get(address(whole, "pdf"))

    assert answer["Content-Type"] == "application/pdf"
    assert re.match(rb"%PDF-1\.", answer.content)


@pytest.mark.parametrize("form", ["print", "pdf", "markdown"])
def test_who_may_not_open_the_incident_gets_no_form_of_its_review(
    whole: Review, as_: Callable[[str], Client], form: str
) -> None:
    Incident.objects.update(is_restricted=True)

    assert as_("approver").get(address(whole, form)).status_code == 404
    assert as_("helix").get(address(whole, form)).status_code == 302
    assert as_("commander").post(address(whole, form)).status_code == 404
    assert as_("commander").get(address(whole, "docx")).status_code == 404
