"""The timeline: append-only, numbered and chained by the database on insert."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q, Value

# What may still happen to an entry: its text is taken out, and everything else stays. Each column
# by name, since PostgreSQL lets no condition see a whole row that has generated columns.
_KEPT = (
    *("id", "incident_id", "sequence", "version", "at", "recorded_at", "kind", "actor", "user_id"),
    *("partner_id", "corrects", "body_digest", "previous_hash", "hash"),
)
_BLANKED = (
    "NEW.body = '' AND NEW.salt = ''"
    f" AND ({', '.join(f'NEW.{name}' for name in _KEPT)})"
    f" IS NOT DISTINCT FROM ({', '.join(f'OLD.{name}' for name in _KEPT)})"
)


class Entry(models.Model):
    """One line of an incident's timeline.

    `sequence`, `version`, `recorded_at`, `previous_hash`, `salt`, `body_digest` and `hash` are set
    by a trigger; what the application sends for them is ignored. `hash` covers the digest of the
    body and not the body, so that a body can be blanked for privacy later without breaking the
    chain. `version` says what the hash covers; see `cases.chain`.

    A correction and a blanking name the entry they are about in `corrects`. A blanking takes the
    text of that entry out, in the same trigger that writes it down.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", "opened"
        ALERT = "alert", "alert"
        MOVE = "move", "move"
        EVALUATION = "evaluation", "evaluation"
        UPDATE = "update", "update"
        CORRECTION = "correction", "correction"
        BLANKING = "blanking", "blanking"
        TASK = "task", "task"
        SYSTEM = "system", "system"
        PARTNER = "partner", "partner"
        NOTICE = "notice", "notice"
        PAGE = "page", "page"
        STATEMENT = "statement", "statement"
        REVIEW = "review", "review"

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="entries")
    sequence = models.PositiveIntegerField(db_default=Value(0))
    version = models.PositiveSmallIntegerField(db_default=Value(1))
    at = models.DateTimeField(help_text="When it happened.")
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, null=True, help_text="Empty: internal."
    )
    corrects = models.PositiveIntegerField(
        null=True, help_text="The sequence of the entry that this one corrects or blanks."
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
            models.CheckConstraint(
                name="entry_corrects_an_older_one",
                condition=Q(corrects=None) | Q(corrects__gte=1, corrects__lt=F("sequence")),
            ),
            models.CheckConstraint(
                name="entry_names_what_it_corrects",
                condition=Q(corrects=None) & ~Q(kind__in=["correction", "blanking"])
                | Q(corrects__isnull=False, kind__in=["correction", "blanking"]),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["incident", "corrects"],
                condition=Q(corrects__isnull=False),
                name="entry_corrections",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_blanked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"NOT ({_BLANKED})"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}. {self.body[:60]}"

    @property
    def is_blanked(self) -> bool:
        """Its text was taken out for privacy; no entry is written without one."""
        return not self.body


class TimelineHead(models.Model):
    """The newest number and hash of each chain. Written by the trigger only."""

    incident = models.OneToOneField(
        "cases.Incident", models.PROTECT, primary_key=True, related_name="timeline_head"
    )
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash}"
