"""What keeps an alert from opening an incident: the rules of its source, and maintenance; and which
alerts were held back."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel.history import tracked

TIMES = [MinValueValidator(2), MaxValueValidator(1_000)]
MINUTES = [MinValueValidator(1), MaxValueValidator(7 * 24 * 60)]


@tracked(name="name")
class AlertRule(models.Model):
    """How the alerts of a source that fit are grouped, and how often they have to come first.

    Of several rules of a source the first by `position` that fits counts.
    """

    source = models.ForeignKey("cases.Source", models.PROTECT, related_name="rules")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=10)
    label = models.CharField(max_length=100, blank=True)
    pattern = models.CharField("value", max_length=200, blank=True)
    group_by = models.CharField("group by labels", max_length=300, blank=True)
    together_minutes = models.PositiveIntegerField(
        "one incident for (minutes)", null=True, blank=True, validators=MINUTES
    )
    times = models.PositiveIntegerField(null=True, blank=True, validators=TIMES)
    within_minutes = models.PositiveIntegerField(
        "within (minutes)", null=True, blank=True, validators=MINUTES
    )
    is_on = models.BooleanField("on", default=True)

    class Meta:
        ordering = ("source", "position", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "name"], name="alert_rule_once"),
            models.CheckConstraint(
                condition=Q(times=None, within_minutes=None)
                | Q(times__range=(2, 1_000), within_minutes__range=(1, 10_080)),
                name="alert_rule_threshold",
            ),
            models.CheckConstraint(
                condition=Q(together_minutes=None) | Q(together_minutes__range=(1, 10_080)),
                name="alert_rule_together",
            ),
            models.CheckConstraint(
                condition=Q(label="", pattern="") | (~Q(label="") & ~Q(pattern="")),
                name="alert_rule_fits",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(name="name")
class MaintenanceWindow(models.Model):
    """A time in which the alerts of one system or partner open nothing.

    One that repeats stands at its present time or its next one; the worker moves it on.
    """

    class Repeats(models.TextChoices):
        ONCE = "", "Once"
        DAILY = "daily", "Every day"
        WEEKDAYS = "weekdays", "Monday to Friday"
        WEEKLY = "weekly", "Every week"
        MONTHLY = "monthly", "Every month, on the same weekday of it"

    name = models.CharField(max_length=80, unique=True)
    system = models.ForeignKey("cases.System", models.PROTECT, null=True, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, null=True, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    repeats = models.CharField(max_length=10, choices=Repeats.choices, blank=True, default="")
    zone = models.CharField("time zone", max_length=40, default="UTC")
    until = models.DateField("last day", null=True, blank=True)

    class Meta:
        ordering = ("-ends_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(system__isnull=False, partner=None)
                | Q(system=None, partner__isnull=False),
                name="maintenance_of_one",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="maintenance_takes_time"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["ends_at"], name="maintenance_ends"),
        ]

    def __str__(self) -> str:
        return self.name


class HeldAlert(models.Model):
    """An alert that a rule or a maintenance window kept from opening an incident.

    It stays held until it clears, or until it is released: because its rule was met, or its window
    ended while it fired.
    """

    source = models.ForeignKey("cases.Source", models.PROTECT, related_name="+")
    rule = models.ForeignKey(
        AlertRule, models.PROTECT, null=True, related_name="held", db_index=False
    )
    window = models.ForeignKey(
        MaintenanceWindow, models.PROTECT, null=True, related_name="held", db_index=False
    )
    external_key = models.CharField(max_length=512)
    group_key = models.CharField(max_length=512)
    title = models.CharField(max_length=300)
    signal = models.JSONField(help_text="What is needed to open an incident with it later.")
    times = models.PositiveIntegerField(default=1, help_text="How often its delivery said it.")
    at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    incident = models.ForeignKey("cases.Incident", models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(rule__isnull=False, window=None) | Q(rule=None, window__isnull=False),
                name="held_by_one",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["window", "-id"], name="held_by_window"),
            models.Index(fields=["rule", "-id"], name="held_by_rule"),
            models.Index(fields=["rule", "group_key", "at"], name="held_in_group"),
            models.Index(
                fields=["source", "external_key"],
                condition=Q(cleared_at=None, released_at=None),
                name="held_now",
            ),
            models.Index(fields=["at"], name="held_at"),
        ]

    def __str__(self) -> str:
        return self.title
