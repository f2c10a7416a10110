"""Webhooks: the addresses of a partner's own programs, and what was sent to each."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.encrypted import EncryptedText
from partners.models.partner import Partner


class EventType(models.TextChoices):
    """What a partner's programs are told of, by the name that stands in what they get."""

    DISCLOSED = "incident.disclosed", "an incident is shown to you"
    CHANGED = "incident.changed", "what an incident means for you is put in other words"
    NOTICE = "notice.published", "we send you a notice"
    PHASE = "incident.phase_changed", "an incident moves to another phase"
    REQUEST = "request.opened", "we ask you for something"


class OffBecause(models.TextChoices):
    """Why a webhook is off that nobody at the partner switched off."""

    GONE = "gone", "its server answered that the address is gone (HTTP 410)"
    LEFT = "left", "who added it works or administers here no more"


def every_severity() -> list[int]:
    """What a webhook is told of unless its partner chooses less."""
    return [1, 2, 3, 4]


class Webhook(models.Model):
    """One address, the events that it is told of, and the secret with which each is signed.

    Of incidents it is told by their severity for its partner; where the contract agrees a time for
    a severity, whatever stands in `severities`.

    After a new secret the former one signs as well for a while, so that none is missed meanwhile.
    One that was deleted keeps its row without a secret: what was sent to it stays readable.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="webhooks")
    url = models.CharField("address", max_length=300)
    events = ArrayField(models.CharField(max_length=40, choices=EventType.choices))
    severities = ArrayField(
        models.PositiveSmallIntegerField(),
        default=every_severity,
        db_default=models.Value("{1,2,3,4}"),
        help_text="For its partner; those for which the contract agrees a time count in any case.",
    )
    secret = EncryptedText()
    former_secret = EncryptedText(blank=True)
    former_until = models.DateTimeField(null=True)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    adder = models.CharField(max_length=120)
    off_since = models.DateTimeField(null=True)
    off_because = models.CharField(max_length=8, choices=OffBecause.choices, blank=True)
    deleted_at = models.DateTimeField(null=True)
    deleter = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(events=[]), name="webhook_told_of_something"),
            models.CheckConstraint(
                condition=Q(severities__contained_by=[1, 2, 3, 4]), name="webhook_severities"
            ),
            models.CheckConstraint(
                condition=Q(former_secret="", former_until=None)
                | (~Q(former_secret="") & Q(former_until__isnull=False)),
                name="webhook_former_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None)
                | Q(off_since__isnull=False, secret="", former_secret=""),
                name="webhook_deleted_is_off",
            ),
            models.CheckConstraint(
                condition=Q(off_because="") | Q(off_since__isnull=False),
                name="webhook_off_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_on(self) -> bool:
        """Whether it is told of what happens."""
        return self.off_since is None


class Delivery(models.Model):
    """That one event goes to one webhook; how far it is stands on its message. Append-only.

    `event_id` is what the receiver knows it by: a replay has that of the first.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    webhook = models.ForeignKey(Webhook, models.PROTECT, related_name="deliveries")
    message = models.OneToOneField("notifications.Message", models.PROTECT, related_name="delivery")
    key = models.UUIDField(unique=True, default=uuid.uuid4)
    event_id = models.CharField(max_length=60)
    event_type = models.CharField(
        max_length=40, choices=[*EventType.choices, ("webhook.test", "a test")]
    )
    reference = models.CharField(max_length=40, blank=True)
    asked_by = models.CharField(
        max_length=120, blank=True, help_text="Who tested it or had it sent again."
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["webhook", "-id"], name="delivery_of_webhook"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.webhook}"
