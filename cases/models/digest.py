"""Digests: once a month a partner reads of the small incidents that no notice told it of."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q


class Digest(models.Model):
    """What one partner was told of one month. There is none where there is nothing to tell.

    It is no notice: a notice belongs to one incident and says what a second person approved. A
    digest repeats, word for word, what was written for the partner on each of its incidents.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="digests")
    reference = models.CharField(max_length=40)
    month = models.DateField(help_text="Its first day.")
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ("-month", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "month"], name="digest_once_a_month"),
            models.UniqueConstraint(fields=["partner", "reference"], name="digest_reference_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="digest_of_a_month"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="digest_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.reference} ({self.month:%B %Y})"


class DigestLine(models.Model):
    """One incident in a digest, in the words for this partner; each is told of once."""

    digest = models.ForeignKey(Digest, models.PROTECT, related_name="lines")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    involvement = models.OneToOneField(
        "cases.Involvement", models.PROTECT, related_name="digest_line"
    )
    reference = models.CharField(
        max_length=40, blank=True, help_text="Empty: the partner does not see the incident itself."
    )
    title = models.CharField(max_length=200)
    meaning = models.TextField()
    began_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="digest_line_stays", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.title
