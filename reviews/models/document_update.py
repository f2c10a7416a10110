"""A document that has to change because of what a review found."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.review import ONLY_IN_A_DRAFT


class DocumentUpdate(models.Model):
    """A runbook, policy or partner document to update: open with an owner, or done with proof."""

    class Kind(models.TextChoices):
        RUNBOOK = "runbook", "runbook"
        POLICY = "policy", "policy"
        PARTNER = "partner", "document for partners"

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="documents")
    kind = models.CharField(
        max_length=10,
        choices=Kind.choices,
        default=Kind.RUNBOOK,
        db_default=Kind.RUNBOOK.value,
    )
    title = models.CharField(max_length=200)
    link = models.URLField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="document_updates"
    )
    due_on = models.DateField(null=True, help_text="Empty for those listed before there was one.")
    done_when = models.TextField(
        blank=True, db_default=models.Value(""), help_text="How one sees that it is done."
    )
    remind_at = models.DateTimeField(null=True, help_text="When its owner is reminded next.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proof = models.TextField(blank=True, help_text="What shows it: a version, a change, a date.")
    added_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(state="open", done_at=None, done_by=None)
                | Q(state="done", done_at__isnull=False, done_by__isnull=False) & ~Q(proof=""),
                name="document_done_by_someone_with_proof",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(state="open", remind_at__isnull=False),
                name="document_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="asked_for_in_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"{ONLY_IN_A_DRAFT} RETURN NEW;",
            ),
            pgtrigger.Trigger(
                name="taken_back_from_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=f"{ONLY_IN_A_DRAFT.replace('NEW.', 'OLD.')} RETURN OLD;",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Not updated yet."""
        return self.state == self.State.OPEN
