"""Letters: mail that came to the desk, what was found out of its sender, what became of it."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

# What goes when a mail is let go of: in one update, whole, and once. The row stays.
_WORDS = ("envelope_from", "sent_to", "sender", "sender_name", "subject", "text", "files")
_GO = (*_WORDS, "forgotten_at")
_OLD, _NEW = (", ".join(f"{row}.{name}" for name in _GO) for row in ("OLD", "NEW"))
_DECIDED = ("outcome", "partner_id", "report_id", "handled_at", "handled_by_id")
_FORGETTING = (
    "OLD.forgotten_at IS NULL AND NEW.forgotten_at IS NOT NULL AND "
    + " AND ".join(f"NEW.{name} = ''" for name in _WORDS)
    + "".join(f" AND NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in _DECIDED)
)


class Letter(models.Model):
    """One mail as it came in. It is never deleted, and changed only when it is let go of: then its
    words go, and that it came stays. A person decides on it once.

    The whole mail lies in the vault by its `key` and is never shown as HTML; `text` is what of it
    can be read.
    """

    class Outcome(models.TextChoices):
        QUARANTINED = "quarantined", "waits to be looked at"
        REPORT = "report", "became a partner's report"
        THREAD = "thread", "went into a partner's thread"
        ANSWER = "answer", "answered a request"
        INTERNAL = "internal", "opened an incident"
        AUTOMATIC = "automatic", "left alone: a machine wrote it"
        ACCEPTED = "accepted", "was accepted as a partner's report"
        DISMISSED = "dismissed", "was dismissed"

    HANDLED = (Outcome.ACCEPTED, Outcome.DISMISSED)

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    size = models.PositiveBigIntegerField(help_text="Bytes of the whole mail.")
    sha256 = models.CharField(max_length=64, help_text="Of the whole mail.")
    digest = models.CharField(
        max_length=64,
        unique=True,
        help_text="The same mail, delivered again, has the same digest and is stored once.",
    )
    message_id = models.CharField("Message-ID", max_length=300, blank=True)
    envelope_from = models.CharField(max_length=320, blank=True)
    sent_to = models.TextField(help_text="Addresses of the envelope and of To and Cc, a line each.")
    sender = models.CharField("from", max_length=320, blank=True)
    sender_name = models.CharField(max_length=120, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    files = models.TextField(blank=True, help_text="The names of its files, a line each.")
    received_at = models.DateTimeField()
    spf = models.CharField("SPF", max_length=12, blank=True)
    spf_domain = models.CharField(max_length=255, blank=True)
    dkim = models.CharField("DKIM", max_length=12, blank=True)
    dkim_domain = models.CharField(max_length=255, blank=True)
    is_aligned = models.BooleanField(
        default=False, help_text="The domain of the sender's address itself was proved."
    )
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    why = models.TextField(help_text="In a sentence.")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, null=True, related_name="+")
    report = models.ForeignKey("cases.Report", models.PROTECT, null=True, related_name="letters")
    request = models.ForeignKey("cases.Request", models.PROTECT, null=True, related_name="letters")
    incident = models.ForeignKey("cases.Incident", models.PROTECT, null=True, related_name="+")
    forgotten_at = models.DateTimeField(
        null=True, help_text="When its words, its people and its file were let go of."
    )
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-received_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="letter_has_a_hash"
            ),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=["accepted", "dismissed"],
                    handled_at__isnull=False,
                    handled_by__isnull=False,
                )
                | (~Q(outcome__in=["accepted", "dismissed"]) & Q(handled_at=None, handled_by=None)),
                name="letter_handled_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["report", "accepted"])
                | Q(report__isnull=False, partner__isnull=False),
                name="letter_names_its_report",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-received_at", "-id"], name="letter_newest"),
            models.Index(
                fields=["received_at"],
                condition=Q(outcome="quarantined"),
                name="letter_quarantined",
            ),
            models.Index(fields=["sender", "-received_at"], name="letter_of_sender"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="letter_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="letter_is_decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"OLD.outcome <> 'quarantined' AND NOT ({_FORGETTING})"
                ),
            ),
            pgtrigger.ReadOnly(
                name="letter_is_what_it_was",
                exclude=["outcome", "partner", "report", "handled_at", "handled_by", *_GO],
            ),
            pgtrigger.Protect(
                name="letter_goes_whole",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"NOT (({_NEW}) IS NOT DISTINCT FROM ({_OLD}) OR ({_FORGETTING}))"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.subject or "A mail without a subject"
