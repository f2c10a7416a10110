"""Checkpoints: what all chains looked like at one moment, kept in the desk and away from it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Checkpoint(models.Model):
    """All timelines at one moment, in one hash, chained to the checkpoint before it.

    What the hashes cover stands in `cases.chain`.
    """

    number = models.PositiveIntegerField(unique=True)
    taken_at = models.DateTimeField()
    incidents = models.PositiveBigIntegerField(help_text="How many timelines there were.")
    entries = models.PositiveBigIntegerField(help_text="How many entries they had together.")
    broken = models.PositiveBigIntegerField(help_text="How many timelines did not verify.")
    heads_hash = models.CharField(max_length=64, help_text="One hash over the newest of each.")
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("-number",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"checkpoint {self.number} of {self.taken_at:%d %b %Y %H:%M} UTC"


class CheckpointHead(models.Model):
    """The newest entry of one timeline at a checkpoint; only if it moved since the one before.

    All heads at a checkpoint are the newest row of each incident up to it. The incident is named
    by its number alone, so that one which is gone can still be named.
    """

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="moved")
    incident_id = models.BigIntegerField()
    reference = models.CharField(max_length=20)
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["incident_id", "checkpoint"], name="head_once_a_checkpoint"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.reference} {self.sequence}"


class CheckpointRecipient(models.Model):
    """Who is mailed every checkpoint: somebody who cannot write to the desk's database."""

    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name", "id")
        verbose_name = "checkpoint recipient"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(Lower("email"), name="checkpoint_recipient_once"),
            models.CheckConstraint(condition=~Q(name=""), name="checkpoint_recipient_is_named"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"
