"""What people agree on beside a rota's layers: taking over, and asking another to; and the secret
address of a calendar."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from notifications.models.rota import Rota


class Override(models.Model):
    """Somebody is on call instead of whoever the layers say. Taken back, it stays as a row."""

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField("taken back at", null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["rota", "ends_at"], name="override_live", condition=Q(ended_at=None)
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="override_ends", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.person} takes over"


class Swap(models.Model):
    """One person asks another to be on call instead, and may offer to take a turn of theirs in
    return. It changes nothing until the other agrees; then it is an override, or two."""

    class State(models.TextChoices):
        ASKED = "asked", "waits for an answer"
        AGREED = "agreed", "agreed"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"
        EXPIRED = "expired", "not answered before it was over"

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="swaps")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="swaps_asked"
    )
    asked_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="swaps_to_answer"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    return_starts_at = models.DateTimeField(null=True, blank=True)
    return_ends_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    override = models.OneToOneField(
        Override, null=True, blank=True, on_delete=models.PROTECT, related_name="swap"
    )
    return_override = models.OneToOneField(
        Override, null=True, blank=True, on_delete=models.PROTECT, related_name="swap_in_return"
    )

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["starts_at"], name="swap_open", condition=Q(state="asked")),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="swap_ends", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="swap_returns_some_time",
                condition=Q(return_starts_at=None, return_ends_at=None)
                | Q(return_starts_at__isnull=False, return_ends_at__gt=F("return_starts_at")),
            ),
            models.CheckConstraint(
                name="swap_agreed_is_both",
                condition=Q(state="agreed", return_ends_at__isnull=False)
                & Q(return_override__isnull=False)
                | (~Q(state="agreed") | Q(return_ends_at=None)) & Q(return_override=None),
            ),
            models.CheckConstraint(name="swap_of_two", condition=~Q(asked_by=F("asked_of"))),
            models.CheckConstraint(
                name="swap_agreed_is_override",
                condition=Q(state="agreed", override__isnull=False)
                | (~Q(state="agreed") & Q(override=None)),
            ),
            models.CheckConstraint(
                name="swap_answered_at",
                condition=Q(state="asked", answered_at=None)
                | (~Q(state="asked") & Q(answered_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asked_by} asks {self.asked_of}"

    @property
    def is_two_way(self) -> bool:
        """Whether who asks takes a turn in return."""
        return self.return_starts_at is not None

    @property
    def open_until(self) -> datetime:
        """When the first of it is over: until then it can be answered."""
        return min(self.ends_at, self.return_ends_at or self.ends_at)


class CalendarFeed(models.Model):
    """A secret address at which a calendar program reads the turns of its person, or of a rota."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    rota = models.ForeignKey(
        Rota,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="feeds",
        help_text="Empty: the person's own turns on all rotas.",
    )
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["person", "rota"],
                name="feed_once",
                condition=Q(revoked_at=None),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar of {self.rota or self.person}"
