"""Series: figures over time, what watches them, and what it remembers. Observations are many."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel.history import tracked

DAYS = [(n, name) for n, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))]


class TradingHours(models.Model):
    """When a venue trades, in its own zone. Hours that close no later than they open run through
    the night; the same time twice is the whole day."""

    name = models.CharField(max_length=80, unique=True)
    zone = models.CharField(
        "time zone", max_length=60, default="UTC", help_text="As in Europe/London."
    )
    opens = models.TimeField()
    closes = models.TimeField()
    days = ArrayField(models.PositiveSmallIntegerField(choices=DAYS), default=list)
    exceptions = models.TextField(
        "holidays",
        blank=True,
        help_text="One a line: 2026-12-25 is closed, 2026-12-24 12:30 closes early.",
    )

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "trading hours"

    def __str__(self) -> str:
        return self.name


@tracked(name="name", made=False)
class Series(models.Model):
    """One figure of one source, told apart by its labels. Whoever sends it makes it, switched off;
    a person switches it on."""

    class Kind(models.TextChoices):
        LEVEL = "level", "a level: a figure as it is"
        COUNT = "count", "a count: so many a minute"
        RATIO = "ratio", "a ratio: so many of so many"

    source = models.ForeignKey(
        "cases.Source", models.PROTECT, db_index=False, related_name="series"
    )
    name = models.CharField(max_length=300, editable=False)
    metric = models.CharField(max_length=200, editable=False)
    labels = models.JSONField(default=dict, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LEVEL)
    spacing = models.PositiveIntegerField(
        null=True, editable=False, help_text="Seconds between two figures, as a median."
    )
    hours = models.ForeignKey(TradingHours, models.PROTECT, null=True, blank=True)
    lowest = models.FloatField(null=True, blank=True)
    highest = models.FloatField(null=True, blank=True)
    may_stand_still = models.BooleanField(default=False)
    may_be_silent = models.BooleanField(default=False)
    both_ways = models.BooleanField(default=False, help_text="Of a count: too few is wrong too.")
    system = models.ForeignKey("cases.System", models.PROTECT, null=True, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, null=True, blank=True)
    first_seen_at = models.DateTimeField(editable=False)
    is_on = models.BooleanField(default=False)
    switched_at = models.DateTimeField(null=True, editable=False)
    switched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ("name", "id")
        verbose_name_plural = "series"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "fingerprint"], name="series_once"),
            models.CheckConstraint(
                condition=Q(lowest=None) | Q(highest=None) | Q(lowest__lte=F("highest")),
                name="series_limits_leave_room",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["name", "id"], name="series_by_name"),
            models.Index(fields=["id"], condition=Q(is_on=True), name="series_on"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_counted(self) -> bool:
        """Whether it is watched minute by minute, as a count or a ratio."""
        return self.kind != self.Kind.LEVEL


class Observation(models.Model):
    """One figure at one moment, stored once; with what was expected of it once it was watched.

    Kept for a set time (`figures.KEPT`). `tries` is what the figure is so many of, of a ratio.
    """

    pk = models.CompositePrimaryKey("series", "at")
    series = models.ForeignKey(Series, models.PROTECT, db_index=False, related_name="observations")
    at = models.DateTimeField()
    value = models.FloatField()
    tries = models.FloatField(null=True)
    expected = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [BrinIndex(fields=["at"], name="observation_at")]


class SeriesState(models.Model):
    """What the detector remembers of a series that is on, and how far it has come.

    Whoever feeds it locks this row; figures up to `fed_until` were fed, each once. What shows up to
    `learns_until` is learned and told nobody.
    """

    series = models.OneToOneField(Series, models.PROTECT, primary_key=True, related_name="state")
    version = models.CharField(max_length=40)
    fed_until = models.DateTimeField(null=True)
    learns_until = models.DateTimeField(null=True)
    asks_at = models.DateTimeField(null=True, help_text="When to look although nothing came.")
    memory = models.JSONField(default=dict)


class Anomaly(models.Model):
    """What was wrong with a series, from when to when, and why it was said to be.

    A drift is a note and is told nobody; anything else goes through the door of alerts, under
    `group` with what began in the same minute. What a person answers counts for the threshold.
    """

    class Kind(models.TextChoices):
        LIMIT = "limit", "breaks a hard limit"
        UNUSUAL = "unusual", "unusual"
        COUNT = "count", "unusual count"
        SILENT = "silent", "fell silent"
        STUCK = "stuck", "stands still"
        DRIFT = "drift", "drifts slowly"

    class Answer(models.TextChoices):
        TRUE = "true", "true"
        FALSE = "false", "false alarm"
        EXPECTED = "expected", "expected"

    series = models.ForeignKey(Series, models.PROTECT, db_index=False, related_name="anomalies")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=200)
    value = models.FloatField(null=True)
    expected = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    p = models.FloatField(null=True, help_text="How probable a figure as strange as this one is.")
    surprise = models.FloatField(null=True, help_text="What was held against the threshold.")
    threshold = models.FloatField(help_text="The threshold at that moment, as -log10 p.")
    window = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=40)
    group = models.CharField(max_length=80, blank=True, help_text="Under which it was told.")
    group_began_at = models.DateTimeField(null=True)
    is_end_told = models.BooleanField(default=False)
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "anomalies"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(ended_at=None) & ~Q(kind="drift"),
                name="anomaly_open_once",
            ),
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(ended_at=None, kind="drift"),
                name="drift_noted_once",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None, answered_by=None)
                | (~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="anomaly_answered_by_somebody",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["series", "-id"], name="anomalies_of_series"),
            models.Index(
                fields=["id"], condition=Q(group="") & ~Q(kind="drift"), name="anomaly_untold"
            ),
            models.Index(
                fields=["id"],
                condition=Q(ended_at__isnull=False, is_end_told=False) & ~Q(kind="drift"),
                name="anomaly_end_untold",
            ),
            models.Index(fields=["-group_began_at"], name="anomaly_groups"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.words}"

    @property
    def key(self) -> str:
        """How its alert is called."""
        return f"anomaly {self.pk}"

    @property
    def is_note(self) -> bool:
        """Whether it is a note that nobody is told."""
        return self.kind == self.Kind.DRIFT


class PrometheusQuery(models.Model):
    """A query that the desk asks a Prometheus on a schedule; each series of its answer is one here.

    Only hosts that the setting PROMETHEUS_HOSTS names are asked.
    """

    source = models.ForeignKey(
        "cases.Source",
        models.PROTECT,
        related_name="prometheus_queries",
        limit_choices_to={"format": "prometheus"},
    )
    metric = models.CharField(max_length=200, help_text="What its figures are called here.")
    url = models.CharField("address", max_length=200, help_text="http://prometheus.internal:9090")
    query = models.TextField(help_text="PromQL that answers a vector or a scalar.")
    step = models.PositiveIntegerField("every (seconds)", default=60)
    is_active = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    said = models.CharField(max_length=300, blank=True, editable=False)

    class Meta:
        ordering = ("metric", "id")
        verbose_name = "Prometheus query"
        verbose_name_plural = "Prometheus queries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "metric"], name="query_once_a_metric"),
            models.CheckConstraint(
                condition=Q(step__gte=15, step__lte=86400), name="query_has_a_step"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(is_active=True), name="query_due"),
        ]

    def __str__(self) -> str:
        return self.metric
