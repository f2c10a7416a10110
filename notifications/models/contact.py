"""How a person is reached besides by the mail address of the account, which is always the last way
and stands in no row: so nobody is ever left without one.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.encrypted import EncryptedText
from incidentdesk.kernel.times import Times


class ContactMethod(models.Model):
    """One way to reach one person. Pages go by it once it is verified, and until it goes bad.

    One that was removed keeps its row without address and secret: what went by it stays readable.
    """

    class Channel(models.TextChoices):
        CHAT = "apprise", "chat or phone"
        EMAIL = "email", "another mail address"
        WEBHOOK = "webhook", "a program of yours (webhook)"

    class Reach(models.IntegerChoices):
        ALL = 4, "every severity"
        GRAVE = 2, "SEV-2 and worse"
        WORST = 1, "SEV-1 only"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="contact_methods",
        verbose_name="person",
    )
    channel = models.CharField("by", max_length=20, choices=Channel.choices)
    label = models.CharField("name", max_length=60)
    address = EncryptedText()
    secret = EncryptedText(blank=True, help_text="With which a webhook's calls are signed.")
    shown = models.CharField(
        "where", max_length=120, help_text="What may be read of the address by others."
    )
    position = models.PositiveSmallIntegerField("place")
    reach = models.PositiveSmallIntegerField("for", choices=Reach.choices, default=Reach.ALL)
    from_time = models.TimeField(null=True, help_text="Empty: at any hour.")
    until_time = models.TimeField(null=True)
    zone = models.CharField(max_length=60, default="UTC")
    added_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Refused for good, one after the other."
    )
    bad_since = models.DateTimeField(null=True)
    bad_because = models.CharField(max_length=300, blank=True)
    last_test = models.ForeignKey(
        "notifications.Message", models.SET_NULL, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(
        null=True, help_text="When its person last said that a test came."
    )
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "contact method"
        verbose_name_plural = "how you are reached"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["user", "position", "id"],
                name="contact_method_in_order",
                condition=Q(removed_at=None),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="contact_method_hours",
                condition=Q(from_time=None, until_time=None)
                | Q(from_time__isnull=False, until_time__isnull=False),
            ),
            models.CheckConstraint(
                name="contact_method_removed_is_empty",
                condition=Q(removed_at=None) | Q(address="", secret=""),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def covers(self, severity: int | None, at: datetime) -> bool:
        """Whether it is for this severity (None: any) and for the hour that it is there."""
        if severity is not None and severity > self.reach:
            return False
        if self.from_time is None or self.until_time is None:
            return True
        now = at.astimezone(Times(self.zone).tz).time()
        if self.from_time < self.until_time:
            return self.from_time <= now < self.until_time
        return now >= self.from_time or now < self.until_time  # over midnight
