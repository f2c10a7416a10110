"""A problem record: incidents of one cause, held together (DORA, RTS 2024/1772 art. 8(2))."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, Value


class Problem(models.Model):
    """Open, a known error once its cause is understood, or resolved in a way that it says."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        KNOWN_ERROR = "known_error", "known error"
        RESOLVED = "resolved", "resolved"

    # The trigger fills it from the year of opened_at: PRB-2026-0001.
    reference = models.CharField(max_length=20, unique=True, db_default=Value(""), editable=False)
    title = models.CharField(max_length=200)
    cause = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="problems")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    resolution = models.TextField(blank=True, help_text="How it was resolved.")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=(
                    Q(state="resolved", resolved_at__isnull=False, resolved_by__isnull=False)
                    & ~Q(resolution="")
                )
                | (~Q(state="resolved") & Q(resolved_at=None, resolved_by=None, resolution="")),
                name="problem_resolved_by_someone_in_words",
            ),
            models.CheckConstraint(
                condition=~Q(state="known_error") | ~Q(cause=""),
                name="problem_known_error_has_a_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def is_open(self) -> bool:
        """Not resolved."""
        return self.state != self.State.RESOLVED

    @property
    def url(self) -> str:
        """Its page on the desk, as a path."""
        return f"/admin/reviews/problem/{self.pk}/change/"


class ProblemIncident(models.Model):
    """An incident that a problem holds; each is in one problem at most."""

    problem = models.ForeignKey(Problem, models.PROTECT, related_name="members")
    incident = models.OneToOneField("cases.Incident", models.PROTECT, related_name="problem_member")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.incident} in {self.problem}"


class NoProblem(models.Model):
    """That incidents of a category on a system were looked at and are not of one cause.

    It is asked again once another one opens. Append-only.
    """

    category = models.ForeignKey("cases.Category", models.PROTECT, related_name="+")
    system = models.ForeignKey("cases.System", models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(reason=""), name="no_problem_has_a_reason"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["category", "system", "-at"], name="no_problem_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.category} on {self.system}"
