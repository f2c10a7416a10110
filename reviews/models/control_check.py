"""A control or policy that a review looked at, and whether it did its work."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class ControlCheck(models.Model):
    """One control or policy in one review. One that did not hold says what must change.

    `name` is what it was called then. One that is missing may have nothing else: there is no row
    of it in the register yet.
    """

    class Verdict(models.TextChoices):
        WORKED = "worked", "worked"
        FAILED = "failed", "failed"
        MISSING = "missing", "missing"
        NOT_TESTED = "not_tested", "not tested"

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="controls")
    control = models.ForeignKey("reviews.Control", models.PROTECT, null=True, related_name="checks")
    name = models.CharField("control or policy", max_length=200)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    note = models.TextField("what must change", blank=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(verdict__in=["worked", "not_tested"]) | ~Q(note=""),
                name="control_that_did_not_hold_says_what_must_change",
            ),
            models.CheckConstraint(
                condition=Q(control__isnull=False) | Q(verdict="missing"),
                name="control_is_in_the_register_or_missing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_verdict_display()}"
