"""Reports: what a partner tells us. One comes to triage and becomes an incident, or an answer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.history import tracked


@tracked(name="reference")
class Report(models.Model):
    """A partner's report; visible to that partner with its state."""

    class State(models.TextChoices):
        NEW = "new", "waits for triage"
        ACCEPTED = "accepted", "became an incident"
        ATTACHED = "attached", "belongs to a known incident"
        DECLINED = "declined", "answered"

    class Certainty(models.TextChoices):
        SURE = "sure", "We are sure"
        LIKELY = "likely", "Probably"
        SUSPECTED = "suspected", "We only suspect it"

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="reports")
    reference = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    description = models.TextField()
    category = models.ForeignKey("cases.Category", models.PROTECT, null=True)
    certainty = models.CharField(max_length=10, choices=Certainty.choices, blank=True)
    happened_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField()
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reporter = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    answer = models.TextField(blank=True)
    incident = models.ForeignKey(
        "cases.Incident", models.PROTECT, null=True, related_name="reports"
    )
    shown_as = models.CharField(
        max_length=40,
        blank=True,
        db_default=models.Value(""),
        help_text="The partner's own reference of the incident that it belongs to.",
    )
    triaged_at = models.DateTimeField(null=True)
    triaged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-reported_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "reference"], name="report_reference_once"),
            models.CheckConstraint(
                condition=Q(state="new", triaged_at=None)
                | (~Q(state="new") & Q(triaged_at__isnull=False)),
                name="report_triaged_or_new",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(answer=""), name="report_declined_in_words"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["reference"], name="report_by_reference"),
            models.Index(fields=["partner", "-reported_at", "-id"], name="report_newest"),
            models.Index(fields=["reported_at"], condition=Q(state="new"), name="report_to_triage"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


class ReportDraft(models.Model):
    """A report that somebody at a partner has begun, as typed; nobody else reads it.

    It is gone once the report is sent. What is kept need not be whole, or even right.
    """

    partner = models.ForeignKey("partners.Partner", models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    title = models.TextField(blank=True)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=100, blank=True)
    certainty = models.CharField(max_length=100, blank=True)
    noticed_at = models.CharField(max_length=100, blank=True)
    happened_at = models.CharField(max_length=100, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "user"], name="report_draft_once"),
        ]

    def __str__(self) -> str:
        return self.title or "A report that was begun"
