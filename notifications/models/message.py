"""Messages that wait, are on their way, or have been sent, and the log of what happened to each.

The text is rendered before it is stored: what is in the row is what is sent. Nothing here sends.
"""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from notifications.models.contact import ContactMethod


class Message(models.Model):
    """One message to one address by one channel."""

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        SENDING = "sending", "being sent"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SUPPRESSED = "suppressed", "not sent on purpose"
        HELD = "held", "waits to be sent in a list"
        DELIVERED = "delivered", "delivered"
        BOUNCED = "bounced", "came back"
        SUPERSEDED = "superseded", "not sent, it was acknowledged before"

    # It went out; what came of it afterwards only a provider that reports can say.
    WENT = (State.SENT, State.DELIVERED, State.BOUNCED)
    # Something still becomes of it by itself.
    WAITS = (State.QUEUED, State.SENDING, State.HELD)

    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=20, default=ContactMethod.Channel.EMAIL)
    to_address = models.CharField("to", max_length=320)
    to_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="person",
    )
    subject = models.CharField(max_length=250)
    body_text = models.TextField("text")
    body_html = models.TextField("HTML", blank=True)
    about = models.CharField(max_length=120, blank=True)
    names = ArrayField(
        models.CharField(max_length=120),
        null=True,
        blank=True,
        help_text="What a list names, each as `about` would; whoever may not read one of it may "
        "not read the list.",
    )
    dedupe_key = models.CharField(max_length=200, unique=True)
    message_id = models.CharField(
        "Message-ID",
        max_length=200,
        unique=True,
        help_text="The same on every try, so that a receiver can drop a repeat.",
    )
    line = models.CharField(
        max_length=40,
        db_default="",
        default="",
        blank=True,
        help_text="Whose share of the sender's time it takes, where lines take turns.",
    )
    reply_to = models.CharField(
        "answers go to", max_length=320, db_default="", default="", blank=True
    )
    tried_at = models.DateTimeField(
        null=True, blank=True, help_text="When a turn of its line came."
    )
    method = models.ForeignKey(
        "notifications.ContactMethod",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        help_text="Empty: to the address itself.",
    )
    way = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Of the ways by which a person is told the same: which."
    )
    repeats = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # of the few that repeat one: `message_repeats`
        related_name="repeated_by",
        help_text="The message that a person had sent again.",
    )
    facts = models.JSONField(
        null=True, help_text="What a page was written from, for the next way to word it again."
    )
    next_way_at = models.DateTimeField(
        null=True, help_text="When the person is told by the next way, unless it went by then."
    )
    provider_id = models.CharField(
        max_length=200,
        db_default="",
        default="",
        blank=True,
        help_text="What its provider calls it.",
    )
    is_page = models.BooleanField("page", default=False, help_text="Pages are sent first.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    # When the message is due. While it is being sent this is the end of the sender's lease: a
    # sender that died leaves a row that falls due by itself. One column, so one index finds both.
    next_try_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["is_page", "next_try_at", "id"],
                name="message_due",
                condition=Q(state__in=["queued", "sending"]),
            ),
            models.Index(fields=["about", "id"], name="message_about"),
            models.Index(
                fields=["to_user", "created_at"],
                name="message_page_of",
                condition=Q(is_page=True),
            ),
            models.Index(fields=["to_user"], name="message_held", condition=Q(state="held")),
            models.Index(
                fields=["line", "id"],
                name="message_in_line",
                condition=Q(state__in=["queued", "sending"]) & ~Q(line=""),
            ),
            models.Index(
                fields=["line", "-tried_at"],
                name="message_turn",
                condition=Q(tried_at__isnull=False),
            ),
            models.Index(
                fields=["next_way_at", "id"],
                name="message_next_way",
                condition=Q(next_way_at__isnull=False),
            ),
            models.Index(
                fields=["provider_id"],
                name="message_of_provider",
                condition=~Q(provider_id=""),
            ),
            models.Index(
                fields=["-id"],
                name="message_went_wrong",
                condition=Q(state__in=["failed", "bounced"]),
            ),
            models.Index(
                fields=["repeats"],
                name="message_repeats",
                condition=Q(repeats__isnull=False),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="message_open_is_due",
                condition=Q(state__in=["queued", "sending"], next_try_at__isnull=False)
                | ~Q(state__in=["queued", "sending"]) & Q(next_try_at__isnull=True),
            ),
            models.CheckConstraint(
                name="message_held_has_person",
                condition=~Q(state="held") | Q(to_user__isnull=False, is_page=True),
            ),
            models.CheckConstraint(
                name="message_sent_has_time",
                condition=Q(state__in=["sent", "delivered", "bounced"], sent_at__isnull=False)
                | ~Q(state__in=["sent", "delivered", "bounced"]) & Q(sent_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to_address}"


class MessageEvent(models.Model):
    """One line of a message's log. Append-only; a forgotten person's address alone is taken out of
    what a server answered, by `notifications_unname`."""

    class Event(models.TextChoices):
        QUEUED = "queued", "queued"
        SUPPRESSED = "suppressed", "not sent on purpose"
        SENT = "sent", "sent"
        RETRY = "retry", "could not be sent, will be tried again"
        UNSURE = "unsure", "may have arrived, will be sent once more"
        FAILED = "failed", "failed"
        REPEATED = "repeated", "tried again after a sender died"
        HELD = "held", "waits to be sent in a list"
        FOLLOWED = "followed", "told by the next way as well"
        DELIVERED = "delivered", "delivered"
        BOUNCED = "bounced", "came back"
        SUPERSEDED = "superseded", "not sent, it was acknowledged before"
        RESENT = "resent", "sent again by hand"

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    event = models.CharField(max_length=12, choices=Event.choices)
    detail = models.TextField(blank=True)

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_unnamed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NOT ((NEW.id, NEW.message_id, NEW.at, NEW.event)"
                    " IS NOT DISTINCT FROM (OLD.id, OLD.message_id, OLD.at, OLD.event))"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.detail}".strip()
