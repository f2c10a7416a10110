"""Sends webhooks and chats: other people's servers answer when they like, so lines take turns.

A line is what one partner's programs are told, or one way of a person: these have room of their
own, so that no partner's server stands before a page. In its turn a line has a share of calls and
of time; its next turn follows when the last call of this one has ended, whatever the other lines
wait for. Those that were served longest ago come first. Within a line the oldest call goes first,
and nobody else serves a line meanwhile.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from queue import Empty, SimpleQueue
from threading import Thread

from django.db import connection, transaction

from notifications import delivery, failover, ways
from notifications.channels import CALLING, Answer, Call, CallingChannel
from notifications.models import Message
from notifications.outbox import ELSEWHERE

LINES = 64  # served side by side, of partners and of people each
SHARE = 20  # calls of one line in a turn
SHARE_SECONDS = 4.0  # after which it begins no further one; the last may take its ten seconds
LOOK_SECONDS = 0.5  # at the latest, what fell due meanwhile is looked for
RUN_SECONDS = 10.0

_ONE_CLAIM_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('notifications.turns'))"
_CLAIM = """
WITH busy AS (
    SELECT line FROM notifications_message
    WHERE channel IN %(elsewhere)s AND state = 'sending' AND next_try_at > %(at)s
), due AS MATERIALIZED (
    SELECT id, line, state, row_number() OVER (PARTITION BY line ORDER BY id) AS place
    FROM notifications_message
    WHERE channel IN %(elsewhere)s AND state IN ('queued', 'sending')
      AND next_try_at <= %(at)s AND starts_with(line, %(people)s) = %(of_people)s
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


class Sender:
    """Makes calls in threads and marks what they say. A run ends in time although a server does
    not: what is under way then is marked in the next run of the same process. If there is none, the
    lease ends, as with any sender that dies.
    """

    def __init__(self) -> None:
        """Nothing is under way."""
        self._said: SimpleQueue[Said] = SimpleQueue()
        self._under_way: Counter[str] = Counter()  # calls of each line

    def run(self, *, at: datetime) -> bool:
        """Make the calls that are due; True if time was up before none was left."""
        watch = delivery.Stopwatch(at)
        channels = {name: make() for name, make in CALLING.items()}
        while watch.seconds < RUN_SECONDS:
            for of_people in (True, False):
                if (room := LINES - self._lines(of_people)) > 0:
                    claimed = claim(at=watch.moment, lines=room, of_people=of_people)
                    claimed = failover.still_asked_for(claimed, at=watch.moment)
                    self._begin(claimed, channels)
            if not self._under_way:
                return False
            for message, answer in self._heard(until=watch.seconds + LOOK_SECONDS, watch=watch):
                _mark(message, answer, channels[message.channel], at=watch.moment)
        return True

    def _lines(self, of_people: bool) -> int:
        """How many lines of people, or of partners, are under way."""
        return sum(line.startswith(ways.LINE) == of_people for line in self._under_way)

    def _begin(self, claimed: Sequence[Message], channels: dict[str, CallingChannel]) -> None:
        """Serve each line in a thread of its own, which calls and no more."""
        for line, messages in groupby(claimed, key=attrgetter("line")):
            calls = [channels[message.channel].prepared(message) for message in messages]
            Thread(target=_serve, args=(calls, self._said), daemon=True).start()
            self._under_way[line] += len(calls)

    def _heard(self, *, until: float, watch: delivery.Stopwatch) -> Iterator[Said]:
        """What the calls say, as it comes, until a line has had its turn or it is time to look."""
        lines = len(self._under_way)
        while (left := until - watch.seconds) > 0:
            has_ended = len(self._under_way) < lines  # then only what has been said by now
            try:
                said = self._said.get(timeout=0.0 if has_ended else left)
            except Empty:
                return
            line = said[0].line
            self._under_way[line] -= 1
            if not self._under_way[line]:
                del self._under_way[line]
            yield said


_sender = Sender()  # of this process


def deliver_due(*, at: datetime) -> bool:
    """Make the calls that are due, and mark those that a run before left under way."""
    return _sender.run(at=at)


def claim(*, at: datetime, lines: int = LINES, of_people: bool = False) -> list[Message]:
    """Take a lease on the next calls of the lines whose turn it is; in a transaction of its own."""
    values = {"at": at, "lease": at + delivery.LEASE, "lines": lines, "share": SHARE}
    values |= {"people": ways.LINE, "of_people": of_people, "elsewhere": ELSEWHERE}
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_ONE_CLAIM_AT_A_TIME)
        claimed = sorted(Message.objects.raw(_CLAIM, values), key=attrgetter("line", "id"))
        delivery.note_repeats(claimed, at=at)
    return claimed


def _mark(
    message: Message, answer: Answer | None, channel: CallingChannel, *, at: datetime
) -> None:
    if answer is None:
        delivery.give_back([message], at=at)
    else:
        delivery.mark(message, answer, at=at)
        channel.after(message, answer, at=at)


def _serve(calls: Sequence[Call], said: SimpleQueue[Said]) -> None:
    started = time.monotonic()
    for call in calls:
        is_over = time.monotonic() - started > SHARE_SECONDS
        said.put((call.message, None if is_over else call.answer()))
