"""Receipts: which person at a partner opened a notice in the portal, and who acknowledged it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models


class Receipt(models.Model):
    """That one person saw one partner's copy of a notice: the first time, and the acknowledgement.

    Never deleted: it is the proof.
    """

    copy = models.ForeignKey("cases.NoticeCopy", models.PROTECT, related_name="receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["copy", "user"], name="receipt_once"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="receipt_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="first_opening_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.acknowledged_at IS NOT NULL OR (OLD.copy_id, OLD.user_id, OLD.name,"
                    " OLD.opened_at) IS DISTINCT FROM (NEW.copy_id, NEW.user_id, NEW.name,"
                    " NEW.opened_at)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.opened_at:%d %b %H:%M}"
