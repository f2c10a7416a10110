"""Requests: what we need from a partner, by when, and everything both sides said about it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel.history import tracked


@tracked(name="reference", made=False, exclude=("remind_at",))
class Request(models.Model):
    """One question to one partner in one incident, under a reference of the partner's own.

    Open until the partner says that its answer is whole; then staff accept it or ask again. It is
    late once a whole answer came after its time, and stays late whatever is asked again.
    """

    class State(models.TextChoices):
        OPEN = "open", "waits for the partner"
        ANSWERED = "answered", "waits for us"
        ACCEPTED = "accepted", "accepted"
        WITHDRAWN = "withdrawn", "withdrawn"

    involvement = models.ForeignKey("cases.Involvement", models.PROTECT, related_name="requests")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="requests")
    reference = models.CharField(max_length=40)
    question = models.TextField()
    why = models.TextField("why we ask", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    due_set_at = models.DateTimeField(help_text="Since when this time holds.")
    answered_at = models.DateTimeField(null=True, help_text="When the answer was whole.")
    was_late = models.BooleanField(default=False, help_text="A whole answer came after its time.")
    extension_until = models.DateTimeField(null=True)
    extension_reason = models.TextField(blank=True)
    remind_at = models.DateTimeField(null=True, help_text="When the partner is reminded next.")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("due_at", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "reference"], name="request_reference_once"),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("due_set_at"), due_set_at__gte=F("asked_at")),
                name="request_due_after_it_was_asked",
            ),
            models.CheckConstraint(
                condition=~(Q(question="") | Q(reference="")), name="request_asks_something"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at=None)
                | Q(state__in=["answered", "accepted"], answered_at__isnull=False)
                | Q(state="withdrawn"),
                name="request_answered_when_the_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(answered_at__lte=F("due_at")) | Q(was_late=True),
                name="request_late_if_answered_late",
            ),
            models.CheckConstraint(
                condition=Q(extension_until=None, extension_reason="")
                | (Q(state="open", extension_until__gt=F("due_at")) & ~Q(extension_reason="")),
                name="request_extension_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "answered"], settled_at=None, settled_by=None)
                | Q(
                    state__in=["accepted", "withdrawn"],
                    settled_at__isnull=False,
                    settled_by__isnull=False,
                ),
                name="request_settled_by_somebody",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["open", "answered"]),
                name="request_unsettled",
            ),
            models.Index(fields=["partner", "state", "due_at"], name="request_of_partner"),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(state="open", remind_at__isnull=False),
                name="request_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="request_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_asked_stays",
                fields=[
                    "involvement",
                    "partner",
                    "reference",
                    "question",
                    "why",
                    "asked_at",
                    "asked_by",
                ],
            ),
            pgtrigger.Protect(
                name="settled_request_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.state IN ('accepted', 'withdrawn')"),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_settled(self) -> bool:
        """Nobody owes anything any more."""
        return self.state in (self.State.ACCEPTED, self.State.WITHDRAWN)

    def is_overdue(self, at: datetime) -> bool:
        """Its time is over and the partner still owes the answer."""
        return self.state == self.State.OPEN and self.due_at < at


class RequestStep(models.Model):
    """One line of what was said about a request; both sides read all of them. Append-only.

    What the desk did is signed “The response team” for the partner; `user` says who it was.
    """

    class Kind(models.TextChoices):
        ASKED = "asked", "asked"
        PART = "part", "answered in part"
        WHOLE = "whole", "answered"
        AGAIN = "again", "asked again"
        EXTENSION = "extension", "asked for more time"
        GRANTED = "granted", "gave more time"
        REFUSED = "refused", "gave no more time"
        ACCEPTED = "accepted", "accepted the answer"
        WITHDRAWN = "withdrawn", "withdrew the request"

    request = models.ForeignKey(Request, models.PROTECT, related_name="steps")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(blank=True)
    until = models.DateTimeField(null=True)
    at = models.DateTimeField()
    is_ours = models.BooleanField()
    author = models.CharField(max_length=120)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(is_ours=True)
                & Q(kind__in=["asked", "again", "granted", "refused", "accepted", "withdrawn"])
                | Q(is_ours=False) & Q(kind__in=["part", "whole", "extension"]),
                name="step_by_the_side_whose_it_is",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["again", "extension", "refused", "withdrawn"]) | ~Q(text=""),
                name="step_says_why",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.author} {self.get_kind_display()}"
