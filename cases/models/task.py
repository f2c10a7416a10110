"""Tasks: the work in one incident, and what responders did of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from cases.models.playbook import PHASES
from incidentdesk.kernel.history import tracked

# What counts as ended before a gate: waived, or done and, where marked, seen by a second person.
ENDED = Q(state="waived") | Q(state="done") & (
    Q(needs_second_person=False) | Q(confirmed_at__isnull=False)
)


@tracked(name="text", made=False, exclude=("due_set_at", "remind_at"))
class Task(models.Model):
    """A responder's work in one incident: open, done with a note, or waived with a reason.

    One that is marked for a second person is over once somebody else has confirmed it.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"
        WAIVED = "waived", "waived"

    incident = models.ForeignKey("cases.Incident", models.CASCADE, related_name="tasks")
    phase = models.CharField(max_length=20, choices=PHASES)
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)
    needs_evidence = models.BooleanField(default=False)
    needs_second_person = models.BooleanField(default=False)
    is_partner_facing = models.BooleanField(default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="tasks"
    )
    due_at = models.DateTimeField(null=True)
    due_set_at = models.DateTimeField(null=True, help_text="Since when this time holds.")
    remind_at = models.DateTimeField(null=True, help_text="When its owner is reminded next.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    note = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    confirmation = models.TextField(
        blank=True, db_default=models.Value(""), help_text="What the second person looked at."
    )

    class Meta:
        ordering = ("phase", "position", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="task_ended_with_a_note",
                condition=Q(state="open", ended_at=None)
                | (~Q(state="open") & Q(ended_at__isnull=False) & ~Q(note="")),
            ),
            models.CheckConstraint(
                name="task_reminded_of_its_time",
                condition=Q(remind_at=None) | Q(due_at__isnull=False, due_set_at__isnull=False),
            ),
            models.CheckConstraint(
                name="task_confirmed_by_a_second_person",
                condition=Q(confirmed_at=None, confirmed_by=None)
                | (
                    Q(state="done", confirmed_at__isnull=False, confirmed_by__isnull=False)
                    & ~Q(confirmed_by=F("ended_by"))
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "phase", "position"], name="task_in_order"),
            models.Index(
                fields=["owner", "due_at"], condition=Q(state="open"), name="tasks_of_owner"
            ),
            models.Index(
                fields=["incident"],
                condition=Q(state="done", needs_second_person=True, confirmed_at=None),
                name="tasks_to_confirm",
            ),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(state="open", remind_at__isnull=False),
                name="tasks_to_remind_of",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def awaits_confirmation(self) -> bool:
        """Done, and waits for a second person."""
        return (
            self.state == self.State.DONE and self.needs_second_person and self.confirmed_at is None
        )
