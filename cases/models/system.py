"""Systems: the register, and what is affected in one incident."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from incidentdesk.kernel.history import tracked


@tracked(name="name")
class System(models.Model):
    """Something 6MM runs that an incident can hit."""

    class Kind(models.TextChoices):
        SERVICE = "service", "service"
        GATEWAY = "gateway", "gateway"
        VENUE_LINK = "venue_link", "venue link"
        DATA = "data", "data store or feed"
        NETWORK = "network", "network"
        HOST = "host", "host or platform"
        IDENTITY = "identity", "identity and access"
        SUPPLIER = "supplier", "supplier"

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.SERVICE)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="systems"
    )
    partners = models.ManyToManyField(
        "partners.Partner",
        blank=True,
        related_name="systems",
        help_text="Who depends on it; naming the system proposes them.",
    )
    is_critical = models.BooleanField(
        default=False, help_text="A shared critical component: gateway, matching, risk, ledger…"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


@tracked(name="system")
class AffectedSystem(models.Model):
    """A system in an incident: affected, then isolated, then restored.

    A trigger refuses a critical system that is restored and checked by nobody else.
    """

    class State(models.TextChoices):
        AFFECTED = "affected", "affected"
        ISOLATED = "isolated", "isolated"
        RESTORED = "restored", "restored"

    incident = models.ForeignKey("cases.Incident", models.CASCADE, related_name="systems")
    system = models.ForeignKey(System, models.PROTECT, related_name="affected")
    state = models.CharField(max_length=10, choices=State.choices, default=State.AFFECTED)
    down_since = models.DateTimeField(null=True, help_text="Fully down since; empty: it is not.")
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    how = models.TextField(blank=True, help_text="How it was isolated or restored; the proof.")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("system__name",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["incident", "system"], name="system_once_per_incident"),
            models.CheckConstraint(
                condition=models.Q(checked_by=None) | ~models.Q(checked_by=models.F("changed_by")),
                name="system_checked_by_a_second_person",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["down_since"],
                condition=models.Q(down_since__isnull=False, state="affected"),
                name="system_down",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} ({self.state})"
