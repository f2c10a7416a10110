"""The tab of regulators' clocks: each party's, in words and colours, with the ways to record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.models import Incident, RegimeRule, RegulatoryClock
from cases.regulation import overview
from cases.regulation.known import Known
from cases.regulation.overview import LABELS, Line
from incidentdesk.kernel import clocks
from incidentdesk.kernel.clocks import State


@dataclass(frozen=True)
class Wait:
    """A time that has to be recorded before a clock runs; `day`, if only that is known."""

    name: str
    label: str
    key: str
    day: Any


@dataclass(frozen=True)
class Row:
    """One clock as the tab shows it."""

    line: Line
    waits: list[Wait]
    words: str
    colour: str
    left: str


@dataclass(frozen=True)
class Party:
    """A party's rows, and the times of its own that are known."""

    name: str
    key: int
    rows: list[Row]
    times: list[tuple[str, Known]]


def rows(incident: Incident, now: datetime) -> dict[str, Any]:
    """What the tab reads. A fixed number of queries."""
    return {"regulated": [_party(one, now) for one in overview.of(incident, at=now)]}


def _party(one: overview.PartyClocks, now: datetime) -> Party:
    own = [(LABELS[name], known) for name, known in one.times.items() if known.actor]
    key = one.involvement.pk if one.involvement else 0
    return Party(one.name, key, [_row(line, now) for line in one.lines], own)


def _row(line: Line, now: datetime) -> Row:
    party = line.key.partition(":")[0]
    names = line.waits_for if line.row is None else ()
    waits = [Wait(name, LABELS[name], f"{party}:{name}", name in line.days) for name in names]
    if line.row is None:
        return Row(line, waits, _not_begun(line), "mute", "")
    return Row(line, waits, *standing(line.row, now))


def _not_begun(line: Line) -> str:
    """Why it does not run: it waits, the regime did not apply yet, or it follows what never was."""
    since = line.rule.regime.in_force_on
    if line.waits_for:
        return str(line.state)
    return f"not in force before {since:%-d %b %Y}" if since else "not needed"


def standing(row: RegulatoryClock, now: datetime) -> tuple[str, str, str]:
    """The state in words, its colour, and how long is left."""
    state = row.state(now)
    if row.outcome == RegulatoryClock.Outcome.SUBMITTED:
        is_late = state == State.LATE
        return ("sent late" if is_late else "sent in time", "warn" if is_late else "ok", "")
    if row.outcome:
        colour = "mute" if state == State.NOT_APPLICABLE else "warn"
        return row.get_outcome_display(), colour, ""
    left = clocks.words(row.ends_at - now)
    if row.rule.kind == RegimeRule.Kind.AT_ONCE:
        return "due now", "bad", f"for {left}"
    if state == State.LATE:
        return str(state), "bad", f"{left} late"
    stage = clocks.stages(row.began_at, row.ends_at, now)
    colour = "warn" if stage.percent >= clocks.STAGES[1] else ""
    return str(state), colour, f"{left} left"
