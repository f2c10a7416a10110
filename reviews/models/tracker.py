"""The issue tracker that is told of preventive actions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.encrypted import EncryptedText


class Tracker(models.Model):
    """An address and the secret that signs what goes there; one is on at a time."""

    name = models.CharField(max_length=80)
    url = models.CharField("address", max_length=300)
    secret = EncryptedText()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    off_since = models.DateTimeField(null=True)
    off_because = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = "issue tracker"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(off_since=None),
                name="one_tracker_is_on",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        """Whether it is told."""
        return self.off_since is None
