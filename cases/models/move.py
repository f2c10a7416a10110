"""Moves of the phase, statements that the commander signed, waivers. All append-only."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Move(models.Model):
    """A change of phase: who, when, from, to, why. The time in each phase is a query over it."""

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="moves")
    at = models.DateTimeField()
    from_phase = models.CharField(max_length=20, blank=True)
    to_phase = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("id",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "id"], name="moves_of_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.from_phase} → {self.to_phase}"


class Statement(models.Model):
    """What the commander signed so that a gate is met: 'no partner is affected', and why."""

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="statements")
    key = models.SlugField(max_length=40)
    stay = models.PositiveIntegerField(
        default=0, db_default=0, help_text="That of the incident then."
    )
    text = models.TextField()
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["incident", "key", "stay"], name="statement_signed_once"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.text


class Waiver(models.Model):
    """The commander let a gate be passed that was not met, with a reason. It shows in the review.

    It counts for the stay in the phase in which it was given.
    """

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="waivers")
    gate = models.SlugField(max_length=40)
    stay = models.PositiveIntegerField(
        default=0, db_default=0, help_text="That of the incident then."
    )
    reason = models.TextField()
    waived_at = models.DateTimeField()
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="waiver_has_a_reason"),
            models.UniqueConstraint(fields=["incident", "gate", "stay"], name="waived_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "id"], name="waivers_of_incident"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.reason
