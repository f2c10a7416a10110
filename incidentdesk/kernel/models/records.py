"""The audit trail, and what the desk notes of its own work."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AuditEvent(models.Model):
    """Who did or read what. Append-only, and without foreign keys into live data."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=80)
    about = models.CharField(max_length=120)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "audit trail"
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["about", "-id"], name="audit_about"),
            models.Index(fields=["user_id", "-id"], name="audit_user"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.about}"


class AuditSeal(models.Model):
    """A seal under a stretch of the audit trail, chained to the one before it. Append-only.

    What the hashes cover stands in `kernel.trail`; `covers` has each line's number and digest.
    """

    number = models.PositiveBigIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    after_id = models.BigIntegerField(help_text="The last line of the seal before.")
    last_id = models.BigIntegerField(help_text="Its own last line.")
    begin_at = models.DateTimeField(help_text="The earliest time of its lines.")
    end_at = models.DateTimeField(help_text="The latest.")
    lines = models.PositiveIntegerField(help_text="How many it covers.")
    lines_hash = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)
    covers = models.TextField()

    class Meta:
        ordering = ("-number",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["end_at"], name="audit_seal_end"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(last_id__gt=models.F("after_id"), lines__gte=1),
                name="audit_seal_has_lines",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"seal {self.number} of {self.sealed_at:%d %b %Y %H:%M} UTC"


class SentForm(models.Model):
    """A form whose one-time value was claimed; kept for as long as a second click may come."""

    digest = models.CharField(max_length=64, unique=True)
    sent_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["sent_at"], name="sent_form_age"),
        ]

    def __str__(self) -> str:
        return f"a form sent at {self.sent_at:%Y-%m-%d %H:%M}"


class LinkRequest(models.Model):
    """Somebody asked for a link to set a password. There is a row for every address that was
    typed, whosever it is, so that asking takes as long for one as for another."""

    email = models.CharField(max_length=254)
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"a link asked for at {self.asked_at:%Y-%m-%d %H:%M}"


class Progress(models.Model):
    """When a part of the desk last finished a round, by the database's clock, and what it says."""

    part = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField("last round")
    said = models.CharField("says", max_length=300, blank=True)
    is_well = models.BooleanField("well", default=True)

    class Meta:
        verbose_name = "part of the desk"
        verbose_name_plural = "parts of the desk"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.part}: {self.said}"


class Finding(models.Model):
    """Something that the auditor found wrong, from the first round that saw it to the last.

    `about` names an incident, so that what is sealed stays so; empty is the desk itself.
    """

    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=120, blank=True)
    words = models.TextField("what is wrong")
    mended = models.TextField("what was done", blank=True)
    first_at = models.DateTimeField("found")
    last_at = models.DateTimeField("last seen")
    rounds = models.PositiveIntegerField(default=1, help_text="That saw it, a minute apart.")
    pages = models.PositiveIntegerField(default=0, help_text="That it was worth.")
    paged_at = models.DateTimeField("administrators paged", null=True)
    cleared_at = models.DateTimeField("over", null=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "about"], condition=Q(cleared_at=None), name="finding_open_once"
            ),
        ]

    def __str__(self) -> str:
        return self.words


class Retention(models.Model):
    """How many days a kind of data is kept; what the kinds are, `kernel.retention` says."""

    LONGEST = 3660

    key = models.CharField(max_length=20, unique=True)
    days = models.PositiveIntegerField()

    class Meta:
        verbose_name = "kind of data"
        verbose_name_plural = "retention"
        ordering = ("key",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(days__gte=1, days__lte=3660), name="retention_is_a_period"
            ),
        ]

    def __str__(self) -> str:
        return self.key
