"""Lessons: what they are tagged with, how they are found, and when they are seen again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client

from cases import restriction
from cases.models import AffectedSystem, Category, Incident, System
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import NotFound
from reviews import lessons
from reviews.models import Control, Lesson, Review
from tests.conftest import NOW, People
from tests.reviews.conftest import LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def like(declare: Callable[..., Incident]) -> Callable[..., Incident]:
    """`like(system="quote-gw-eu-2")`: an open incident of this category on this system."""

    def make(title: str = "Again", *, category: str = "outage", system: str = "") -> Incident:
        incident = declare(title=title, at=LATER)
        Incident.objects.filter(pk=incident.pk).update(category=Category.objects.get(key=category))
        if system:
            row, _ = System.objects.get_or_create(name=system)
            AffectedSystem.objects.create(incident=incident, system=row, changed_at=NOW)
        return Incident.objects.select_related("category").get(pk=incident.pk)

    return make


def teach(review: Review, people: People, text: str, **known: Any) -> Lesson:
    return lessons.add(
        review_id=review.pk, text=text, by=people.actor("responder"), at=LATER, **known
    )


def test_a_lesson_has_the_category_and_systems_of_its_incident_unless_others_are_chosen(
    review: Review, people: People
) -> None:
    other = System.objects.create(name="ledger")
    control = Control.objects.create(number="AC-1", title="Access")
    plain = teach(review, people, "Ask twice.")
    chosen = teach(
        review,
        people,
        "Ask thrice.",
        category_id=Category.objects.get(key="trading").pk
        if Category.objects.filter(key="trading").exists()
        else Category.objects.exclude(key="outage").first().pk,
        system_ids=[other.pk],
        control_ids=[control.pk],
    )

    assert plain.category == review.incident.category
    assert [row.name for row in plain.systems.all()] == ["quote-gw-eu-2"]
    assert chosen.category != plain.category
    assert (list(chosen.systems.all()), list(chosen.controls.all())) == ([other], [control])
    with pytest.raises(NotFound, match="no system"):
        teach(review, people, "Never.", system_ids=[other.pk + 999])


def test_a_lesson_is_found_by_its_words_and_tags_in_other_forms(
    review: Review, people: People
) -> None:
    stale = teach(review, people, "A stale price looks like a quiet market.", tags=["feeds"])
    teach(review, people, "Fail over by hand.")
    found = lambda words: list(lessons.search(Lesson.objects.all(), words))  # noqa: E731

    assert found("prices") == [stale]
    assert found("feed") == [stale]
    assert found("nothing") == []


def test_what_earlier_incidents_of_the_kind_taught_is_seen_again_the_nearest_first(
    review: Review, people: People, like: Callable[..., Incident]
) -> None:
    far = teach(review, people, "Same category.", system_ids=[])
    near = teach(review, people, "Same category, same system.")
    tagged = teach(review, people, "Same category and tag.", system_ids=[], tags=["sequence gap"])
    strange = Category.objects.exclude(key="outage").first()
    aside = teach(review, people, "Another category, same system.", category_id=strange.pk)
    teach(review, people, "Nothing in common.", category_id=strange.pk, system_ids=[])
    incident = like("A sequence gap", system="quote-gw-eu-2")

    assert lessons.seen_before(incident, SYSTEM) == [tagged, near, far, aside]


def test_five_are_shown_and_none_of_its_own_review(
    review: Review, people: People, like: Callable[..., Incident]
) -> None:
    made = [teach(review, people, f"No {n}.") for n in range(7)]

    assert lessons.seen_before(like(system="quote-gw-eu-2"), SYSTEM) == made[:1:-1]
    assert lessons.seen_before(review.incident, SYSTEM) == []


def test_lessons_of_a_restricted_incident_are_seen_by_those_who_may_open_it_only(
    review: Review, people: People, like: Callable[..., Incident], as_: Callable[[str], Client]
) -> None:
    teach(review, people, "Zebra words.", tags=["zebra"])
    incident = like(system="quote-gw-eu-2")
    address = f"/admin/reviews/lesson/seen/{incident.pk}/"
    assert "Zebra words" in as_("responder").get(address).content.decode()

    restriction.restrict(
        incident_id=review.incident_id,
        user_ids=[],
        reason="x",
        by=people.actor("commander"),
        at=LATER,
    )

    assert "Zebra words" not in as_("responder").get(address).content.decode()
    assert "Stale prices" not in as_("responder").get(address).content.decode()
    assert "Zebra words" in as_("commander").get(address).content.decode()
    for query in ("", "?q=zebra", "?tag=zebra"):
        page = as_("responder").get(f"/admin/reviews/lesson/{query}", follow=True)
        assert "Zebra words" not in page.content.decode()
    assert lessons.seen_before(incident, people.actor("responder")) == []


def test_what_is_over_shows_no_lessons_and_a_hidden_incident_no_part_at_all(
    closed: Review, like: Callable[..., Incident], people: People, as_: Callable[[str], Client]
) -> None:
    other = like(system="quote-gw-eu-2")
    lesson = "A stale price looks like"
    seen = "/admin/reviews/lesson/seen"

    assert lesson in as_("auditor").get(f"{seen}/{other.pk}/").content.decode()
    assert lesson not in as_("auditor").get(f"{seen}/{closed.incident_id}/").content.decode()
    Incident.objects.filter(pk=other.pk).update(is_restricted=True)
    assert as_("responder").get(f"{seen}/{other.pk}/").status_code == 404


def test_an_incident_s_page_asks_for_that_part(
    like: Callable[..., Incident], as_: Callable[[str], Client]
) -> None:
    incident = like()

    page = as_("responder").get(incident.url).content.decode()

    assert f'hx-get="/admin/reviews/lesson/seen/{incident.pk}/" hx-trigger="load"' in page


@pytest.mark.parametrize(
    "table",
    [
        "lesson",
        "lesson_systems",
        "lesson_controls",
        "control",
        "controlcheck",
        "preventiveaction",
        "postponement",
        "plan",
        "planitem",
        "problem",
        "problemincident",
        "noproblem",
        "tracker",
    ],
)
def test_the_portal_s_role_reads_nothing_of_what_was_learned(
    closed: Review, table: str, settings: Any
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [settings.PORTAL_ROLE])
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(f"SELECT count(*) FROM reviews_{table}")  # noqa: S608 -- names of ours
