"""Clocks of incidents: target times by severity, and the deadlines that follow from them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from incidentdesk.kernel.clocks import Counting
from incidentdesk.kernel.history import tracked

KINDS = [
    ("acknowledge", "Acknowledge"),
    ("evaluate", "Commander, category and severity"),
    ("first_notice", "First partner notice"),
    ("contain", "Contained"),
    ("recover", "Recovered"),
    ("review", "Review held"),
]
ANCHORS = [
    ("detected_at", "detection"),
    ("confirmed_at", "confirmation"),
    ("recovered_at", "recovery"),
]


@tracked(name="kind")
class Target(models.Model):
    """How long something may take at a severity, counted from an anchor."""

    severity = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=KINDS)
    anchor = models.CharField(max_length=20, choices=ANCHORS)
    amount = models.PositiveIntegerField()
    counting = models.CharField(max_length=20, choices=[(c, c.replace("_", " ")) for c in Counting])

    class Meta:
        ordering = ("severity", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["severity", "kind"], name="target_once"),
            models.CheckConstraint(
                condition=Q(severity__gte=1, severity__lte=4), name="target_severity"
            ),
        ]

    def __str__(self) -> str:
        return f"SEV-{self.severity} {self.get_kind_display()}: {self.amount} {self.counting}"


@tracked(name="kind", made=False)
class Deadline(models.Model):
    """A running or met clock of one incident. Kept when met; recomputed when severity changes."""

    incident = models.ForeignKey("cases.Incident", models.CASCADE, related_name="deadlines")
    kind = models.CharField(max_length=20, choices=KINDS)
    anchor_at = models.DateTimeField()
    due_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True)
    is_dropped = models.BooleanField(default=False, help_text="No longer applies.")

    class Meta:
        ordering = ("due_at",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["incident", "kind"], name="deadline_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"],
                condition=Q(met_at=None, is_dropped=False),
                name="deadline_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.due_at:%d %b %H:%M}"

    @property
    def is_late(self) -> bool:
        """Met, but after it was due."""
        return self.met_at is not None and self.met_at > self.due_at
