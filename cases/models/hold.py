"""Legal holds: as long as there is one, nothing of its incident goes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class LegalHold(models.Model):
    """An incident is held. The row is there as long as it is; who placed it and who lifted it, and
    why, is on the timeline and in the audit trail."""

    incident = models.OneToOneField(
        "cases.Incident", models.PROTECT, primary_key=True, related_name="hold"
    )
    reason = models.CharField(max_length=500)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="hold_has_a_reason"),
        ]

    def __str__(self) -> str:
        return self.reason
