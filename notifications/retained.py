"""What of messages is kept for a while only: their words. To whom, when and what came of it stays:
it proves that somebody was told."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from incidentdesk.kernel import retention
from incidentdesk.kernel.retention import Kind
from notifications.models import Message

_A_TURN = 2_000


def old_messages(before: datetime) -> QuerySet[Message]:
    """Messages of before this time of which nothing comes any more, with words in them."""
    held = retention.held()
    rows = Message.objects.filter(created_at__lt=before).exclude(body_text="")
    rows = rows.exclude(state__in=Message.WAITS).exclude(about__in=held)
    return rows.exclude(names__isnull=False, names__overlap=held) if held else rows


def forget_messages(before: datetime, *, at: datetime) -> int:
    """Take the words out, a batch at a time. Answers of how many."""
    gone = 0
    while ids := list(old_messages(before).order_by("pk").values_list("pk", flat=True)[:_A_TURN]):
        rows = Message.objects.filter(pk__in=ids)
        gone += rows.update(body_text="", body_html="", facts=None)
    return gone


MESSAGES = Kind(
    "messages",
    "Words of messages",
    "What was written in mails, pages and calls. To whom, when, the subject and what came of it "
    "stay.",
    days=730,
    least=90,
    column="created_at",
    old=old_messages,
    forget=forget_messages,
)
