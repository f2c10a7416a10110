"""What a gate needs to know of the review: a row that cases owns and reviews keeps current."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class ReviewFacts(models.Model):
    """The state of an incident's review, in words: what is missing, who approved."""

    incident = models.OneToOneField(
        "cases.Incident", models.CASCADE, primary_key=True, related_name="review_facts"
    )
    missing = ArrayField(models.CharField(max_length=200), default=list)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    facilitator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who leads the review, and is reminded of it.",
    )

    class Meta:
        verbose_name_plural = "review facts"

    def __str__(self) -> str:
        return "approved" if self.approved_at else f"{len(self.missing)} missing"
