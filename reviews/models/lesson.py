"""A lesson: what the next people in the same place should know."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Lesson(models.Model):
    """Short, and found again by its words, its category, systems, controls and tags.

    The words are searched in a column that is read by nobody (migration 0022).
    """

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="lessons")
    text = models.TextField()
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    category = models.ForeignKey(
        "cases.Category", models.PROTECT, null=True, related_name="lessons"
    )
    systems = models.ManyToManyField("cases.System", related_name="lessons")
    controls = models.ManyToManyField("reviews.Control", related_name="lessons")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text
