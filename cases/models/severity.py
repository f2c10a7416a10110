"""What an evaluation rests on: the matrix in force, the levels of each axis, floors, evidence."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q

AXES = [("impact", "Impact"), ("scope", "Scope"), ("urgency", "Urgency")]
CELLS = 48  # three urgencies × four impacts × four scopes
APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class SeverityMatrix(models.Model):
    """The severity for each urgency, impact and scope. The newest row is in force.

    More impact, scope or urgency never gives a milder severity; the database sees to it too.

    `cells` runs through urgency 1 to 3, in each through impact 1 to 4, in each through scope 1 to
    4. A change is a new row, so what was in force at any time can be told.
    """

    cells = ArrayField(models.PositiveSmallIntegerField())
    in_force_at = models.DateTimeField()
    reason = models.TextField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "severity matrices"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(cells__len=CELLS), name="matrix_is_whole"),
            models.CheckConstraint(
                condition=Q(cells__contained_by=[1, 2, 3, 4]), name="matrix_holds_severities"
            ),
            models.CheckConstraint(
                condition=Func(
                    F("cells"),
                    function="cases_matrix_is_monotone",
                    output_field=models.BooleanField(),
                ),
                name="matrix_is_monotone",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"In force since {self.in_force_at:%d %b %Y %H:%M}"


class AxisLevel(models.Model):
    """One value of an axis with its definition, as it is shown beside the choice."""

    axis = models.CharField(max_length=10, choices=AXES)
    value = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40, help_text="For instance: critical.")
    definition = models.TextField()

    class Meta:
        ordering = ("axis", "-value")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["axis", "value"], name="axis_level_once"),
            models.CheckConstraint(
                condition=Q(axis="urgency", value__gte=1, value__lte=3)
                | Q(axis__in=["impact", "scope"], value__gte=1, value__lte=4),
                name="axis_level_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.axis[0].upper()}{self.value} {self.name}"


class SeverityFloor(models.Model):
    """A fact below which the severity never falls; with `after_minutes` one that time brings."""

    key = models.SlugField(max_length=40, unique=True)
    words = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField()
    after_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="A critical system fully down for this long brings it by itself.",
    )
    source = models.CharField(max_length=120, blank=True, help_text="The rule that it comes from.")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("severity", "key")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(severity__gte=1, severity__lte=4), name="floor_severity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.words} (at least SEV-{self.severity})"


class SeverityRule(models.Model):
    """What a severity asks for besides its target times."""

    severity = models.PositiveSmallIntegerField(primary_key=True)
    soak_minutes = models.PositiveIntegerField(
        help_text="How long service has to stay in band after recovery before the review begins."
    )
    silence_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="After how long without an entry by a person an acknowledged incident is paged "
        "again; empty: never.",
    )

    class Meta:
        ordering = ("severity",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(severity__gte=1, severity__lte=4), name="rule_severity"
            ),
        ]

    def __str__(self) -> str:
        return f"SEV-{self.severity}"


class Basis(models.Model):
    """What the value of an axis rests on: an alert, a piece of evidence, a report, or words."""

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="bases")
    axis = models.CharField(max_length=10, choices=AXES)
    value = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=300, blank=True)
    alert = models.ForeignKey("cases.Alert", models.PROTECT, null=True, related_name="+")
    evidence = models.ForeignKey("cases.Evidence", models.PROTECT, null=True, related_name="+")
    report = models.ForeignKey("cases.Report", models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("axis",)
        verbose_name_plural = "bases"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["incident", "axis"], name="basis_once_per_axis"),
            models.CheckConstraint(
                condition=~Q(words="")
                | Q(alert__isnull=False)
                | Q(evidence__isnull=False)
                | Q(report__isnull=False),
                name="basis_is_something",
            ),
        ]

    def __str__(self) -> str:
        return self.words or str(self.alert or self.evidence or self.report)


class SeverityChange(models.Model):
    """The severity of an incident became another: the fact behind an entry of its timeline.

    When, by whom and why stands in the entry; an incident opens with the severity of before its
    first change.
    """

    # No entry is ever removed. If somebody does it with the guards off, `verify_timeline` names it,
    # as it names any other; a foreign key here would only decide which of them can be.
    entry = models.OneToOneField(
        "cases.Entry", models.PROTECT, related_name="severity_change", db_constraint=False
    )
    former = models.PositiveSmallIntegerField()
    value = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(former__range=(1, 4), value__range=(1, 4)) & ~Q(former=F("value")),
                name="severity_change_is_one",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"SEV-{self.former} → SEV-{self.value}"
