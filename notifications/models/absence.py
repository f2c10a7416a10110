"""When people are not there: leave of one person, and holidays of a place."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Absence(models.Model):
    """A person's leave: no rota gives them a turn meanwhile. Taken back, it stays as a row."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences"
    )
    starts_at = models.DateTimeField("away from")
    ends_at = models.DateTimeField("back at")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField("taken back at", null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["person", "ends_at"], name="absence_live", condition=Q(ended_at=None)
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="absence_ends", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.person} is away"


class HolidayCalendar(models.Model):
    """The public holidays of a place, of a calendar file, or of both together."""

    name = models.CharField(max_length=80, unique=True)
    place = models.CharField(
        max_length=12,
        blank=True,
        help_text="A country, with a region if you like, or an exchange: DE, DE-BE, US-NY, XNYS. "
        "Empty: only the days of the calendar file.",
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Holiday(models.Model):
    """One day of a calendar file."""

    calendar = models.ForeignKey(HolidayCalendar, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ("day", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["calendar", "day"], name="holiday_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"
