"""The register of controls and policies: what is meant to hold, and when it is looked at again."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidentdesk.kernel import clocks
from incidentdesk.kernel.history import tracked

BEFORE_DAYS = 30  # its owner is reminded at half of these days before the review day, and after


@tracked(name="title", exclude=("remind_at",))
class Control(models.Model):
    """A control or policy by its number. Reviews say of it whether it held.

    The database sets `remind_at` with the review day: no door goes around it.
    """

    class Kind(models.TextChoices):
        CONTROL = "control", "control"
        POLICY = "policy", "policy"

    number = models.CharField(max_length=30, unique=True, help_text="Like AC-02; names the row.")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CONTROL)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="controls"
    )
    description = models.TextField(blank=True)
    references = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Where frameworks ask for it: ISO27001:A.5.24 DORA:17 SOC2:CC7.4",
    )
    review_on = models.DateField("next review", null=True, blank=True)
    reviewed_on = models.DateField("last reviewed", null=True, editable=False)
    remind_at = models.DateTimeField(
        null=True, editable=False, help_text="When its owner is reminded next."
    )
    is_retired = models.BooleanField("retired", default=False)

    class Meta:
        ordering = ("number",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(number="") & ~Q(title=""), name="control_has_number_and_title"
            ),
            models.CheckConstraint(
                condition=Q(review_on=None)
                | Q(review_on__range=(date(clocks.EARLIEST, 1, 1), date(clocks.LATEST, 12, 31))),
                name="control_review_in_reach",
                violation_error_message="Check the year of the next review.",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(remind_at__isnull=False),
                name="control_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="reminders_follow_the_day",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("review_on", "is_retired"),  # type: ignore[no-untyped-call]
                func=f"""
                    IF NEW.review_on IS NULL OR NEW.is_retired THEN
                        NEW.remind_at := NULL;
                    ELSIF TG_OP = 'INSERT'
                        OR (NEW.review_on, NEW.is_retired)
                            IS DISTINCT FROM (OLD.review_on, OLD.is_retired) THEN
                        NEW.remind_at := (NEW.review_on + 1)::timestamp AT TIME ZONE 'UTC'
                            - make_interval(days => {BEFORE_DAYS // 2});
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"
