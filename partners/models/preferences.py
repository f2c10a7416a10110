"""Preferences: which notices mail a person, and how times are shown to them; for one partner."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from partners.models.partner import Partner


class Preferences(models.Model):
    """What one person at one partner chose; without a row everything is mailed, times are UTC.

    Where the contract agrees a time for a severity, its notices are mailed whatever stands here.
    """

    class Style(models.TextChoices):
        BRITISH = "gb", "4 Mar 2026 09:41"
        ISO = "iso", "2026-03-04 09:41"

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    mail_sev1 = models.BooleanField(default=True)
    mail_sev2 = models.BooleanField(default=True)
    mail_sev3 = models.BooleanField(default=True)
    mail_sev4 = models.BooleanField(default=True)
    zone = models.CharField(max_length=64, default="UTC")
    style = models.CharField(max_length=3, choices=Style.choices, default=Style.BRITISH)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "preferences"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "user"], name="preferences_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.partner}"

    @property
    def mailed(self) -> set[int]:
        """The severities whose notices are mailed."""
        return {number for number in (1, 2, 3, 4) if getattr(self, f"mail_sev{number}")}
