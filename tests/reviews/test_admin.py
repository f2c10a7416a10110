"""Reviews on the desk: a button opens a dialog, which makes one call; a page costs few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases import waivers
from cases.models import Incident, Waiver
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent
from reviews import facts, workflow
from reviews.models import Control, ControlCheck, DocumentUpdate, Lesson, PreventiveAction, Review
from tests.conftest import NOW, People
from tests.reviews.conftest import LATER, Finishing, Steps

pytestmark = pytest.mark.django_db
NOT_COUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "set_config")


def page(review: Review) -> str:
    """The address of its page."""
    return f"/admin/reviews/review/{review.pk}/change/"


def do(review: Review, action: str) -> str:
    """The address of one of its dialogs."""
    return f"/admin/reviews/review/{review.pk}/do/{action}/"


def test_looking_at_the_dialog_begins_nothing_and_posting_begins_the_review(
    incident_in: Callable[[str], Incident], people: People, as_: Callable[[str], Client]
) -> None:
    incident, client = incident_in("recovery"), as_("commander")
    Finishing(incident.pk, people).rest_of_recovery()
    address = f"/admin/reviews/review/begin/{incident.pk}/"

    assert client.get(address).status_code == 200
    assert not Review.objects.exists()

    answer = client.post(address)
    assert answer["Location"] == page(Review.objects.get())


def test_an_early_review_is_refused_in_words_in_its_dialog(
    incident_in: Callable[[str], Incident], as_: Callable[[str], Client]
) -> None:
    incident = incident_in("recovery")

    answer = as_("commander").post(f"/admin/reviews/review/begin/{incident.pk}/")

    assert answer.status_code == 422
    assert "Every affected system restored (0 of 1)" in answer.content.decode()
    assert not Review.objects.exists()


def test_an_incident_leads_to_its_review_or_to_nothing(
    review: Review, incident_in: Callable[[str], Incident], as_: Callable[[str], Client]
) -> None:
    client, other = as_("auditor"), incident_in("identification")

    answer = client.get(f"/admin/reviews/review/of/{review.incident_id}/")

    assert answer["Location"] == page(review)
    assert client.get(f"/admin/reviews/review/of/{other.pk}/").status_code == 404
    assert client.get("/admin/reviews/review/begin/4711/").status_code == 404


def test_a_review_is_written_and_approved_by_clicks_alone(
    review: Review, people: People, as_: Callable[[str], Client]
) -> None:
    owner, due = people["responder"].pk, (clocks.now() + timedelta(days=9)).date().isoformat()
    limit = Control.objects.create(number="TR-01", title="Age limit")
    clicks: dict[str, dict[str, Any]] = {
        "write": {
            "root_cause": "A lock over a network call.",
            "contributing_factors": "No alert on age.",
            "facilitator": people["security"].pk,
            "method": "five_whys",
            "revision": 0,
        },
        "add_cause": {"text": "A call has no limit.", "kind": "technology", "is_root": "on"},
        "add_control": {"control": limit.pk, "verdict": "failed", "note": "Check each quote."},
        "agree": {
            "title": "Time out",
            "kind": "prevent",
            "owner": owner,
            "due_on": due,
            "priority": 1,
            "control": limit.pk,
        },
        "add_document": {
            "kind": "runbook",
            "title": "Runbook",
            "link": "wiki.example/x",
            "owner": owner,
            "due_on": due,
        },
        "add_lesson": {"text": "Alert on age.", "tags": "alerts, Market data"},
    }
    client = as_("responder")
    for name, data in clicks.items():
        answer = client.post(do(review, name), data)
        assert (answer.status_code, answer.get("Location")) == (302, page(review)), name
    done = {"part": DocumentUpdate.objects.get().pk, "proof": "Version 7"}
    for name, data in (("finish_document", done), ("ask", {})):
        assert client.post(do(review, name), data).status_code == 302, name

    assert as_("approver").post(do(review, "finish")).status_code == 302

    found = Review.objects.get()
    assert (found.state, found.facilitator) == ("approved", people["security"])
    assert Incident.objects.get().phase == "closed"
    assert DocumentUpdate.objects.get().link == "https://wiki.example/x"
    assert Lesson.objects.get().tags == ["alerts", "market data"]


def test_a_refusal_keeps_what_was_typed(review: Review, as_: Callable[[str], Client]) -> None:
    client = as_("responder")
    client.post(
        do(review, "write"), {"root_cause": "A lock.", "method": "five_whys", "revision": 0}
    )

    answer = client.post(
        do(review, "write"), {"root_cause": "A bug, I think.", "method": "five_whys", "revision": 0}
    )

    words = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody else wrote findings meanwhile" in words
    assert "A bug, I think." in words
    assert Review.objects.get().root_cause == "A lock."


def test_asking_too_early_names_everything_that_lacks(
    review: Review, as_: Callable[[str], Client]
) -> None:
    answer = as_("responder").post(do(review, "ask"))

    assert answer.status_code == 422
    assert "no contributing factors; no control or policy looked at" in answer.content.decode()


def test_rows_are_taken_back_and_documents_updated_by_clicks(
    review: Review, steps: Steps, as_: Callable[[str], Client]
) -> None:
    steps.everything(but="document_done")
    client = as_("responder")
    check, lesson = ControlCheck.objects.get(), Lesson.objects.get()
    document = DocumentUpdate.objects.get()
    assert (
        "Change approval"
        in client.get(do(review, "remove_control"), {"part": check.pk}).content.decode()
    )

    client.post(do(review, "remove_control"), {"part": check.pk})
    client.post(do(review, "remove_lesson"), {"part": lesson.pk})
    client.post(do(review, "finish_document"), {"part": document.pk, "proof": "Version 7"})

    assert (ControlCheck.objects.count(), Lesson.objects.count()) == (0, 0)
    assert DocumentUpdate.objects.get().state == "done"


def test_a_row_of_another_review_cannot_be_reached_through_this_one(
    review: Review, incident_in: Callable[[str], Incident], people: People, as_: Any
) -> None:
    incident = incident_in("recovery")
    Finishing(incident.pk, people).rest_of_recovery()
    other = workflow.begin(incident_id=incident.pk, by=people.actor("commander"), at=LATER)
    Steps(other, people).control()

    answer = as_("responder").post(
        do(review, "remove_control"), {"part": ControlCheck.objects.get().pk}
    )

    assert answer.status_code == 422
    assert ControlCheck.objects.count() == 1


def test_an_auditor_reads_and_it_is_recorded_and_finds_no_button(
    review: Review, steps: Steps, as_: Callable[[str], Client]
) -> None:
    steps.everything()
    client = as_("auditor")

    words = client.get(page(review)).content.decode()

    assert "Time out the call" in words
    assert "/do/" not in words
    assert AuditEvent.objects.filter(action="read", about=f"review:{review.pk}").count() == 1
    assert client.get(do(review, "write")).status_code == 403
    assert client.post(do(review, "finish")).status_code == 403


def test_the_commander_is_told_that_somebody_else_approves(
    review: Review, people: People, as_: Callable[[str], Client]
) -> None:
    people["commander"].roles = ["commander", "approver"]
    people["commander"].save()

    words = as_("commander").get(page(review)).content.decode()

    assert "You commanded this incident; somebody else approves its review." in words
    assert "Approve and close" not in words


def test_a_partner_s_contact_has_no_way_in(review: Review, as_: Callable[[str], Client]) -> None:
    client = as_("helix")

    for address in (page(review), "/admin/reviews/lesson/", do(review, "write")):
        assert client.get(address).status_code == 302


def test_an_action_is_finished_from_the_review_s_page_and_from_its_own(
    closed: Review, as_: Callable[[str], Client]
) -> None:
    action, client = PreventiveAction.objects.get(), as_("responder")
    base = f"/admin/reviews/preventiveaction/{action.pk}"
    assert "overdue" in client.get(f"{base}/change/").content.decode()

    refused = client.post(f"{base}/do/finish/", {"note": "", "back": "review"})
    done = client.post(f"{base}/do/finish/", {"note": "In release 41.", "back": "review"})

    assert refused.status_code == 422
    assert done["Location"] == page(closed)
    assert "In release 41." in client.get(f"{base}/change/").content.decode()


def test_a_review_knows_every_gate_that_was_waived_and_why(
    incident_in: Callable[[str], Incident], people: People
) -> None:
    incident = incident_in("containment")
    reason = "The market closes in five minutes."
    waivers.waive(
        incident_id=incident.pk,
        gate="exposure",
        reason=reason,
        by=people.actor("commander"),
        at=NOW,
    )
    passed = facts.gates_waived(incident)
    assert [(row.words, row.reason, row.by) for row in passed] == [
        ("Residual exposure named", reason, "Incident commander")
    ]


def test_the_page_names_waived_gates_or_says_that_there_are_none(
    as_: Callable[[str], Client], review: Review, people: People
) -> None:
    page = as_("approver").get(f"/admin/reviews/review/{review.pk}/change/").content.decode()
    assert "No gate was waived." in page
    assert "Gates waived" not in page
    Waiver.objects.create(
        incident=review.incident,
        gate="soak",
        reason="<b>Watched on</b>",
        waived_at=NOW,
        waived_by=people["commander"],
    )
    page = as_("approver").get(f"/admin/reviews/review/{review.pk}/change/").content.decode()
    assert "Gates waived" in page
    assert "No gate was waived." not in page
    assert "In band for the whole soak time" in page
    assert "&lt;b&gt;Watched on&lt;/b&gt;" in page
