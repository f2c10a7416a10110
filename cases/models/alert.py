"""Sources, the events they sent, and the alerts that those events opened or folded into."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.history import tracked

NO_KEY = "0" * 64  # the digest of no key: what the desk itself sends has none


def digest(key: str) -> str:
    """How a source's key is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


@tracked(name="name", exclude=("key_digest", "signing_secret"))
class Source(models.Model):
    """Something that sends alerts. Its key is shown once and stored as a digest."""

    class Format(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        PAGERDUTY = "pagerduty", "PagerDuty Events v2"
        GRAFANA = "grafana", "Grafana alerting"
        OPSGENIE = "opsgenie", "Opsgenie Alert API v2"
        CLOUDEVENTS = "cloudevents", "CloudEvents 1.0"
        DATADOG = "datadog", "Datadog"
        SENTRY = "sentry", "Sentry"
        ACCESS = "access", "Access log"

    name = models.CharField(max_length=80, unique=True)
    format = models.CharField(max_length=20, choices=Format.choices)
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    signing_secret = models.CharField(
        max_length=200,
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

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One accepted or refused delivery of a source, as it came; ends with a visible outcome."""

    class Outcome(models.TextChoices):
        PENDING = "pending", "waits to be opened"
        DONE = "done", "handled"
        REFUSED = "refused", "refused"

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

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_try_at", "id"], condition=Q(outcome="pending"), name="event_due"
            ),
            models.Index(fields=["source", "-id"], name="event_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.said or self.outcome}"


class Alert(models.Model):
    """One firing alert of a source, with how often it was repeated; it belongs to an incident."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="alerts")
    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="alerts")
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
            models.Index(fields=["source", "group_key", "-id"], name="alert_group"),
            models.Index(fields=["incident", "-last_at"], name="alerts_of_incident"),
        ]

    def __str__(self) -> str:
        return self.title
