"""The lists of reviews, actions and lessons: order, search, what stays text, what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Incident
from incidentdesk.kernel import clocks
from reviews import lessons
from reviews.models import ControlCheck, DocumentUpdate, Lesson, PreventiveAction, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db
NOT_COUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "set_config")


def page(review: Review) -> str:
    """The address of its page."""
    return f"/admin/reviews/review/{review.pk}/change/"


def queries_of(client: Client, address: str) -> int:
    """How many queries a page costs, once the process is warm."""
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return sum(not any(word in q["sql"] for word in NOT_COUNTED) for q in captured)


def test_the_register_shows_overdue_actions_first(steps: Steps, as_: Any) -> None:
    soon = (clocks.now() + timedelta(days=3)).date()
    steps.action("detect", due_on=soon)
    overdue = steps.action()
    PreventiveAction.objects.filter(pk=overdue.pk).update(title="The overdue one")

    words = as_("auditor").get("/admin/reviews/preventiveaction/").content.decode()

    assert words.index("The overdue one") < words.index("Time out the call")
    assert "11 Mar 2026, overdue" in words


@pytest.mark.parametrize("search", ["quiet market", "alerts", "INC-2026", "stale prices"])
def test_lessons_are_found_by_their_words_tags_and_incident(
    closed: Review, as_: Callable[[str], Client], search: str
) -> None:
    client, found = as_("communications"), "A stale price looks like a quiet market"

    assert found in client.get("/admin/reviews/lesson/", {"q": search}).content.decode()
    assert found not in client.get("/admin/reviews/lesson/", {"q": "eclipse"}).content.decode()


def test_a_lesson_leads_to_its_review(closed: Review, as_: Callable[[str], Client]) -> None:
    lesson = Lesson.objects.get()

    answer = as_("auditor").get(f"/admin/reviews/lesson/{lesson.pk}/change/")

    assert answer["Location"] == page(closed)


def test_what_people_write_stays_text(review: Review, people: People, as_: Any) -> None:
    lessons.add(
        review_id=review.pk,
        text="<script>alert(1)</script>",
        tags=["<b>x</b>"],
        by=people.actor("responder"),
        at=LATER,
    )
    client = as_("auditor")

    for address in (page(review), "/admin/reviews/lesson/"):
        words = client.get(address).content.decode()
        assert "<script>alert(1)" not in words
        assert "<b>x</b>" not in words
        assert "&lt;script&gt;alert(1)" in words


def test_the_page_costs_the_same_with_one_row_and_with_thirty(
    review: Review, steps: Steps, as_: Callable[[str], Client]
) -> None:
    steps.everything()
    client = as_("responder")
    one = queries_of(client, page(review))
    for model in (ControlCheck, PreventiveAction, DocumentUpdate, Lesson):
        row = model.objects.get()
        for _ in range(29):
            row.pk, row._state.adding = None, True
            row.save()

    assert queries_of(client, page(review)) == one
    assert one <= 24


@pytest.mark.parametrize("noun", ["review", "preventiveaction", "lesson"])
def test_a_list_costs_the_same_with_one_row_and_with_thirty(
    closed: Review,
    declare: Callable[..., Incident],
    people: People,
    as_: Callable[[str], Client],
    noun: str,
) -> None:
    client, address = as_("responder"), f"/admin/reviews/{noun}/"
    one = queries_of(client, address)
    for _ in range(29):
        other = Review.objects.create(
            incident=declare(), opened_at=LATER, facilitator=people["security"]
        )
        Lesson.objects.create(review=other, text="Look twice.", added_at=LATER)
        PreventiveAction.objects.create(
            review=other,
            title="Look twice",
            kind="detect",
            owner=people["security"],
            due_on=LATER.date(),
            agreed_at=LATER,
        )

    assert queries_of(client, address) == one
    assert one <= 10
