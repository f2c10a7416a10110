"""The timeline: append-only, numbered and chained by the database on insert."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Value


class Entry(models.Model):
    """One line of an incident's timeline.

    `sequence`, `previous_hash`, `salt`, `body_digest` and `hash` are set by a trigger; what the
    application sends for them is ignored. `hash` covers the digest of the body and not the body,
    so that a body can be blanked for privacy later without breaking the chain.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", "opened"
        ALERT = "alert", "alert"
        MOVE = "move", "move"
        EVALUATION = "evaluation", "evaluation"
        UPDATE = "update", "update"
        TASK = "task", "task"
        SYSTEM = "system", "system"
        PARTNER = "partner", "partner"
        NOTICE = "notice", "notice"
        PAGE = "page", "page"
        STATEMENT = "statement", "statement"
        REVIEW = "review", "review"

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="entries")
    sequence = models.PositiveIntegerField(db_default=Value(0))
    at = models.DateTimeField(help_text="When it happened.")
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, null=True, help_text="Empty: internal."
    )
    body = models.TextField()
    salt = models.CharField(max_length=64, db_default=Value(""))
    body_digest = models.CharField(max_length=64, db_default=Value(""))
    previous_hash = models.CharField(max_length=64, db_default=Value(""))
    hash = models.CharField(max_length=64, db_default=Value(""))

    class Meta:
        ordering = ("-sequence",)
        verbose_name_plural = "entries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["incident", "sequence"], name="entry_numbered_once"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}. {self.body[:60]}"


class TimelineHead(models.Model):
    """The newest number and hash of each chain. Written by the trigger only."""

    incident = models.OneToOneField(
        "cases.Incident", models.PROTECT, primary_key=True, related_name="timeline_head"
    )
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash}"
