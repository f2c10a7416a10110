"""A preventive action: what is done so that it does not come back. Outlives its incident."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class PreventiveAction(models.Model):
    """Agreed in a review, with an owner and a due day; done with a note, or dropped with a reason.

    It stays alive after the incident closed.
    """

    class Kind(models.TextChoices):
        PREVENT = "prevent", "prevent"
        DETECT = "detect", "detect"
        RESPOND = "respond", "respond"

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"
        DROPPED = "dropped", "dropped"

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="actions")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="preventive_actions"
    )
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    note = models.TextField(blank=True, help_text="How it was done, or why it was dropped.")
    agreed_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, help_text="When its owner is reminded next.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("due_on", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None, ended_by=None)
                | (
                    Q(state__in=["done", "dropped"], ended_at__isnull=False)
                    & Q(ended_by__isnull=False)
                    & ~Q(note="")
                ),
                name="action_ended_by_someone_with_a_note",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_on", "id"], condition=Q(state="open"), name="action_open"),
            models.Index(fields=["due_on"], name="action_due"),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(state="open", remind_at__isnull=False),
                name="action_to_remind_of",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Neither done nor dropped."""
        return self.state == self.State.OPEN
