"""A lesson: what the next people in the same place should know."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Lesson(models.Model):
    """Short, and tagged in lower case so that it is found again."""

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="lessons")
    text = models.TextField()
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text
