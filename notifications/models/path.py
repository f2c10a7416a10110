"""Who is told in which order: groups of people, escalation paths and their steps."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from notifications.models.rota import Rota


class Severity(models.IntegerChoices):
    """The four severities as this package words them; what they mean is decided elsewhere."""

    ONE = 1, "SEV-1"
    TWO = 2, "SEV-2"
    THREE = 3, "SEV-3"
    FOUR = 4, "SEV-4"


class Group(models.Model):
    """People who are paged together."""

    name = models.CharField(max_length=80, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="notification_groups"
    )

    def __str__(self) -> str:
        return self.name


def working_days() -> list[int]:
    """Monday to Friday, as ISO numbers them."""
    return [1, 2, 3, 4, 5]


class EscalationPath(models.Model):
    """Who is paged for which incidents. The first active path that matches is taken."""

    class Hours(models.TextChoices):
        ANY = "", "at any time"
        WORKING = "working", "in working hours only"
        OFF = "off", "outside working hours only"

    name = models.CharField(max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(
        "order", default=100, help_text="The lowest that matches is taken."
    )
    severities = ArrayField(models.PositiveSmallIntegerField(choices=Severity.choices))
    categories = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Keys of categories, separated by commas; empty means any.",
    )
    systems = ArrayField(
        models.CharField(max_length=120),
        default=list,
        blank=True,
        help_text="Any one of them is enough; none means any.",
    )
    partners = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Any one of them is enough; none means any.",
    )
    hours = models.CharField(max_length=10, choices=Hours.choices, blank=True, default="")
    zone = models.CharField("time zone", max_length=40, default="UTC")
    days = ArrayField(
        models.PositiveSmallIntegerField(), default=working_days, blank=True, verbose_name="on"
    )
    opens = models.TimeField("working hours from", default=time(9))
    closes = models.TimeField("until", default=time(17))
    repeat_minutes = models.PositiveSmallIntegerField(
        "repeat every (minutes)",
        default=30,
        validators=[MinValueValidator(1)],
        help_text="After the last step its page is repeated until somebody acknowledges.",
    )
    repeats = models.PositiveSmallIntegerField(
        "then so many times",
        default=4,
        help_text="After so many repeats administrators are paged as well, every time.",
    )
    is_active = models.BooleanField("active", default=True)

    class Meta:
        ordering = ("position", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="path_repeats", condition=Q(repeat_minutes__gte=1)),
            models.CheckConstraint(name="path_opens_first", condition=Q(opens__lt=F("closes"))),
        ]

    def __str__(self) -> str:
        return self.name


class EscalationStep(models.Model):
    """After so many minutes without an acknowledgement: tell these people and groups, and who is
    on call then."""

    path = models.ForeignKey(EscalationPath, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField("step", validators=[MinValueValidator(1)])
    after_minutes = models.PositiveIntegerField(
        "after (minutes)", help_text="Counted from the start, not from the step before."
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="escalation_steps", verbose_name="people"
    )
    groups = models.ManyToManyField(Group, blank=True, related_name="escalation_steps")
    roles = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    addresses = ArrayField(
        models.EmailField(),
        default=list,
        blank=True,
        verbose_name="outside contacts and lists",
        help_text="Addresses of people without a login, with commas between. They are told the "
        "reference, severity and title, and cannot acknowledge.",
    )
    rotas = models.ManyToManyField(
        Rota, blank=True, related_name="escalation_steps", verbose_name="on call"
    )

    class Meta:
        ordering = ("path", "position")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["path", "position"], name="step_position_once"),
        ]

    def __str__(self) -> str:
        return f"Step {self.position} after {self.after_minutes} min"
