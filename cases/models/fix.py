"""Fixes: what is changed to end an incident, approved by a second person."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel.history import tracked


@tracked(name="change_reference")
class Fix(models.Model):
    """A temporary or permanent fix. A temporary one has an owner and a day on which it expires."""

    class Kind(models.TextChoices):
        TEMPORARY = "temporary", "temporary"
        PERMANENT = "permanent", "permanent"

    class State(models.TextChoices):
        PROPOSED = "proposed", "waits for approval"
        APPROVED = "approved", "approved"
        REPLACED = "replaced", "replaced by another fix"
        ACCEPTED = "accepted", "accepted to stay"
        WITHDRAWN = "withdrawn", "withdrawn"

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="fixes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(help_text="What is changed.")
    change_reference = models.CharField(max_length=80)
    test_evidence = models.TextField(help_text="Where it was tried first, and what came out.")
    rollback_plan = models.TextField(help_text="How to go back.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="fixes"
    )
    expires_on = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaces")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    ended_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "fixes"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="fix_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="fix_approval_is_a_pair",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "replaced", "accepted"])
                | Q(approved_at__isnull=False),
                name="fix_stands_when_approved",
            ),
            models.CheckConstraint(
                condition=~Q(kind="temporary") | Q(owner__isnull=False, expires_on__isnull=False),
                name="temporary_fix_has_owner_and_expiry",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["replaced", "accepted", "withdrawn"])
                | (Q(ended_at__isnull=False) & ~Q(ended_reason="")),
                name="fix_ended_with_a_reason",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["expires_on"],
                condition=Q(kind="temporary", state="approved"),
                name="fix_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} fix {self.change_reference}"
