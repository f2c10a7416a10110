"""How we handle incidents: the framework itself, version by version, and who at which partner has
acknowledged which. Nothing of it is ever changed; a next version takes the place of one."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Framework(models.Model):
    """One version; the one with the highest number is in force. The same for every partner."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField(help_text="Markdown; a line that begins with ## begins a section.")
    changed = models.TextField("what changed")
    in_force_at = models.DateTimeField("in force since")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-number",)
        verbose_name = "version of how we handle incidents"
        verbose_name_plural = "how we handle incidents"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~(Q(text="") | Q(changed="")), name="framework_says_something"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"How we handle incidents, version {self.number}"


class FrameworkReading(models.Model):
    """An administrator of a partner acknowledged a version; once for each partner."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="readings")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["partner", "framework"], name="framework_acknowledged_once"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.name}: {self.framework}"
