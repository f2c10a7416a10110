"""Documents to update: open ones keep the review open, and their owners are reminded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Incident, ReviewFacts
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput
from notifications.models import Message
from reviews import documents, jobs
from reviews.models import DocumentUpdate, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, NEXT_WEEK, Steps

pytestmark = pytest.mark.django_db
END = clocks.end_of(NEXT_WEEK)


def told(at: datetime) -> list[tuple[str, str]]:
    """To whom and what, without the reference; asked twice, the second time for nothing."""
    before = set(Message.objects.values_list("pk", flat=True))
    documents.remind(at=at)
    assert documents.remind(at=at) == 0
    rows = Message.objects.exclude(pk__in=before).order_by("pk")
    return [(row.to_address, row.subject.partition(": ")[2]) for row in rows]


def test_a_day_that_nobody_can_mean_is_refused(review: Review, people: People) -> None:
    owner = people["responder"].pk
    who = {"review_id": review.pk, "by": people.actor("responder"), "at": LATER}
    for day, why in ((date(9999, 12, 31), "check the year"), (date(2020, 1, 1), "in the past")):
        with pytest.raises(InvalidInput, match=why):
            documents.add(**who, kind="runbook", title="Runbook", owner_id=owner, due_on=day)


def test_an_open_document_keeps_the_review_open(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything(but="document_done")

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == ["a document not updated yet"]
    assert ReviewFacts.objects.get().missing == ["a document not updated yet"]
    steps.document_done()
    assert ReviewFacts.objects.get().missing == []
    steps.finish()
    assert Incident.objects.get().phase == "closed"


def test_a_document_is_done_once_with_proof(review: Review, steps: Steps, people: People) -> None:
    document, by = steps.document(), people.actor("responder")
    who: dict[str, Any] = {"document_id": document.pk, "by": by, "at": LATER}

    with pytest.raises(InvalidInput, match="what shows the update"):
        documents.finish(**who, proof=" ")
    documents.finish(**who, proof="Version 7.")

    document.refresh_from_db()
    assert (document.state, document.done_by) == ("done", people["responder"])
    assert (document.due_on, document.done_when) == (NEXT_WEEK, "Version 7 is out.")
    entries = [row.body for row in review.incident.entries.all()[:2]]
    assert entries == [
        "Document updated: Runbook: quote gateway. Version 7.",
        "Document to update (runbook): Runbook: quote gateway, Responder, by 11 Mar 2026.",
    ]
    with pytest.raises(Conflict, match="was updated already"):
        documents.finish(**who, proof="Again.")


def test_what_makes_no_sense_is_refused_in_words(review: Review, people: People) -> None:
    good: dict[str, Any] = {
        "title": "Runbook",
        "kind": "policy",
        "owner_id": people["responder"].pk,
        "due_on": NEXT_WEEK,
    }
    for wrong, words in (
        ({"title": " "}, "Name the document"),
        ({"kind": "memo"}, "a runbook, a policy or a document for partners"),
        ({"owner_id": 0}, "Choose an owner"),
        ({"due_on": date(2026, 3, 4)}, "lies in the past"),
        ({"link": "javascript:alert(1)"}, "has to be a web address"),
    ):
        with pytest.raises(InvalidInput, match=words):
            documents.add(
                review_id=review.pk, by=people.actor("responder"), at=LATER, **{**good, **wrong}
            )
    assert not DocumentUpdate.objects.exists()


def test_its_owner_is_reminded_until_it_is_done(steps: Steps, people: People) -> None:
    steps.document()
    span = END - LATER

    found = {share: told(LATER + span * share) for share in (0.4, 0.5, 0.9, 1.0)}

    name = "Update of “Runbook: quote gateway”"
    who = "responder@desk.test"
    assert found == {
        0.4: [],
        0.5: [(who, f"{name} due in {clocks.words(span * 0.5)}")],
        0.9: [(who, f"{name} due in {clocks.words(span * 0.1)}")],
        1.0: [(who, f"{name} is late")],
    }
    steps.document_done()
    assert told(END + timedelta(days=30)) == []


def test_of_a_restricted_incident_the_reminder_names_nothing(steps: Steps) -> None:
    steps.document()
    Incident.objects.update(is_restricted=True)

    assert told(END) == [("commander@desk.test", "A document to update is late")]
    assert "quote gateway" not in Message.objects.latest("pk").body_text


def test_the_worker_reminds_of_documents_and_of_approvals(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.document()
    monkeypatch.setattr(clocks, "database_now", lambda: END)
    jobs.remind_of_actions()
    jobs.remind_of_actions()

    assert Message.objects.filter(subject__contains="Update of").count() == 1


def test_the_database_takes_none_into_a_review_that_is_no_draft(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    steps.ask()
    row = {"review": review, "title": "x", "owner": people["responder"], "added_at": LATER}

    with pytest.raises(IntegrityError, match="not a draft"), transaction.atomic():
        DocumentUpdate.objects.create(**row)
    with pytest.raises(IntegrityError, match="not a draft"), transaction.atomic():
        DocumentUpdate.objects.all()._raw_delete("default")
