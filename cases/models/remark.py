"""The thread between a partner and the response team: one for each partner of an incident."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q


class Remark(models.Model):
    """What one side wrote to the other; plain text, with files or without. It never changes.

    (A message is one e-mail or call.) What the desk wrote is signed “The response team” for the
    partner; `user` says who it was. `seen_at` is when the desk answered it, or needed not to.
    """

    involvement = models.ForeignKey("cases.Involvement", models.PROTECT, related_name="remarks")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    is_ours = models.BooleanField()
    author = models.CharField(max_length=120)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(seen_at=None, seen_by=None)
                | Q(seen_at__isnull=False, seen_by__isnull=False, is_ours=False),
                name="remark_seen_by_somebody",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["at"], condition=Q(is_ours=False, seen_at=None), name="remark_unseen"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="remark_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_written_stays",
                fields=["involvement", "partner", "text", "at", "is_ours", "author", "user"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author}, {self.at:%d %b %Y %H:%M}"
