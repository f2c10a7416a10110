"""Recovery: what was checked before an incident may be reviewed. Both append-only."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class RecoveryCheck(models.Model):
    """A health check or key metric and its result. The newest of one name counts."""

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="checks")
    name = models.CharField(max_length=120)
    passed = models.BooleanField()
    result = models.TextField(help_text="What was measured.")
    checked_at = models.DateTimeField()
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        verbose_name = "recovery check"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(result=""), name="check_has_a_result"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "id"], name="checks_of_incident"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'failed'}"


class Reconciliation(models.Model):
    """Data were compared: how many, and which differ. The newest of one thing counts.

    It stands when nothing differs, or when every difference is listed.
    """

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="reconciliations")
    what = models.CharField(max_length=200, help_text="For instance: orders against drop copy.")
    compared = models.PositiveBigIntegerField()
    differences = models.PositiveBigIntegerField()
    listed = models.TextField(blank=True, help_text="Each difference and what becomes of it.")
    done_at = models.DateTimeField()
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(differences=0) | ~Q(listed=""), name="differences_are_listed"
            ),
            models.CheckConstraint(
                condition=Q(differences__lte=models.F("compared")),
                name="differences_among_the_compared",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "id"], name="reconciliations_of_incident"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.what}: {self.differences} of {self.compared} differ"
