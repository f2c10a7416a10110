"""An invitation: a person that a partner's administrator asks to work with them in the portal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from partners.models.partner import Partner


class Invitation(models.Model):
    """Works once, for a week, for one address. The secret is mailed and stored as a digest."""

    LASTS = timedelta(days=7)

    class Right(models.TextChoices):
        """The codenames of the grants on a partner, in words."""

        ACT = "act", "acknowledges, reports and answers"
        ADMINISTER = "administer", "administers its people, and acts"
        AUDIT = "audit", "reads as an auditor, changes nothing"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="invitations")
    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail")
    right = models.CharField(max_length=10, choices=Right.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_at = models.DateTimeField()
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    inviter = models.CharField(max_length=120)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "partner",
                Lower("email"),
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_open_once",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("invited_at"))
                & Q(expires_at__lte=F("invited_at") + timedelta(days=7)),
                name="invitation_ends_within_a_week",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None)
                | Q(withdrawn_at=None, accepted_at__lt=F("expires_at")),
                name="invitation_accepted_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    def state(self, at: datetime) -> str:
        """open, accepted, withdrawn or expired."""
        if self.accepted_at:
            return "accepted"
        if self.withdrawn_at:
            return "withdrawn"
        return "open" if at < self.expires_at else "expired"
