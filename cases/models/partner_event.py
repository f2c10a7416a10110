"""What a partner's programs are told: one row an event, which feed and webhooks show alike."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cases.models.incident import Incident
from partners.models import EventType


class PartnerEvent(models.Model):
    """Something that happened for one partner, in its words and under its references. Append-only.

    `number` counts this partner's events alone, without a gap, in the order in which they became
    visible. `data` is what is told; a TLP:RED notice is for its readers, here as in the portal.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    involvement = models.ForeignKey("cases.Involvement", models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40, choices=EventType.choices)
    at = models.DateTimeField()
    data = models.JSONField()
    tlp = models.CharField(
        max_length=12, choices=Incident.Tlp.choices, blank=True, help_text="Of a notice."
    )
    reader_ids = ArrayField(models.BigIntegerField(), default=list, db_default=models.Value("{}"))

    class Meta:
        ordering = ("partner_id", "number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "number"], name="partner_event_in_order"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def event_id(self) -> str:
        """By which a receiver knows it."""
        return f"evt_{self.key.hex}"

    @property
    def entry(self) -> dict[str, Any]:
        """As feed and webhooks show it."""
        return {
            "id": self.event_id,
            "number": self.number,
            "type": self.kind,
            "timestamp": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "data": self.data,
        }
