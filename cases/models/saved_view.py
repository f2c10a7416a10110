"""A person's own views of the list of incidents."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    """A name for what the list was asked for. One's own; nobody else sees it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000, blank=True, help_text="As in the address.")
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "name"], name="view_named_once"),
        ]

    def __str__(self) -> str:
        return self.name
