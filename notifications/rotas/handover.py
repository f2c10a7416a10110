"""Whoever is on call from tomorrow on is told a day before: once a turn, and not each night of a
week of nights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from incidentdesk.kernel.models import User
from notifications.rotas import changing, oncall, rota
from notifications.rotas.rota import Turn

BEFORE = timedelta(days=1)


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Mail those who begin within a day and were not on call in the day before that; how many of
    them there are. Who was told of a turn is not told again."""
    rows = list(oncall.active().order_by("id"))
    plans = oncall.plans(rows, at - BEFORE, at + BEFORE)
    begin = [
        (row, turn)
        for row in rows
        for turn in _first_turns(rota.schedule(plans[row.pk], at - BEFORE, at + BEFORE), at)
    ]
    people = User.objects.in_bulk({turn.who for _, turn in begin})
    for row, turn in begin:
        when = oncall.since(turn.starts, row.zone)
        changing.tell(
            people[turn.who],
            row,
            f"You are on call from {when}.",
            [turn.source],
            key=f"turn:{row.pk}:{turn.who}:{turn.starts.isoformat()}",
            at=at,
        )
    return len(begin)


def _first_turns(turns: Sequence[Turn], at: datetime) -> Iterator[Turn]:
    """The turns ahead whose people have none in the day before."""
    last: dict[int, datetime] = {}
    for turn in turns:
        before = last.get(turn.who)
        if turn.starts > at and (before is None or before <= turn.starts - BEFORE):
            yield turn
        last[turn.who] = turn.ends
