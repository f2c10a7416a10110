"""Sources, the events they sent, and the alerts that those events opened or folded into."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.encrypted import EncryptedText
from incidentdesk.kernel.history import tracked
from incidentdesk.kernel.shown_once import digest

MINUTES = [MinValueValidator(1), MaxValueValidator(366 * 24 * 60)]  # between two beats


class SourceQuerySet(models.QuerySet["Source"]):
    """Sources, and how one is found."""

    def with_key(self, key: str, source_format: str, *, at: datetime) -> SourceQuerySet:
        """The source in use whose key for this format this is, or was until a time to come."""
        found = digest(key)
        former = ~Q(former_key_digest="") & Q(former_key_digest=found, former_key_until__gt=at)
        return self.filter(Q(key_digest=found) | former, format=source_format, is_active=True)


@tracked(
    name="name",
    exclude=("key_digest", "former_key_digest", "former_key_until", "key_since", "signing_secret"),
)
class Source(models.Model):
    """Something that sends alerts. Its key is shown once and stored as a digest.

    After a new key was made the former one may still be used, until `former_key_until`.
    """

    class Format(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        PAGERDUTY = "pagerduty", "PagerDuty Events v2"
        GRAFANA = "grafana", "Grafana alerting"
        OPSGENIE = "opsgenie", "Opsgenie Alert API v2"
        CLOUDEVENTS = "cloudevents", "CloudEvents 1.0"
        DATADOG = "datadog", "Datadog"
        SENTRY = "sentry", "Sentry"
        JSON = "json", "Plain JSON"
        HEARTBEAT = "heartbeat", "Heartbeat"
        SNS = "sns", "AWS SNS and CloudWatch"
        METRICS = "metrics", "Figures as JSON lines"
        PROMETHEUS = "prometheus", "Figures of a Prometheus"
        DESK = "desk", "The desk itself"
        ACCESS = "access", "Access log"

    name = models.CharField(max_length=80, unique=True)
    format = models.CharField(max_length=20, choices=Format.choices)
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    former_key_digest = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    former_key_until = models.DateTimeField(null=True, editable=False)
    key_since = models.DateTimeField(
        null=True, editable=False, help_text="When the present key replaced another."
    )
    signing_secret = EncryptedText(
        blank=True,
        db_default="",
        help_text="Known to it and to the desk alone; with one, only what it signed is taken.",
    )
    category = models.ForeignKey("cases.Category", models.PROTECT, null=True, blank=True)
    impact = models.PositiveSmallIntegerField(
        default=2, choices=[(n, f"I{n}") for n in (4, 3, 2, 1)]
    )
    scope = models.PositiveSmallIntegerField(
        default=2, choices=[(n, f"S{n}") for n in (4, 3, 2, 1)]
    )
    is_active = models.BooleanField(default=True)
    expressions = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        editable=False,
        help_text="Of plain JSON: what to read from where, as JMESPath.",
    )
    preset = models.CharField(
        max_length=20,
        blank=True,
        db_default="",
        editable=False,
        help_text="Of plain JSON: the tool whose expressions it began with.",
    )
    period_minutes = models.PositiveIntegerField(
        default=60,
        db_default=60,
        validators=MINUTES,
        help_text="Of a heartbeat: how far apart two beats are.",
    )
    grace_minutes = models.PositiveIntegerField(
        default=5,
        db_default=5,
        validators=MINUTES,
        help_text="Of a heartbeat: how late one may be.",
    )
    topics = models.TextField(
        blank=True,
        db_default="",
        help_text="Of AWS SNS: the topics whose messages are taken, one ARN a line.",
    )

    objects = SourceQuerySet.as_manager()
    # What is known of it where something just came; no columns.
    is_by_former_key = False  # it used the former key
    has_rules = has_mappings = True  # there may be alert rules, label mappings of it
    is_maintained = True  # some maintenance window may be in force

    class Meta:
        ordering = ("name",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(former_key_digest="", former_key_until=None)
                | (~Q(former_key_digest="") & Q(former_key_until__isnull=False)),
                name="source_former_key_ends",
            ),
            models.UniqueConstraint(
                fields=["former_key_digest"],
                condition=~Q(former_key_digest=""),
                name="source_former_key",
            ),
            models.CheckConstraint(
                condition=Q(period_minutes__gte=1, grace_minutes__gte=1),
                name="source_beats_some_time_apart",
            ),
            models.UniqueConstraint(
                fields=["format"], condition=Q(format="desk"), name="source_desk_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """What is known of a source that has to call in; there is none before its first beat."""

    source = models.OneToOneField(
        Source, models.CASCADE, primary_key=True, related_name="heartbeat"
    )
    last_at = models.DateTimeField(null=True, help_text="The last beat that said all is well.")
    by_former_key = models.BooleanField(default=False, help_text="It came with the former key.")
    started_at = models.DateTimeField(null=True, help_text="A run began then, and has not ended.")
    down_at = models.DateTimeField(null=True, help_text="Since then it is missing, or failed.")

    def __str__(self) -> str:
        return f"{self.source}"


@tracked(name="pattern")
class LabelMapping(models.Model):
    """What a label of a source's alerts means: a system, a partner, how urgent it is."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="mappings")
    label = models.CharField(max_length=100)
    pattern = models.CharField(
        "value", max_length=200, help_text="The whole value; * stands for anything, ? for one sign."
    )
    system = models.ForeignKey("cases.System", models.PROTECT, null=True, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, null=True, blank=True)
    urgency = models.PositiveSmallIntegerField(
        "severity hint",
        null=True,
        blank=True,
        choices=[(3, "U3, now"), (2, "U2, today"), (1, "U1, later")],
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["source", "label", "pattern", "system", "partner", "urgency"],
                nulls_distinct=False,
                name="mapping_once",
            ),
            models.CheckConstraint(
                condition=Q(system__isnull=False)
                | Q(partner__isnull=False)
                | Q(urgency__isnull=False),
                name="mapping_means_something",
            ),
            models.CheckConstraint(
                condition=Q(urgency=None) | Q(urgency__gte=1, urgency__lte=3),
                name="mapping_urgency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} = {self.pattern}"


class Event(models.Model):
    """One accepted or refused delivery of a source, as it came; ends with a visible outcome."""

    class Outcome(models.TextChoices):
        PENDING = "pending", "waits to be opened"
        DONE = "done", "handled"
        REFUSED = "refused", "refused"
        TEST = "test", "a test, opened nothing"

    source = models.ForeignKey(Source, models.PROTECT, related_name="events")
    received_at = models.DateTimeField()
    body = models.TextField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    said = models.CharField(max_length=300, blank=True, help_text="What became of it, in words.")
    incident = models.ForeignKey("cases.Incident", models.SET_NULL, null=True, related_name="+")
    concerns = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=[],
        help_text="The ids of all incidents it concerns.",
    )
    attempts = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="How often the worker tried to open what waits.",
    )
    next_try_at = models.DateTimeField(null=True, help_text="When it waits; empty means at once.")
    by_former_key = models.BooleanField(
        default=False, db_default=False, help_text="It came with the key that is being replaced."
    )
    delivery_id = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The sender's own name of this delivery; one that is sent again counts once.",
    )

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_try_at", "id"], condition=Q(outcome="pending"), name="event_due"
            ),
            models.Index(fields=["source", "-id"], name="event_newest"),
            models.Index(
                fields=["source", "-id"], condition=Q(outcome="refused"), name="event_refused"
            ),
            models.Index(
                fields=["source", "-id"], condition=Q(by_former_key=True), name="event_former_key"
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["source", "delivery_id"],
                condition=~Q(delivery_id=""),
                name="delivery_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.said or self.outcome}"


class Alert(models.Model):
    """One firing alert of a source, with how often it was repeated; it belongs to an incident."""

    # A repeat changes `count` and `last_at`: no index holds them, so that it writes one row and no
    # index entry, and what it leaves behind is tidied in passing. No index but that of the key
    # begins with the source: a plan made while the table was empty would take it and read them all.
    source = models.ForeignKey(Source, models.PROTECT, related_name="alerts", db_index=False)
    incident = models.ForeignKey(
        "cases.Incident", models.PROTECT, related_name="alerts", db_index=False
    )
    external_key = models.CharField(max_length=512)
    group_key = models.CharField(max_length=512)
    title = models.CharField(max_length=300)
    labels = models.JSONField(default=dict)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-last_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["source", "external_key"],
                condition=Q(resolved_at=None),
                name="alert_firing_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["group_key", "source", "-id"], name="alert_group"),
            models.Index(fields=["incident", "source"], name="alert_of_incident"),
        ]

    def __str__(self) -> str:
        return self.title
