"""Procedures: what a partner has on file for telling its own users."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.history import tracked


@tracked(name="title", exclude=("remind_at",))
class Procedure(models.Model):
    """One version of a partner's user-facing procedure: a file or a link, and until when it holds.

    It never changes; a next version takes its place. It is valid while nothing ended it and its
    last day is not over.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="procedures")
    reference = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    version = models.CharField(max_length=40)
    scope = models.TextField(help_text="What it covers.")
    link = models.URLField(max_length=500, blank=True)
    valid_until = models.DateField()
    attested_by = models.CharField(max_length=120, help_text="Who at the partner attests it.")
    kept_at = models.DateTimeField()
    keeper = models.CharField(max_length=120)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, help_text="Replaced or withdrawn.")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    remind_at = models.DateTimeField(null=True, help_text="When the partner is reminded next.")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        ordering = ("valid_until", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["partner", "reference"], name="procedure_reference_once"
            ),
            models.CheckConstraint(
                condition=~(
                    Q(reference="") | Q(title="") | Q(version="") | Q(scope="") | Q(attested_by="")
                ),
                name="procedure_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(link="") | Q(link__startswith="https://"), name="procedure_link_is_safe"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="procedure_ended_by_somebody",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["partner", "valid_until"],
                condition=Q(ended_at=None),
                name="procedure_in_force",
            ),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(ended_at=None, remind_at__isnull=False),
                name="procedure_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="procedure_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="procedure_never_changes",
                fields=[
                    "partner",
                    "reference",
                    "title",
                    "version",
                    "scope",
                    "link",
                    "valid_until",
                    "attested_by",
                    "kept_at",
                    "keeper",
                    "kept_by",
                    "replaces",
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"

    def is_valid(self, today: date) -> bool:
        """In force, and its last day is not over."""
        return self.ended_at is None and self.valid_until >= today
