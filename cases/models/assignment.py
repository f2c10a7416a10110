"""Who does what on one incident: offered, accepted, handed over."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.incident import Incident
from incidentdesk.kernel.history import tracked


@tracked(name="role", exclude=("remind_at", "reminders", "takes_over"))
class Assignment(models.Model):
    """A person in a role on an incident: offered, accepted, ended. Only one leads at a time."""

    class Role(models.TextChoices):
        COMMANDER = "commander", "commander"
        COMMUNICATIONS = "communications", "communications"
        SCRIBE = "scribe", "scribe"
        RESPONDER = "responder", "responder"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=20, choices=Role.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")
    note = models.TextField(blank=True, help_text="What the next one has to know.")
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    remind_at = models.DateTimeField(
        null=True, help_text="When somebody is paged that the offer has no answer."
    )
    reminders = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often somebody was paged about it."
    )
    takes_over = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Offered at a hand-over: whoever accepts acknowledges the incident.",
    )
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("role", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["incident", "role"],
                condition=Q(
                    accepted_at__isnull=False,
                    ended_at=None,
                    role__in=["commander", "communications", "scribe"],
                ),
                name="one_at_a_time_in_a_role",
            ),
            models.UniqueConstraint(
                fields=["incident", "role", "user"],
                condition=Q(ended_at=None),
                name="assigned_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["user", "incident"], condition=Q(ended_at=None), name="assigned_now"
            ),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(remind_at__isnull=False, accepted_at=None, ended_at=None),
                name="assignment_to_remind_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.user}"

    @property
    def asks(self) -> str:
        """What is asked, after the name of whoever asks: `asks you to be commander`."""
        asks = "hands over to you and asks" if self.takes_over else "asks"
        return f"{asks} you to be {self.get_role_display()}"
