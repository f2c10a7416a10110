"""Who took part in a review."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from incidentdesk.kernel.errors import Conflict, InvalidInput
from partners.models import Partner
from reviews import attending
from reviews.models import Attendee, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


def test_people_of_the_desk_and_others_by_name_took_part(
    review: Review, people: People, helix: Partner
) -> None:
    who: dict[str, Any] = {"review_id": review.pk, "by": people.actor("responder"), "at": LATER}
    attending.add(**who, user_id=people["security"].pk)
    attending.add(**who, name="R. Ives")
    gone = attending.add(**who, name="R. Ives", partner_id=helix.pk)

    assert [str(row) for row in review.attendees.all()] == [
        "Security lead",
        "R. Ives",
        "R. Ives, Helix Markets",
    ]
    for again in ({"user_id": people["security"].pk}, {"name": " R. Ives "}):
        with pytest.raises(Conflict, match="is listed already"):
            attending.add(**who, **again)
    attending.remove(attendee_id=gone.pk, by=who["by"], at=LATER)
    assert [row.body for row in review.incident.entries.all()[:2]] == [
        "Took no part in the review: R. Ives, Helix Markets.",
        "Took part in the review: R. Ives, Helix Markets.",
    ]


def test_it_is_one_of_the_two_and_a_partner_that_is_affected(
    review: Review, people: People, norrbank: Partner, helix: Partner
) -> None:
    who: dict[str, Any] = {"review_id": review.pk, "by": people.actor("responder"), "at": LATER}
    desk = people["security"].pk
    for given, words in (
        ({}, "one of the two"),
        ({"user_id": desk, "name": "R. Ives"}, "one of the two"),
        ({"user_id": desk, "partner_id": helix.pk}, "for no partner"),
        ({"user_id": people["helix"].pk}, "works at the desk"),
        ({"name": "R. Ives", "partner_id": norrbank.pk}, "that this incident affects"),
        ({"name": "x" * 121}, "120 is the most"),
    ):
        with pytest.raises(InvalidInput, match=words):
            attending.add(**who, **given)
    assert not Attendee.objects.exists()


def test_the_database_keeps_the_list(
    review: Review, steps: Steps, people: People, helix: Partner
) -> None:
    row: dict[str, Any] = {"review": review, "added_at": LATER}
    for wrong in (
        {},
        {"user": people["security"], "name": "R. Ives"},
        {"user": people["security"], "partner": helix},
    ):
        with pytest.raises(IntegrityError, match="a_person_or_a_name"), transaction.atomic():
            Attendee.objects.create(**row, **wrong)
    Attendee.objects.create(**row, name="R. Ives")
    with pytest.raises(IntegrityError, match="attendee_once"), transaction.atomic():
        Attendee.objects.create(**row, name="R. Ives")
    steps.everything()
    steps.ask()
    for change in (
        lambda: Attendee.objects.create(**row, name="Late"),
        lambda: Attendee.objects.update(name="Other"),
        lambda: Attendee.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="not a draft"), transaction.atomic():
            change()
    with pytest.raises(Conflict, match="is with its approvers"):
        attending.add(review_id=review.pk, name="Late", by=people.actor("responder"), at=LATER)
