"""A document that has to change because of what a review found."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class DocumentUpdate(models.Model):
    """A runbook, policy or partner document to update: open with an owner, or done with proof."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="documents")
    title = models.CharField(max_length=200)
    link = models.URLField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="document_updates"
    )
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

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Not updated yet."""
        return self.state == self.State.OPEN
