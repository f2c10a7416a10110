"""Evidence: files that prove something, and everybody who had them in hand."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.incident import Incident
from incidentdesk.kernel.history import tracked


@tracked(name="title")
class Evidence(models.Model):
    """A file of an incident with its hash and its collector. Neither is ever changed or deleted.

    The file lies under MEDIA_ROOT by its `key`; it is served as a download only, to those who may
    see the incident, and each time that is written down.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="evidence")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=200)
    file_name = models.CharField(max_length=200, help_text="As it was called when it was added.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    tlp = models.CharField("TLP", max_length=12, choices=Incident.Tlp.choices)
    collector = models.CharField(max_length=120)
    collected_at = models.DateTimeField()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    task = models.ForeignKey("cases.Task", models.SET_NULL, null=True, related_name="evidence")
    affected_system = models.ForeignKey(
        "cases.AffectedSystem", models.SET_NULL, null=True, related_name="evidence"
    )

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "evidence"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="evidence_has_a_hash"
            ),
            models.CheckConstraint(condition=~Q(collector=""), name="evidence_has_a_collector"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="evidence_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="evidence_is_what_it_was",
                fields=[
                    "key",
                    "file_name",
                    "size",
                    "sha256",
                    "collector",
                    "collected_at",
                    "added_at",
                    "added_by",
                ],
            ),
        ]

    def __str__(self) -> str:
        # More people read where a piece is named than may see one that is TLP:RED.
        return f"a TLP:RED piece, number {self.pk}" if self.is_red else self.title

    @property
    def is_red(self) -> bool:
        """Open to those on its incident only, and so is what it is called."""
        return self.tlp == Incident.Tlp.RED


class CustodyEvent(models.Model):
    """One link in the chain of custody: who did what with a piece of evidence, and when."""

    class Action(models.TextChoices):
        ADDED = "added", "added"
        VIEWED = "viewed", "viewed"
        DOWNLOADED = "downloaded", "downloaded"
        EXPORTED = "exported", "exported"
        VERIFIED = "verified", "verified"
        MOVED = "moved", "moved"

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="custody")
    at = models.DateTimeField()
    action = models.CharField(max_length=12, choices=Action.choices)
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["evidence", "id"], name="custody_in_order"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.actor}"
