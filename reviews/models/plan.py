"""A plan: what was learned in a stretch of time, and what is made of each piece of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Plan(models.Model):
    """A planning cycle, for instance “Security plan 2027 H1”. Closed once nothing is undecided."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    title = models.CharField(max_length=120, unique=True)
    begins_on = models.DateField()
    ends_on = models.DateField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-begins_on", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(begins_on__lt=F("ends_on")), name="plan_begins_before_it_ends"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None, closed_by=None)
                | Q(state="closed", closed_at__isnull=False, closed_by__isnull=False),
                name="plan_closed_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Things can be gathered and decided."""
        return self.state == self.State.OPEN


class PlanItem(models.Model):
    """A lesson, or a control that did not hold, in a plan, and what was decided on it."""

    class Decision(models.TextChoices):
        UNDECIDED = "undecided", "undecided"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "rejected"
        INCORPORATED = "incorporated", "incorporated"
        MOVED = "moved", "moved to the next plan"

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="items")
    lesson = models.ForeignKey(
        "reviews.Lesson", models.PROTECT, null=True, related_name="plan_items"
    )
    control = models.ForeignKey(
        "reviews.Control", models.PROTECT, null=True, related_name="plan_items"
    )
    decision = models.CharField(max_length=12, choices=Decision.choices, default=Decision.UNDECIDED)
    words = models.TextField(blank=True, help_text="Why it was rejected, or as what it came in.")
    gathered_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(lesson=None) ^ Q(control=None), name="plan_item_is_one_thing"
            ),
            models.CheckConstraint(
                condition=Q(decision="undecided", decided_at=None, decided_by=None)
                | (
                    ~Q(decision="undecided") & Q(decided_at__isnull=False, decided_by__isnull=False)
                ),
                name="plan_item_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(decision__in=["rejected", "incorporated"]) | ~Q(words=""),
                name="plan_item_rejected_or_incorporated_in_words",
            ),
            models.UniqueConstraint(fields=["plan", "lesson"], name="lesson_once_a_plan"),
            models.UniqueConstraint(fields=["plan", "control"], name="control_once_a_plan"),
        ]

    def __str__(self) -> str:
        return str(self.lesson or self.control)

    @property
    def is_undecided(self) -> bool:
        """Somebody has to say what becomes of it."""
        return self.decision == self.Decision.UNDECIDED
