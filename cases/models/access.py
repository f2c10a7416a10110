"""Who logged in, tried to, read or did what, as logs tell it; the rules over it, and what they
found."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.history import tracked

URGENCIES = [(3, "U3 now"), (2, "U2 today"), (1, "U1 later")]


class AccessEvent(models.Model):
    """One line of an access or activity log. Kept for a set time; longer if a rule found it."""

    class Outcome(models.TextChoices):
        SUCCESS = "success", "succeeded"
        FAILURE = "failure", "failed"
        BARRED = "barred", "barred: the account is disabled, or the key revoked"

    source = models.ForeignKey(
        "cases.Source", models.PROTECT, related_name="access_events", db_index=False
    )
    key = models.UUIDField(help_text="The same line, delivered again, has the same key.")
    at = models.DateTimeField(help_text="When it happened, as the log says; never later than now.")
    received_at = models.DateTimeField()
    actor = models.CharField(max_length=200, blank=True, help_text="Account or key, as named.")
    action = models.CharField(max_length=80)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    address = models.GenericIPAddressField(null=True)
    network = models.CharField(max_length=49, blank=True, help_text="The address's /24 or /48.")
    is_privileged = models.BooleanField(default=False, help_text="What only administrators do.")
    is_reading = models.BooleanField(
        default=False, help_text="It took something out: read, export."
    )
    is_key = models.BooleanField(default=False, help_text="A partner's key did it.")
    detail = models.JSONField(default=dict, help_text="What else was told, within bounds.")
    audit_id = models.BigIntegerField(
        null=True, unique=True, help_text="The line of the audit trail that tells it."
    )
    is_judged = models.BooleanField(default=False, help_text="The rules have seen it.")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "key"], name="access_event_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=Q(is_judged=False), name="access_unjudged"),
            models.Index(fields=["source", "-id"], name="access_newest"),
            models.Index(fields=["source", "actor", "at"], name="access_of_actor"),
            models.Index(
                fields=["address", "at"],
                condition=Q(outcome="failure"),
                name="access_failures",
            ),
            models.Index(fields=["id"], condition=Q(outcome="barred"), name="access_barred"),
            models.Index(fields=["id"], condition=Q(is_privileged=True), name="access_privileged"),
            BrinIndex(fields=["at"], name="access_at"),
            BrinIndex(fields=["received_at"], name="access_received"),
        ]

    def __str__(self) -> str:
        return f"{self.actor or self.address or 'somebody'}: {self.action}, {self.outcome}"


@tracked(name="name", exclude=("tried",))
class AccessRule(models.Model):
    """One thing that access events are watched for. What a kind does: `cases.access.rules`."""

    class Kind(models.TextChoices):
        ADDRESS = "address", "failures from one address"
        ACCOUNT = "account", "failures for one account"
        ENTERED = "entered", "success after many failures"
        BARRED = "barred", "use of a disabled account or a revoked key"
        FIRST = "first", "first use of an admin action by this person"
        VOLUME = "volume", "reads and exports above a person's own measure"
        HOURS = "hours", "privileged access out of hours"
        NETWORK = "network", "a partner's key from a new network"

    kind = models.CharField(max_length=10, choices=Kind.choices, unique=True)
    name = models.CharField(max_length=80, unique=True)
    is_on = models.BooleanField(default=False)
    times = models.PositiveIntegerField(null=True)
    minutes = models.PositiveIntegerField(null=True)
    days = models.PositiveSmallIntegerField(null=True)
    factor = models.PositiveSmallIntegerField(null=True)
    starts = models.TimeField(null=True)
    ends = models.TimeField(null=True)
    zone = models.CharField(max_length=40, blank=True)
    category = models.ForeignKey("cases.Category", models.PROTECT)
    urgency = models.PositiveSmallIntegerField(default=2, choices=URGENCIES)
    tried = models.JSONField(null=True, help_text="The last trial with these values, on the past.")
    tried_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(times__range=(1, 1_000)) | Q(times=None), name="access_rule_times"
            ),
            models.CheckConstraint(
                condition=Q(minutes__range=(1, 1440)) | Q(minutes=None), name="access_rule_minutes"
            ),
            models.CheckConstraint(
                condition=Q(days__range=(1, 180)) | Q(days=None), name="access_rule_days"
            ),
            models.CheckConstraint(
                condition=Q(factor__range=(2, 100)) | Q(factor=None), name="access_rule_factor"
            ),
            models.CheckConstraint(condition=Q(urgency__range=(1, 3)), name="access_rule_urgency"),
        ]

    def __str__(self) -> str:
        return self.name


class AccessFinding(models.Model):
    """An event that a rule found, attached to the alert by which it opened or fed an incident."""

    rule = models.ForeignKey(AccessRule, models.PROTECT, related_name="findings", db_index=False)
    event = models.ForeignKey(AccessEvent, models.PROTECT, related_name="findings")
    alert = models.ForeignKey("cases.Alert", models.PROTECT, related_name="access_findings")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule", "event"], name="access_finding_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: event {self.event_id}"
