"""Regimes: by which rules incidents are reported, their clocks, and which bind our own firm."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cases.models.regulation import ANCHORS
from incidentdesk.kernel.clocks import Counting
from incidentdesk.kernel.history import tracked
from partners.models.supervision import ENTITIES, REGIMES, Supervised, is_zone


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
                | (Q(amount__isnull=False, amount__gte=1) & ~Q(counting="") & ~Q(anchors=[])),
                name="regime_rule_has_its_limit",
                violation_error_message="A clock needs a limit: an amount and how it is counted.",
            ),
            models.CheckConstraint(
                condition=Q(ceiling_anchor="", ceiling_minutes=None)
                | (
                    ~Q(ceiling_anchor="") & Q(ceiling_minutes__isnull=False, ceiling_minutes__gte=1)
                ),
                name="regime_rule_ceiling_is_whole",
                violation_error_message="This clock has a ceiling; say how many minutes it is.",
            ),
            models.CheckConstraint(
                condition=Q(entity="", entity_amount=None)
                | (~Q(entity="") & Q(entity_amount__isnull=False, entity_amount__gte=1)),
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
