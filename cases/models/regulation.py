"""Regulators' clocks: regimes and their rules as rows, the times they count from, the clocks.

The desk reports to no authority: a clock says by when somebody owes a report, and its outcome is
what a person records of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, cast

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cases.models.moment import MOMENTS
from incidentdesk.kernel import clocks
from incidentdesk.kernel.clocks import Counting
from incidentdesk.kernel.history import tracked
from partners.models.supervision import ENTITIES, REGIMES, Supervised, is_zone

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


@tracked(name="code", made=False)
class Regime(models.Model):
    """One body of rules under which incidents are reported. Its clocks run while it is on."""

    code = models.CharField(max_length=10, choices=REGIMES, unique=True, editable=False)
    name = models.CharField(max_length=80)
    jurisdiction = models.CharField(max_length=80)
    source = models.CharField(max_length=200)
    is_on = models.BooleanField("on", default=False)
    in_force_on = models.DateField(
        "applies from", null=True, blank=True, help_text="What began before starts no clock."
    )
    zone = models.CharField(
        "time zone",
        max_length=60,
        blank=True,
        validators=[is_zone],
        help_text="As in America/New_York. Empty: that of each party.",
    )
    holidays = models.ForeignKey(
        "notifications.HolidayCalendar",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: those of each party.",
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(code__in=[code for code, _ in REGIMES]), name="regime_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(name="key", made=False)
class RegimeRule(models.Model):
    """One clock of a regime: who owes what to whom, from when, within how long.

    Every anchor of `needs` has to be known before it runs. It counts from the latest of `anchors`;
    with a ceiling it is due no later than so many minutes after `ceiling_anchor`, unless the anchor
    itself lies later than that.
    """

    class Kind(models.TextChoices):
        LIMIT = "limit", "within a limit"
        AT_ONCE = "at_once", "at once: no number"
        STANDING = "standing", "always: runs no clock"

    class Weekend(models.TextChoices):
        NONE = "", "stays as it is"
        RULE = "rule", "until 12:00 of the next working day"
        BUT = "but", "the same, but not for banks, CCPs, venues and NIS2 entities"

    regime = models.ForeignKey(Regime, models.PROTECT, related_name="rules")
    key = models.CharField(max_length=20, unique=True, editable=False)
    title = models.CharField(max_length=120)
    debtor = models.CharField("who owes it", max_length=120)
    creditor = models.CharField("to whom", max_length=120)
    source = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    is_on = models.BooleanField("on", default=True)
    is_ours = models.BooleanField(
        default=False, editable=False, help_text="The desk's firm owes it to the partner."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, editable=False)
    anchors = ArrayField(
        models.CharField(max_length=40, choices=ANCHORS), default=list, editable=False
    )
    needs = ArrayField(
        models.CharField(max_length=40, choices=ANCHORS), default=list, editable=False
    )
    after = models.CharField(
        max_length=40,
        choices=ANCHORS,
        blank=True,
        editable=False,
        help_text="Runs only if the anchor lies after this.",
    )
    amount = models.PositiveIntegerField(null=True, blank=True)
    counting = models.CharField(
        max_length=20, blank=True, choices=[(c, c.replace("_", " ")) for c in Counting]
    )
    until = models.TimeField(
        "until", null=True, blank=True, help_text="The time of day at which that day is over."
    )
    ceiling_anchor = models.CharField(max_length=40, choices=ANCHORS, blank=True, editable=False)
    ceiling_minutes = models.PositiveIntegerField(null=True, blank=True)
    weekend = models.CharField(max_length=10, choices=Weekend.choices, blank=True, editable=False)
    entity = models.CharField(
        "other limit for", max_length=10, choices=ENTITIES, blank=True, editable=False
    )
    entity_amount = models.PositiveIntegerField("its limit", null=True, blank=True)
    met_by = models.CharField(
        max_length=40,
        choices=ANCHORS,
        blank=True,
        editable=False,
        help_text="The anchor that its submission is.",
    )
    position = models.PositiveSmallIntegerField(editable=False)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(kind="limit")
                | (Q(amount__gte=1) & ~Q(counting="") & Q(anchors__len__gte=1)),
                name="regime_rule_has_its_limit",
                violation_error_message="A clock needs a limit: an amount and how it is counted.",
            ),
            models.CheckConstraint(
                condition=Q(ceiling_anchor="", ceiling_minutes=None)
                | (~Q(ceiling_anchor="") & Q(ceiling_minutes__gte=1)),
                name="regime_rule_ceiling_is_whole",
                violation_error_message="This clock has a ceiling; say how many minutes it is.",
            ),
            models.CheckConstraint(
                condition=Q(entity="", entity_amount=None)
                | (~Q(entity="") & Q(entity_amount__gte=1)),
                name="regime_rule_entity_is_whole",
                violation_error_message="This clock has another limit for some; say which.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.title}"


@tracked(name="id", made=False)
class OwnSupervision(Supervised):
    """By which regimes the desk's own firm is bound. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    class Meta:
        verbose_name = "our own supervision"
        verbose_name_plural = "our own supervision"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(id=1), name="own_supervision_once"),
        ]

    def __str__(self) -> str:
        return "Our own supervision"


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

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="clocks")
    involvement = models.ForeignKey(
        "cases.Involvement", models.PROTECT, null=True, related_name="clocks", db_index=False
    )
    rule = models.ForeignKey(RegimeRule, models.PROTECT, related_name="clocks")
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
                ),
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
        if self.outcome == self.Outcome.NOT_APPLICABLE:
            return clocks.State.NOT_APPLICABLE
        if self.outcome == self.Outcome.NOT_SENT:
            return clocks.State.LATE
        return clocks.state(self.due_at, self.met_at, at)
