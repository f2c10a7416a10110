"""The tree of whys: branches, limits said kindly, and what the database refuses on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from cases.models import Incident
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from reviews import causes, workflow
from reviews.models import Cause, Review
from reviews.models.cause import DEEPEST, MOST
from tests.conftest import People
from tests.reviews.conftest import LATER, Finishing, Steps

pytestmark = pytest.mark.django_db


def drawn(review: Review) -> str:
    """The tree as lines, two spaces a step down."""
    branches = causes.tree(review.causes.all())
    return "\n".join(
        f"{'  ' * (node.depth - 1)}{node.cause.text}" for node in causes.walked(branches)
    )


def newest_entry(review: Review) -> str:
    """The last line of the incident's timeline."""
    return Incident.objects.get(pk=review.incident_id).entries.order_by("-sequence")[0].body


@pytest.fixture
def other(incident_in: Callable[[str], Incident], people: People) -> Review:
    """The review of another incident."""
    incident = incident_in("recovery")
    Finishing(incident.pk, people).rest_of_recovery()
    return workflow.begin(incident_id=incident.pk, by=people.actor("commander"), at=LATER)


def insert(**values: Any) -> None:
    """A row by plain SQL."""
    row = {"text": "x", "kind": "process", "is_root": False, "added_at": LATER, **values}
    names = ", ".join(row)
    holes = ", ".join(["%s"] * len(row))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO reviews_cause ({names}) VALUES ({holes})",  # noqa: S608
            list(row.values()),
        )


def test_whys_stand_below_each_other_in_several_branches(review: Review, steps: Steps) -> None:
    first = steps.why("Prices were stale.")
    second = steps.why("No alert on age.")
    lock = steps.why("A lock was held.", below=first.pk)
    steps.why("The call has no limit.", below=lock.pk)
    steps.why("Silence looked like a quiet market.", below=second.pk)

    assert drawn(review) == (
        "Prices were stale.\n"
        "  A lock was held.\n"
        "    The call has no limit.\n"
        "No alert on age.\n"
        "  Silence looked like a quiet market."
    )
    assert newest_entry(review) == (
        "Cause added (technology, root cause): Silence looked like a quiet market."
    )


def test_a_cause_is_said_otherwise_and_an_empty_change_says_nothing(
    review: Review, steps: Steps, people: People
) -> None:
    cause, by = steps.why("A lock."), people.actor("responder")
    shown = review.incident.entries.order_by("sequence").first()
    assert shown is not None
    said = {"text": "A lock over a call.", "kind": "process", "entry_id": shown.pk}
    causes.edit(cause_id=cause.pk, **said, by=by, at=LATER)
    entries = review.incident.entries.count()
    causes.edit(cause_id=cause.pk, **said, by=by, at=LATER)

    cause.refresh_from_db()
    assert (cause.text, cause.kind, cause.is_root, cause.entry) == (
        "A lock over a call.",
        "process",
        False,
        shown,
    )
    assert newest_entry(review) == "Cause changed (process): A lock over a call."
    assert review.incident.entries.count() == entries


def test_what_lies_below_goes_with_a_cause(review: Review, steps: Steps, people: People) -> None:
    first, kept = steps.why("First."), steps.why("Kept.")
    second = steps.why("Second.", below=first.pk)
    steps.why("Third.", below=second.pk)

    causes.remove(cause_id=first.pk, by=people.actor("responder"), at=LATER)

    assert list(review.causes.all()) == [kept]
    assert newest_entry(review) == "Cause taken back, with 2 below it: First."
    with pytest.raises(NotFound, match="no such cause any more"):
        causes.remove(cause_id=first.pk, by=people.actor("responder"), at=LATER)


def test_a_tree_has_its_limits_and_says_so(review: Review, steps: Steps) -> None:
    above: int | None = None
    for number in range(DEEPEST):
        above = steps.why(f"Why {number}.", below=above).pk

    with pytest.raises(InvalidInput, match="10 whys below each other are the most"):
        steps.why("One more.", below=above)
    for number in range(MOST - DEEPEST):
        steps.why(f"Branch {number}.")
    with pytest.raises(InvalidInput, match="60 causes are the most that anybody can follow"):
        steps.why("One more.")
    assert review.causes.count() == MOST


def test_what_makes_no_sense_is_refused_in_words(
    review: Review, other: Review, steps: Steps, people: People
) -> None:
    strange = Steps(other, people).why("Elsewhere.")
    entry = other.incident.entries.first()
    assert entry is not None
    who: dict[str, Any] = {"review_id": review.pk, "by": people.actor("responder"), "at": LATER}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"text": " ", "kind": "process"}, "Say in a sentence why"),
        ({"text": "x" * 501, "kind": "process"}, "500 is the most"),
        ({"text": "x", "kind": "weather"}, "choose one"),
        ({"text": "x", "kind": "process", "parent_id": strange.pk}, "is gone by now"),
        ({"text": "x", "kind": "process", "entry_id": entry.pk}, "this incident's own timeline"),
    ]
    for given, words in wrong:
        with pytest.raises(InvalidInput, match=words):
            causes.add(**who, **given)
    assert not review.causes.exists()


def test_the_database_keeps_it_a_tree_of_one_review(
    review: Review, other: Review, steps: Steps, people: People
) -> None:
    cause, strange = steps.why("Here."), Steps(other, people).why("Elsewhere.")
    entry = other.incident.entries.first()
    assert entry is not None

    with pytest.raises(IntegrityError, match="below one of the same review"):
        insert(review_id=review.pk, parent_id=strange.pk)
    with pytest.raises(IntegrityError, match="below one of the same review"):
        insert(review_id=review.pk, id=4711, parent_id=4711)
    with pytest.raises(IntegrityError, match="below one of the same review"):
        insert(review_id=review.pk, parent_id=4712)  # one that comes later
    with pytest.raises(IntegrityError, match="timeline of the same incident"):
        insert(review_id=review.pk, entry_id=entry.pk)
    with pytest.raises(IntegrityError, match="cause_says_something"):
        insert(review_id=review.pk, text="")
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Cause.objects.filter(pk=cause.pk).update(parent=cause)
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Cause.objects.filter(pk=cause.pk).update(review=other)
    assert Cause.objects.count() == 2


def test_the_database_keeps_its_limits(review: Review, steps: Steps) -> None:
    above: int | None = None
    for number in range(DEEPEST):
        above = steps.why(f"Why {number}.", below=above).pk
    with pytest.raises(IntegrityError, match="at most 9 above it"):
        insert(review_id=review.pk, parent_id=above)
    for number in range(MOST - DEEPEST):
        steps.why(f"Branch {number}.")
    with pytest.raises(IntegrityError, match="at most 60 causes"):
        insert(review_id=review.pk)


def test_the_tree_stays_while_the_review_is_with_its_approvers_and_after(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    cause, by = Cause.objects.get(), people.actor("responder")
    steps.ask()

    for _ in range(2):
        with pytest.raises(Conflict, match="stays as it is"):
            steps.why()
        with pytest.raises(Conflict, match="stays as it is"):
            causes.edit(cause_id=cause.pk, text="No.", kind="process", by=by, at=LATER)
        with pytest.raises(Conflict, match="stays as it is"):
            causes.remove(cause_id=cause.pk, by=by, at=LATER)
        for change in (
            lambda: insert(review_id=review.pk),
            lambda: Cause.objects.update(text="Rewritten."),
            lambda: Cause.objects.all()._raw_delete("default"),
        ):
            with (
                pytest.raises(IntegrityError, match="not a draft stays as it is"),
                transaction.atomic(),
            ):
                change()
        if Review.objects.get().is_in_review:
            steps.finish()
    assert Cause.objects.get() == cause
