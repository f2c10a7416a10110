"""Clocks of incidents: target times by severity, and the deadlines that follow from them.

A partner involved in an incident has clocks of its own: what its contract promises it, and what a
notice promised it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from incidentdesk.kernel import clocks
from incidentdesk.kernel.clocks import Counting
from incidentdesk.kernel.history import tracked

FIRST_NOTICE, REVIEW = "first_notice", "review"
KINDS = [
    ("acknowledge", "Acknowledge"),
    ("evaluate", "Commander, category and severity"),
    (FIRST_NOTICE, "First partner notice"),
    ("contain", "Contained"),
    ("recover", "Recovered"),
    (REVIEW, "Review held"),
]
PARTNER_NOTICE, NEXT_UPDATE = "partner_notice", "next_update"
# By the stage of the package that meets it.
FACTS = {"initial": "facts_initial", "interim": "facts_interim", "final": "facts_final"}
ROOT_CAUSE = "root_cause_report"
# What a partner is owed although the incident is closed.
AFTERWARDS = (*FACTS.values(), ROOT_CAUSE)
PARTNER_KINDS = [
    (PARTNER_NOTICE, "Notice by contract"),
    (NEXT_UPDATE, "Promised update"),
    (FACTS["initial"], "First facts package"),
    (FACTS["interim"], "Interim facts package"),
    (FACTS["final"], "Final facts package"),
    (ROOT_CAUSE, "Report of the cause"),
]
LABELS = dict([*KINDS, *PARTNER_KINDS])
ANCHORS = [
    ("detected_at", "detection"),
    ("confirmed_at", "confirmation"),
    ("recovered_at", "recovery"),
]


@tracked(name="kind")
class Target(models.Model):
    """How long something may take at a severity, counted from an anchor."""

    severity = models.PositiveSmallIntegerField()
    kind = models.CharField(
        max_length=20, choices=[*KINDS, (ROOT_CAUSE, "Report of the cause, to each partner")]
    )
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


@tracked(name="kind", made=False, exclude=("warn_at",))
class Deadline(models.Model):
    """A running or met clock of one incident. Kept when met; recomputed when severity changes.

    With an involvement it is the clock of that partner. `warn_at` is when its people are reminded
    next.
    """

    incident = models.ForeignKey("cases.Incident", models.CASCADE, related_name="deadlines")
    involvement = models.ForeignKey(
        "cases.Involvement", models.CASCADE, null=True, related_name="deadlines", db_index=False
    )
    kind = models.CharField(max_length=20, choices=[*KINDS, *PARTNER_KINDS])
    anchor_at = models.DateTimeField()
    due_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True)
    is_dropped = models.BooleanField(default=False, help_text="No longer applies.")
    warn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("due_at",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["incident", "kind", "involvement"],
                name="deadline_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(involvement=None)
                ^ Q(kind__in=[PARTNER_NOTICE, NEXT_UPDATE, *AFTERWARDS]),
                name="deadline_of_a_partner_or_none",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"],
                condition=Q(met_at=None, is_dropped=False),
                name="deadline_running",
            ),
            models.Index(
                fields=["warn_at"],
                condition=Q(warn_at__isnull=False, met_at=None, is_dropped=False),
                name="deadline_to_warn_of",
            ),
            models.Index(
                fields=["involvement"],
                condition=Q(involvement__isnull=False),
                name="deadline_of_partner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.due_at:%d %b %H:%M}"

    def state(self, at: datetime) -> clocks.State:
        """How it stands."""
        if self.is_dropped:
            return clocks.State.NOT_APPLICABLE
        return clocks.state(self.due_at, self.met_at, at)

    @property
    def is_late(self) -> bool:
        """Met, but after it was due."""
        return self.met_at is not None and self.met_at > self.due_at

    @property
    def label(self) -> str:
        """What it is, and to whom it was promised."""
        words = self.get_kind_display()
        return words if self.involvement is None else f"{words}: {self.involvement.partner}"
