"""Fixes: what is changed to end an incident, approved by a second person."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel.history import tracked


@tracked(name="change_reference", exclude=("remind_at",))
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
    remind_at = models.DateTimeField(null=True, help_text="When its owner is reminded next.")

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
            models.CheckConstraint(
                condition=Q(replaced_by=None)
                | (Q(state="replaced", kind="temporary") & ~Q(replaced_by=F("id"))),
                name="fix_replaced_only_if_temporary",
            ),
            models.CheckConstraint(
                condition=~Q(state="replaced") | Q(replaced_by__isnull=False),
                name="fix_replaced_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(kind="temporary"),
                name="fix_accepted_only_if_temporary",
            ),
            models.CheckConstraint(
                condition=~(
                    Q(text="") | Q(change_reference="") | Q(test_evidence="") | Q(rollback_plan="")
                ),
                name="fix_is_whole",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["expires_on"],
                condition=Q(kind="temporary", state="approved"),
                name="fix_expires",
            ),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(kind="temporary", state="approved", remind_at__isnull=False),
                name="fix_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="approved_fix_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.approved_at IS NOT NULL AND (OLD.kind, OLD.text, OLD.change_reference,"
                    " OLD.test_evidence, OLD.rollback_plan, OLD.expires_on, OLD.proposed_at,"
                    " OLD.proposed_by_id, OLD.approved_at, OLD.approved_by_id)"
                    " IS DISTINCT FROM (NEW.kind, NEW.text, NEW.change_reference,"
                    " NEW.test_evidence, NEW.rollback_plan, NEW.expires_on, NEW.proposed_at,"
                    " NEW.proposed_by_id, NEW.approved_at, NEW.approved_by_id)"
                ),
            ),
            pgtrigger.Protect(name="fix_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display().capitalize()} fix {self.change_reference}"

    @property
    def is_temporary(self) -> bool:
        """It expires, and has an owner until then."""
        return self.kind == self.Kind.TEMPORARY

    @property
    def is_open(self) -> bool:
        """Approved, temporary, and neither replaced nor accepted: somebody still owes an end."""
        return self.is_temporary and self.state == self.State.APPROVED

    def is_overdue(self, today: date) -> bool:
        """Its last day is over and it is still there."""
        return self.is_open and self.expires_on is not None and self.expires_on < today
