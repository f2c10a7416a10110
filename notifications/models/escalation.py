"""Running escalations and the log of what each did. Which step comes when is in `ladder`."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from notifications.models.path import EscalationPath, Severity


class Escalation(models.Model):
    """People are paged about one thing, step after step, until somebody acknowledges.

    The facts of that thing are plain strings that the caller handed in. While it runs it always
    has `next_action_at`; the database refuses anything else.
    """

    class State(models.TextChoices):
        RUNNING = "running", "waiting for an acknowledgement"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        STOPPED = "stopped", "stopped"
        SUPPRESSED = "suppressed", "pages nobody, on purpose"

    LIVE = (State.RUNNING, State.SUPPRESSED)

    about = models.CharField(max_length=120)
    reference = models.CharField(max_length=60)
    title = models.CharField(max_length=250)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    category = models.CharField(max_length=60, blank=True)
    url = models.CharField(max_length=300)
    path = models.ForeignKey(
        EscalationPath,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="escalations",
        help_text="Empty: no path matched, so administrators are paged.",
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    next_position = models.PositiveSmallIntegerField("next step", default=0)
    round = models.PositiveIntegerField("repeats", default=0)
    next_action_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    acknowledged_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_action_at", "id"],
                name="escalation_due",
                condition=Q(state="running"),
            ),
            models.Index(fields=["about", "id"], name="escalation_about"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["about"],
                name="escalation_live_once",
                condition=Q(state__in=["running", "suppressed"]),
            ),
            models.CheckConstraint(
                name="escalation_running_is_due",
                condition=Q(state="running", next_action_at__isnull=False)
                | (~Q(state="running") & Q(next_action_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="escalation_acknowledged_by_somebody",
                condition=(
                    Q(state="acknowledged", acknowledged_at__isnull=False) & ~Q(acknowledged_by="")
                )
                | (~Q(state="acknowledged") & Q(acknowledged_at__isnull=True, acknowledged_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_severity_display()} {self.reference} {self.title}"


class EscalationEvent(models.Model):
    """One line of an escalation's log. Append-only."""

    class Event(models.TextChoices):
        PAGED = "paged", "paged"
        EMPTY = "empty", "nobody to page"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        STOPPED = "stopped", "stopped"

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    event = models.CharField(max_length=12, choices=Event.choices)
    detail = models.TextField()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.detail
