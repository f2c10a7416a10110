"""Who took part in a review: somebody of the desk, or a name, perhaps of a partner."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.review import ONLY_IN_A_DRAFT


class Attendee(models.Model):
    """One person who took part. Somebody of the desk has no name of their own here."""

    review = models.ForeignKey("reviews.Review", models.PROTECT, related_name="attendees")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="reviews_attended"
    )
    name = models.CharField(max_length=120, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, name="", partner=None) | Q(user=None) & ~Q(name=""),
                name="attendee_is_a_person_or_a_name",
            ),
            models.UniqueConstraint(
                fields=["review", "user", "name", "partner"],
                name="attendee_once",
                nulls_distinct=False,
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="listed_in_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"{ONLY_IN_A_DRAFT} RETURN NEW;",
            ),
            pgtrigger.Trigger(
                name="taken_back_from_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=f"{ONLY_IN_A_DRAFT.replace('NEW.', 'OLD.')} RETURN OLD;",
            ),
        ]

    def __str__(self) -> str:
        if self.user is not None:
            return str(self.user)
        return f"{self.name}, {self.partner}" if self.partner else self.name
