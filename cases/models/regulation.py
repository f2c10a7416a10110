"""Regulators' clocks, and the times that they count from.

The desk reports to no authority: a clock says by when somebody owes a report, and its outcome is
what a person records of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, cast

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.moment import MOMENTS
from incidentdesk.kernel import clocks
from incidentdesk.kernel.history import tracked

# What a clock may count from beside the seven times of an incident. Each belongs to one party.
OWN_ANCHORS = [
    ("classified_major_at", "Classified as major (DORA)"),
    ("classified_not_major_at", "Classified as not major (DORA)"),
    ("reclassified_at", "Reclassified as non-major (DORA)"),
    ("client_impact_at", "Clients' financial interests affected (DORA)"),
    ("initial_submitted_at", "Initial notification sent (DORA)"),
    ("intermediate_submitted_at", "Intermediate report sent (DORA)"),
    ("updated_intermediate_submitted_at", "Updated intermediate report sent (DORA)"),
    ("final_submitted_at", "Final report sent (DORA)"),
    ("root_cause_addressed_at", "Root cause addressed"),
    ("significant_at", "Aware that it is significant (NIS2)"),
    ("early_warning_submitted_at", "Early warning sent (NIS2)"),
    ("notification_submitted_at", "Incident notification sent (NIS2)"),
    ("status_requested_at", "Status asked for by the authority (NIS2)"),
    ("progress_submitted_at", "Progress report sent (NIS2)"),
    ("personal_data_breach_at", "Aware of a personal-data breach (GDPR)"),
    ("partner_data_breach_at", "We became aware of a breach of this partner's data"),
    ("uk_threshold_met_at", "Appears to meet a threshold (UK)"),
    ("uk_initial_submitted_at", "Initial report sent (UK)"),
    ("uk_change_at", "Significant change (UK)"),
    ("sci_event_at", "Reasonable basis for an SCI event"),
    ("sci_closed_at", "SCI event resolved and investigation closed"),
    ("materiality_determined_at", "Determined to be material (SEC)"),
    ("customer_breach_at", "Aware of a breach of customer information (Regulation S-P)"),
    ("covered_at", "Reasonable belief of a covered incident (CIRCIA)"),
    ("ransom_paid_at", "Ransom paid"),
    ("mas_discovered_at", "Relevant incident discovered (MAS)"),
    ("certin_noticed_at", "Noticed (CERT-In)"),
    ("nydfs_determined_at", "Determined to be a cybersecurity event (NYDFS)"),
]
ANCHORS = [*MOMENTS, *OWN_ANCHORS]


class Anchor(models.Model):
    """A time that regulators' clocks count from, as it was recorded for one party: us, or one
    involved partner. The newest row of a name counts; none is changed.

    Without a time it was taken back, or only its day is known (`day`): then nothing runs from it.
    """

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="anchors")
    involvement = models.ForeignKey(
        "cases.Involvement", models.PROTECT, null=True, related_name="anchors", db_index=False
    )
    name = models.CharField(max_length=40, choices=ANCHORS)
    value = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(value=None) | Q(day=None), name="anchor_is_a_time_or_a_day"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["involvement", "id"],
                condition=Q(involvement__isnull=False),
                name="anchors_of_partner",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_name_display()} {self.value:%d %b %H:%M}" if self.value else self.name


@tracked(name="rule", exclude=("warn_at",))
class RegulatoryClock(models.Model):
    """A report that somebody owes because of one incident: us, or (with an involvement) a partner.

    There is one once its anchors are known, or somebody recorded why it does not apply. It stays
    open, however late, until its outcome is recorded.
    """

    class Outcome(models.TextChoices):
        SUBMITTED = "submitted", "sent"
        NOT_APPLICABLE = "not_applicable", "not applicable"
        NOT_SENT = "not_sent", "not sent"
        NOT_OWED = "not_owed", "not owed"  # it was no incident, or our duty is decided: none

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="regulatory_clocks")
    involvement = models.ForeignKey(
        "cases.Involvement", models.PROTECT, null=True, related_name="clocks", db_index=False
    )
    rule = models.ForeignKey("cases.RegimeRule", models.PROTECT, related_name="clocks")
    anchor_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True, help_text="When its people are reminded next.")
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True, default="")
    met_at = models.DateTimeField("sent", null=True)
    reference = models.CharField("authority's reference", max_length=80, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    recorded_at = models.DateTimeField(null=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("due_at", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["incident", "involvement", "rule"],
                name="regulatory_clock_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(anchor_at=None, due_at=None)
                | Q(anchor_at__isnull=False, due_at__isnull=False),
                name="regulatory_clock_counts_from_something",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", met_at=None, recorded_at=None, due_at__isnull=False)
                | Q(outcome="submitted", met_at__isnull=False, recorded_at__isnull=False)
                | (
                    Q(outcome__in=["not_applicable", "not_sent"], met_at=None)
                    & Q(recorded_at__isnull=False, recorded_by__isnull=False)
                    & ~Q(reason="")
                )
                | (Q(outcome="not_owed", met_at=None, recorded_at__isnull=False) & ~Q(reason="")),
                name="regulatory_clock_outcome_is_whole",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at", "id"], condition=Q(outcome=""), name="regulatory_clock_open"
            ),
            models.Index(
                fields=["warn_at"],
                condition=Q(warn_at__isnull=False, outcome=""),
                name="regulatory_clock_to_warn_of",
            ),
            models.Index(
                fields=["involvement"],
                condition=Q(involvement__isnull=False),
                name="regulatory_clock_of_partner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule.key} of {self.incident.reference}"

    @property
    def is_open(self) -> bool:
        """Nobody recorded yet what became of it."""
        return not self.outcome

    @property
    def began_at(self) -> datetime:
        """From when an open one counts; the database gives each an anchor."""
        return cast(datetime, self.anchor_at)

    @property
    def ends_at(self) -> datetime:
        """When an open one is due; the database gives each a time."""
        return cast(datetime, self.due_at)

    def state(self, at: datetime) -> clocks.State:
        """How it stands. What was not sent is late, whenever that was recorded."""
        if self.outcome in (self.Outcome.NOT_APPLICABLE, self.Outcome.NOT_OWED):
            return clocks.State.NOT_APPLICABLE
        if self.outcome == self.Outcome.NOT_SENT:
            return clocks.State.LATE
        return clocks.state(self.due_at, self.met_at, at)
