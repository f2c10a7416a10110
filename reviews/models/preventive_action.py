"""A preventive action: what is done so that it does not come back. Outlives its incident."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

OPEN = ("agreed", "in_progress")  # somebody still has to do it
WAITING = (*OPEN, "done")  # something still has to happen: work, or a look by another person
# The rows of which that is so. What was done before another person had to look waits for nobody.
WAITS = Q(state__in=OPEN) | Q(state="done", remind_at__isnull=False)
# Once it waits no more: since when, its day of verification or, before there was one, of its end.
SETTLED_AT = Coalesce("verified_at", "ended_at")
IN_TIME = ~WAITS & Q(settled_at__date__lte=F("due_on"))  # of rows annotated with `settled_at`


def overdue(at: datetime) -> Q:
    """The one meaning of overdue: by its day it should have been verified, and it still waits."""
    return WAITS & Q(due_on__lt=at.date())


class PreventiveAction(models.Model):
    """Agreed in a review: agreed → in progress → done → verified by another person, or dropped.

    `due_on` is the day by which it is verified. It stays alive after the incident closed.
    """

    class Kind(models.TextChoices):
        PREVENT = "prevent", "prevent"
        DETECT = "detect", "detect"
        RESPOND = "respond", "respond"

    class State(models.TextChoices):
        AGREED = "agreed", "agreed"
        IN_PROGRESS = "in_progress", "in progress"
        DONE = "done", "done"
        VERIFIED = "verified", "verified"
        DROPPED = "dropped", "dropped"

    class Priority(models.IntegerChoices):
        HIGH = 1, "high"
        MEDIUM = 2, "medium"
        LOW = 3, "low"

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="actions")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.MEDIUM, db_default=2
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="preventive_actions"
    )
    due_on = models.DateField(help_text="By then it is done and verified.")
    control = models.ForeignKey(
        "reviews.Control", models.PROTECT, null=True, related_name="actions"
    )
    document = models.ForeignKey(
        "reviews.DocumentUpdate", models.SET_NULL, null=True, related_name="actions"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.AGREED)
    note = models.TextField(blank=True, help_text="How it was done, or why it was dropped.")
    agreed_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, help_text="When somebody is reminded next.")
    ended_at = models.DateTimeField(null=True, help_text="Done, or dropped.")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    evidence = models.TextField(blank=True, db_default="", help_text="What shows that it works.")
    external_reference = models.CharField(
        max_length=80, blank=True, db_default="", help_text="What the issue tracker calls it."
    )
    external_link = models.URLField(blank=True, db_default="", help_text="Where it is there.")
    revision = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Counts the changes that the issue tracker is told of."
    )

    class Meta:
        ordering = ("due_on", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(state__in=OPEN, ended_at=None, ended_by=None)
                | (
                    Q(state__in=["done", "verified", "dropped"], ended_at__isnull=False)
                    & Q(ended_by__isnull=False)
                    & ~Q(note="")
                ),
                name="action_ended_by_someone_with_a_note",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="verified", verified_at__isnull=False, verified_by__isnull=False)
                    & ~Q(evidence="")
                )
                | (~Q(state="verified") & Q(verified_at=None, verified_by=None, evidence="")),
                name="action_verified_by_someone_with_evidence",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None)
                | (~Q(verified_by=F("owner")) & ~Q(verified_by=F("ended_by"))),
                name="action_verified_by_a_second_person",
            ),
            models.CheckConstraint(condition=Q(priority__range=(1, 3)), name="action_priority"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_on", "id"], condition=Q(state__in=WAITING), name="action_waiting"
            ),
            models.Index(fields=["due_on"], name="action_due"),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(remind_at__isnull=False),
                name="action_to_remind_of",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Agreed or in progress: its owner still has to do it."""
        return self.state in OPEN

    @property
    def is_waiting(self) -> bool:
        """As `WAITS`: neither verified nor dropped, nor done before anybody had to look."""
        return self.is_open or (self.state == self.State.DONE and self.remind_at is not None)

    def is_overdue(self, at: datetime) -> bool:
        """As `overdue`."""
        return self.is_waiting and self.due_on < at.date()


class Postponement(models.Model):
    """That a due day was moved, and why. Append-only."""

    action = models.ForeignKey(PreventiveAction, models.PROTECT, related_name="postponements")
    before_on = models.DateField()
    after_on = models.DateField()
    reason = models.TextField()
    at = models.DateTimeField()
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(before_on=F("after_on")),
                name="postponement_has_a_reason",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.before_on} → {self.after_on}"
