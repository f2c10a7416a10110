"""The times of an incident, with who entered each. Changes are kept."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models

MOMENTS = [
    ("occurred_at", "Occurred"),
    ("detected_at", "Detected"),
    ("aware_at", "Aware"),
    ("confirmed_at", "Confirmed"),
    ("contained_at", "Contained"),
    ("recovered_at", "Recovered"),
    ("resolved_at", "Resolved"),
]


class MomentChange(models.Model):
    """A time of an incident was entered or corrected: by whom, and what stood there before."""

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="moment_changes")
    name = models.CharField(max_length=20, choices=MOMENTS)
    former = models.DateTimeField(null=True)
    value = models.DateTimeField(null=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "id"], name="moments_of_incident"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_name_display()} {self.value:%d %b %H:%M}" if self.value else self.name
