"""Lessons: written in a review, found by words, and proposed when the same kind comes again."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from django.db import transaction
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, When

from cases.models import Category, Incident, System
from cases.search import as_asked
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound
from reviews import drafting, queries
from reviews.models import Control, Lesson

MOST = 5  # lessons that are proposed on an incident
_WORD = re.compile(r"[\w-]+")


@transaction.atomic
def add(
    *,
    review_id: int,
    text: str,
    tags: Sequence[str] = (),
    category_id: int | None = None,
    system_ids: Sequence[int] | None = None,
    control_ids: Sequence[int] = (),
    by: Actor,
    at: datetime,
) -> Lesson:
    """What the next people in the same place should know; how it is found again.

    Without a category or systems it has those of its incident; `[]` is none.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    incident = review.incident
    if category_id is not None and not Category.objects.filter(pk=category_id).exists():
        raise NotFound("There is no such category; choose one of the register.")
    lesson = Lesson.objects.create(
        review=review,
        text=drafting.words(text, lacks="Write the lesson in a sentence or two.", limit=1000),
        tags=_tags(tags),
        category_id=category_id or incident.category_id,
        added_at=at,
    )
    own = incident.systems.values_list("system_id", flat=True)
    lesson.systems.set(list(own) if system_ids is None else _all(System, system_ids))
    lesson.controls.set(_all(Control, control_ids))
    drafting.note(review, f"Lesson: {lesson.text}", by=by, at=at)
    return lesson


@transaction.atomic
def remove(*, lesson_id: int, by: Actor, at: datetime) -> None:
    """Take back a lesson from a draft."""
    lesson = drafting.locked_part(Lesson, lesson_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(lesson.review, by=by, at=at)
    if lesson.plan_items.exists():
        raise Conflict("This lesson stands in a plan; decide on it there.")
    lesson.delete()
    drafting.note(lesson.review, f"Lesson taken back: {lesson.text}", by=by, at=at)


# --- finding them again ---------------------------------------------------------------------------


def search(rows: QuerySet[Lesson], words: str) -> QuerySet[Lesson]:
    """Those that hold `words`, in the lesson or its tags, as the list of incidents searches."""
    held = "reviews_lesson.words @@ websearch_to_tsquery('english', %s)"
    return rows.extra(where=[held], params=[as_asked(words)])  # noqa: S610 -- our own condition


def seen_before(incident: Incident, actor: Actor) -> list[Lesson]:
    """What earlier incidents of the same kind taught, the nearest first; MOST at most.

    First those of its category that share a system or a tag, then the rest of its category, then
    what else shares a system or a tag. Of incidents that this actor may read, and of others only.
    """
    systems = list(incident.systems.values_list("system_id", flat=True))
    shares = Exists(
        Lesson.systems.through.objects.filter(lesson=OuterRef("pk"), system_id__in=systems)
    ) | Q(tags__overlap=sorted(_words_of(incident)) or [""])
    same = Q(category=incident.category_id) if incident.category_id else Q(pk__in=())
    rank = Case(
        When(same & shares, then=0),
        When(same, then=1),
        default=2,
        output_field=IntegerField(),
    )
    found = queries.lessons_visible_to(actor).exclude(review__incident=incident.pk)
    found = found.filter(same | shares).annotate(rank=rank)
    return list(found.prefetch_related("systems").order_by("rank", "-id")[:MOST])


def _words_of(incident: Incident) -> set[str]:
    """What could be a tag in an incident: words and pairs of words of its title, its category."""
    words = _WORD.findall(incident.title.lower())
    pairs = {f"{left} {right}" for left, right in pairwise(words)}
    named = {incident.category.name.lower(), incident.category.key} if incident.category else set()
    return {*words, *pairs, *named}


def _all(model: type[System] | type[Control], ids: Collection[int]) -> list[int]:
    """These ids, each of a row that there is."""
    found = set(model._default_manager.filter(pk__in=ids).values_list("pk", flat=True))
    if missing := set(ids) - found:
        raise NotFound(f"There is no {model._meta.verbose_name} {min(missing)}.")
    return sorted(found)


def _tags(tags: Sequence[str]) -> list[str]:
    """Lower case, no doubles, at most forty characters each, in order."""
    cleaned = (" ".join(tag.replace("\x00", "").lower().split())[:40].strip() for tag in tags)
    return list(dict.fromkeys(tag for tag in cleaned if tag))
