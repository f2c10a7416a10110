"""Sends what the outbox holds: claim with a lease, send outside any transaction, mark afterwards.

Never lost: a sender that dies leaves rows whose lease runs out, and another sends them, with the
same Message-ID. Twice only if it died between the server's answer and the mark, or the server got
all of it and did not say so in time; if that happens twice, it is not sent a third time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connection, models, transaction

from incidentdesk.kernel import failpoints
from notifications import failover, outbox, ways
from notifications.channels import CHANNELS, Answer, Channel, Outcome
from notifications.models import ContactMethod, Message, MessageEvent
from notifications.outbox import ELSEWHERE

BATCH = 50
LEASE = timedelta(seconds=60)
# Long before the lease ends, what is left of a batch goes back: other pages may be first by now.
BATCH_SECONDS = 5.0
RUN_SECONDS = 10.0
RETRY_SECONDS = (5, 15, 30, 60, 120, 300)
# Other people's servers are away for longer, and nobody is paged by them.
WEBHOOK_RETRY_SECONDS = (5, 60, 300, 1800, 3600, 2 * 3600, 4 * 3600)
GIVE_UP_AFTER = timedelta(hours=24)
_WEBHOOK = ContactMethod.Channel.WEBHOOK
TWICE = "The server got it twice and did not say so in time; it is not sent a third time."

_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id, state FROM notifications_message
    WHERE state IN ('queued', 'sending') AND is_page = %(is_page)s AND next_try_at <= %(at)s
      AND channel NOT IN %(elsewhere)s
    ORDER BY next_try_at, id
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notifications_message AS message
SET state = 'sending', next_try_at = %(lease)s, attempts = message.attempts + 1
FROM due WHERE message.id = due.id
RETURNING message.*, due.state AS former_state
"""

# What went out is marked, whoever holds the lease by now: nobody needs to send it again. One
# statement with its log, since a sender does little else between two letters.
_SENT = """
WITH sent AS (
    UPDATE notifications_message
    SET state = 'sent', next_try_at = NULL, sent_at = %(at)s, last_error = '',
        provider_id = %(provider_id)s, next_way_at =
            CASE WHEN next_way_at IS NOT NULL THEN %(receipt_due)s::timestamptz END
    WHERE id = %(id)s AND NOT state = ANY (%(went)s)
)
INSERT INTO notifications_messageevent (message_id, at, event, detail)
VALUES (%(id)s, %(at)s, 'sent', %(words)s)
"""


class Stopwatch:
    """The moment that was passed in, moved on by a clock that nobody can set."""

    def __init__(self, at: datetime) -> None:
        """Start at `at`."""
        self._at = at
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self._started

    @property
    def moment(self) -> datetime:
        """What time it is by now."""
        return self._at + timedelta(seconds=self.seconds)


def deliver_due(*, at: datetime) -> bool:
    """Send what is due, pages first; True if time was up before the queue was empty.

    Bounded, so that an escalation that is due never waits behind a long queue. Webhooks and chats
    are sent apart (`turns`): no mail waits for somebody else's server.
    """
    watch = Stopwatch(at)
    channels: dict[str, Channel] = {}
    try:
        while watch.seconds < RUN_SECONDS:
            batch = claim(at=watch.moment)
            if not batch:
                return False
            _send(batch, channels, watch)
        return True
    finally:
        for channel in channels.values():
            channel.close()


def claim(*, at: datetime) -> list[Message]:
    """Take a lease on up to 50 due messages, in a transaction of its own: pages, else the rest."""
    with transaction.atomic(durable=True):
        claimed = _claim(at=at, is_page=True) or _claim(at=at, is_page=False)
        note_repeats(claimed, at=at)
    return claimed


def note_repeats(claimed: Sequence[Message], *, at: datetime) -> None:
    """Say of those that a sender before had claimed that they may have gone out already."""
    MessageEvent.objects.bulk_create(
        MessageEvent(
            message=message,
            at=at,
            event=MessageEvent.Event.REPEATED,
            detail="The sender before did not report back. It may have gone out already; "
            "the repeat has the same Message-ID.",
        )
        for message in claimed
        if getattr(message, "former_state", None) == Message.State.SENDING
    )


def _claim(*, at: datetime, is_page: bool) -> list[Message]:
    values = {"is_page": is_page, "at": at, "lease": at + LEASE, "batch": BATCH}
    values["elsewhere"] = ELSEWHERE
    return sorted(Message.objects.raw(_CLAIM, values), key=attrgetter("id"))


def _send(batch: Sequence[Message], channels: dict[str, Channel], watch: Stopwatch) -> None:
    started = watch.seconds
    batch = failover.still_asked_for(batch, at=watch.moment)
    for number, message in enumerate(batch):
        if watch.seconds - started > BATCH_SECONDS:
            give_back(batch[number:], at=watch.moment)
            return
        failpoints.reach("delivery.claimed")
        answer = _hand_over(message, channels)
        failpoints.reach("delivery.handed_over")
        mark(message, answer, at=watch.moment)


def _hand_over(message: Message, channels: dict[str, Channel]) -> Answer:
    if message.channel not in CHANNELS:
        return Answer(Outcome.REFUSED, f"There is no channel called “{message.channel}”.")
    if message.channel not in channels:
        channels[message.channel] = CHANNELS[message.channel]()
    return channels[message.channel].send(message)


@transaction.atomic
def mark(message: Message, answer: Answer, *, at: datetime) -> None:
    """Write down what became of a claimed message, and when it is tried again if it must be."""
    if answer.outcome is Outcome.ACCEPTED:
        _mark_sent(message, answer, at=at)
    elif answer.outcome is Outcome.REFUSED:
        _mark_failed(message, answer.words, at=at, is_gone=answer.is_gone)
    elif answer.outcome is Outcome.UNSURE and _was_unsure(message):
        _mark_failed(message, TWICE, at=at, is_refusal=False)
    elif at >= message.created_at + GIVE_UP_AFTER:
        _mark_failed(message, f"{answer.words} (given up after 24 hours)", at=at)
    else:
        is_partner_s = message.method_id is None and message.channel == _WEBHOOK
        spans = WEBHOOK_RETRY_SECONDS if is_partner_s else RETRY_SECONDS
        wait = timedelta(seconds=spans[min(message.attempts, len(spans)) - 1])
        if _ours(message).update(
            state=Message.State.QUEUED, next_try_at=at + wait, last_error=answer.words
        ):
            is_unsure = answer.outcome is Outcome.UNSURE
            event = MessageEvent.Event.UNSURE if is_unsure else MessageEvent.Event.RETRY
            _log(message, event, answer.words, at=at)


def give_back(messages: Sequence[Message], *, at: datetime) -> None:
    """Return messages that were claimed and not tried."""
    for message in messages:
        _ours(message).update(
            state=Message.State.QUEUED, next_try_at=at, attempts=message.attempts - 1
        )


def _ours(message: Message) -> models.QuerySet[Message]:
    """The row, if the lease is still the one under which `message` was claimed."""
    return Message.objects.filter(
        pk=message.pk, state=Message.State.SENDING, next_try_at=message.next_try_at
    )


def _mark_sent(message: Message, answer: Answer, *, at: datetime) -> None:
    values: dict[str, Any] = {
        "id": message.pk,
        "at": at,
        "provider_id": answer.provider_id,
        # When its delivery is missed, if there is a further way by then.
        "receipt_due": at + ways.RECEIPT_WITHIN if answer.is_reported else None,
        "went": list(Message.WENT),
        "words": answer.words,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SENT, values)
    failover.went(message)


def _was_unsure(message: Message) -> bool:
    """Whether a try before may have been taken, too."""
    return message.events.filter(event=MessageEvent.Event.UNSURE).exists()


def _mark_failed(
    message: Message, words: str, *, at: datetime, is_gone: bool = False, is_refusal: bool = True
) -> None:
    """It will not be tried again. Only what was refused counts against the way that it went."""
    if not outbox.end(_ours(message), Message.State.FAILED, words, at=at):
        return
    if is_refusal:
        failover.refused(message, words, at=at, is_gone=is_gone)
    else:
        failover.follow(message, words, at=at)


def _log(message: Message, event: MessageEvent.Event, detail: str, *, at: datetime) -> None:
    MessageEvent.objects.create(message=message, at=at, event=event, detail=detail)
