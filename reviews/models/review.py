"""The review of one incident: what was found out, and who approved it.

What was looked at, agreed and learned stands in rows of its own. When it is due is no column here:
the deadline `review` of the incident says it, and moves with the severity.
"""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

FINDINGS = ("root_cause", "contributing_factors", "trigger", "went_well", "went_badly")


class Review(models.Model):
    """One incident has one review. A draft until a person who did not command approves it."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        APPROVED = "approved", "approved"

    incident = models.OneToOneField("cases.Incident", models.PROTECT, related_name="review")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    opened_at = models.DateTimeField()
    facilitator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    commander = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who commanded when the review opened; may not approve it.",
    )
    root_cause = models.TextField(blank=True)
    contributing_factors = models.TextField(blank=True)
    trigger = models.TextField("what set it off", blank=True)
    went_well = models.TextField(blank=True)
    went_badly = models.TextField(blank=True)
    no_documents_reason = models.TextField("why no document needs updating", blank=True)
    revision = models.PositiveIntegerField(
        default=0, help_text="Counts the writings, so that two writers notice each other."
    )
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(commander__isnull=False) & ~Q(approved_by=F("commander")),
                name="review_not_approved_by_its_commander",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", approved_at=None, approved_by=None)
                | Q(state="approved", approved_at__isnull=False, approved_by__isnull=False),
                name="review_approval_is_a_pair",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-opened_at"], condition=Q(state="draft"), name="review_draft"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="approved_findings_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL"
                    " AND (OLD.root_cause, OLD.contributing_factors, OLD.trigger, OLD.went_well,"
                    " OLD.went_badly, OLD.no_documents_reason, OLD.incident_id, OLD.commander_id,"
                    " OLD.approved_by_id, OLD.approved_at)"
                    " IS DISTINCT FROM (NEW.root_cause, NEW.contributing_factors, NEW.trigger,"
                    " NEW.went_well, NEW.went_badly, NEW.no_documents_reason, NEW.incident_id,"
                    " NEW.commander_id, NEW.approved_by_id, NEW.approved_at)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.incident}"

    @property
    def is_draft(self) -> bool:
        """Not approved; or approved once, and reopened with its incident."""
        return self.state == self.State.DRAFT
