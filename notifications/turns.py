"""Sends webhooks: other people's servers answer when they like, so the lines take turns.

A line is what one partner's programs are told. In a round the lines that were served longest ago
come first, each has the same share of calls and of time, and they are served side by side, so that
a line of slow servers delays itself and no other. Within a line the oldest call goes first, and
nobody else serves a line meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from queue import SimpleQueue
from threading import Thread

from django.db import connection, transaction

from notifications import delivery
from notifications.channels import Answer
from notifications.channels.webhook import Call, WebhookChannel
from notifications.models import Message

LINES = 16  # served side by side
SHARE = 20  # calls of one line in a round
SHARE_SECONDS = 4.0  # after which it begins no further one; the last may take its ten seconds
RUN_SECONDS = 10.0

_ONE_CLAIM_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('notifications.turns'))"
_CLAIM = """
WITH busy AS (
    SELECT line FROM notifications_message
    WHERE channel = 'webhook' AND state = 'sending' AND next_try_at > %(at)s
), due AS MATERIALIZED (
    SELECT id, line, state, row_number() OVER (PARTITION BY line ORDER BY id) AS place
    FROM notifications_message
    WHERE channel = 'webhook' AND state IN ('queued', 'sending') AND next_try_at <= %(at)s
      AND line NOT IN (SELECT line FROM busy)
), turn AS (
    SELECT line FROM due WHERE place = 1
    ORDER BY (
        SELECT max(tried_at) FROM notifications_message AS former
        WHERE former.line = due.line AND former.tried_at IS NOT NULL
    ) NULLS FIRST, id
    LIMIT %(lines)s
)
UPDATE notifications_message AS message
SET state = 'sending', next_try_at = %(lease)s, attempts = message.attempts + 1, tried_at = %(at)s
FROM due JOIN turn USING (line)
WHERE message.id = due.id AND due.place <= %(share)s
RETURNING message.*, due.state AS former_state
"""

Said = tuple[Message, Answer | None]  # None: not tried, its line's share was used up


def deliver_due(*, at: datetime) -> bool:
    """Make the calls that are due, in rounds; True if time was up before none was left."""
    watch, channel = delivery.Stopwatch(at), WebhookChannel()
    while watch.seconds < RUN_SECONDS:
        claimed = claim(at=watch.moment)
        if not claimed:
            return False
        _round(claimed, channel, watch)
    return True


def claim(*, at: datetime) -> list[Message]:
    """Take a lease on the next calls of the lines whose turn it is; in a transaction of its own."""
    values = {"at": at, "lease": at + delivery.LEASE, "lines": LINES, "share": SHARE}
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_ONE_CLAIM_AT_A_TIME)
        claimed = sorted(Message.objects.raw(_CLAIM, values), key=attrgetter("line", "id"))
        delivery.note_repeats(claimed, at=at)
    return claimed


def _round(claimed: Sequence[Message], channel: WebhookChannel, watch: delivery.Stopwatch) -> None:
    """Serve each line in a thread of its own, which calls and no more; what was said is marked
    here, as it comes."""
    said: SimpleQueue[Said] = SimpleQueue()
    calls = [channel.prepared(message) for message in claimed]
    for _, line in groupby(calls, key=lambda call: call.message.line):
        Thread(target=_serve, args=(list(line), said), daemon=True).start()
    for _ in calls:
        message, answer = said.get()
        if answer is None:
            delivery.give_back([message], at=watch.moment)
        else:
            delivery.mark(message, answer, at=watch.moment)
            channel.after(message, answer, at=watch.moment)


def _serve(calls: Sequence[Call], said: SimpleQueue[Said]) -> None:
    started = time.monotonic()
    for call in calls:
        is_over = time.monotonic() - started > SHARE_SECONDS
        said.put((call.message, None if is_over else call.answer()))
