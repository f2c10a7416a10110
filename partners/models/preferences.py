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
        """How a day is written: in English, as ISO 8601 has it, or in another language."""

        BRITISH = "gb", "4 Mar 2026 (English)"
        ISO = "iso", "2026-03-04 (ISO 8601)"
        CZECH = "cs", "4. 3. 2026 (čeština)"
        DANISH = "da", "4. mar. 2026 (dansk)"
        GERMAN = "de", "4. März 2026 (Deutsch)"
        SPANISH = "es", "4 mar 2026 (español)"
        FRENCH = "fr", "4 mars 2026 (français)"
        ITALIAN = "it", "4 mar 2026 (italiano)"
        DUTCH = "nl", "4 mrt 2026 (Nederlands)"
        POLISH = "pl", "4 mar 2026 (polski)"
        PORTUGUESE = "pt", "4 de mar. de 2026 (português)"
        FINNISH = "fi", "4.3.2026 (suomi)"
        SWEDISH = "sv", "4 mars 2026 (svenska)"
        TURKISH = "tr", "4 Mar 2026 (Türkçe)"
        CHINESE = "zh", "2026年3月4日 (中文)"
        JAPANESE = "ja", "2026年3月4日 (日本語)"

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
