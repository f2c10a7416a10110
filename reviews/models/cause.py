"""A cause in the analysis of a review: one “why” in a tree with several branches.

The database keeps it a tree: a cause stands below one of the same review that is there already, and
never moves. It stays as it is while the review is with its approver, and after.
"""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models

from reviews.models.review import ONLY_IN_A_DRAFT

DEEPEST, MOST = 10, 60  # whys below each other, and causes of one review

_KEPT_A_TREE = f"""
    {ONLY_IN_A_DRAFT}
    IF NEW.parent_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM reviews_cause WHERE id = NEW.parent_id AND review_id = NEW.review_id
    ) THEN
        RAISE EXCEPTION 'A cause stands below one of the same review.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        WITH RECURSIVE above AS (
            SELECT id, parent_id FROM reviews_cause WHERE id = NEW.parent_id
            UNION ALL
            SELECT c.id, c.parent_id FROM reviews_cause AS c JOIN above ON c.id = above.parent_id
        )
        SELECT count(*) FROM above
    ) >= {DEEPEST} THEN
        RAISE EXCEPTION 'A cause has at most {DEEPEST - 1} above it.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT'
       AND (SELECT count(*) FROM reviews_cause WHERE review_id = NEW.review_id) >= {MOST} THEN
        RAISE EXCEPTION 'A review has at most {MOST} causes.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.entry_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM cases_entry AS e JOIN reviews_review AS r ON r.incident_id = e.incident_id
        WHERE e.id = NEW.entry_id AND r.id = NEW.review_id
    ) THEN
        RAISE EXCEPTION 'What shows a cause stands on the timeline of the same incident.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""  # noqa: S608 -- numbers of this module
_REMOVED_FROM_A_DRAFT = f"""
    {ONLY_IN_A_DRAFT.replace("NEW.", "OLD.")}
    RETURN OLD;
"""


class Cause(models.Model):
    """Why something happened. Without a parent it begins a branch; some are root causes."""

    class Kind(models.TextChoices):
        PEOPLE = "people", "people and training"
        PROCESS = "process", "process"
        TECHNOLOGY = "technology", "technology"
        ENVIRONMENT = "environment", "environment"
        THIRD_PARTY = "third_party", "third party"

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="causes")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="below")
    text = models.CharField(max_length=500)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    is_root = models.BooleanField(
        default=False, help_text="A root cause: what has to change so that it does not return."
    )
    entry = models.ForeignKey(
        "cases.Entry",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The line of the timeline that shows it.",
    )
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(text=""), name="cause_says_something"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="kept_a_tree",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_KEPT_A_TREE,
            ),
            pgtrigger.Trigger(
                name="removed_from_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=_REMOVED_FROM_A_DRAFT,
            ),
            pgtrigger.Protect(
                name="cause_never_moves",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.parent_id IS DISTINCT FROM NEW.parent_id OR OLD.review_id <> NEW.review_id"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.text
