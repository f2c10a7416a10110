"""Every regulator's clock of one incident, begun or not, party by party. Reads only.

A fixed number of queries, however many parties there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.models import Incident, Involvement, OwnSupervision, RegimeRule, RegulatoryClock
from cases.models.regulation import ANCHORS
from cases.regulation import clocks, known, limits
from cases.regulation.known import Known
from incidentdesk.kernel.clocks import State

LABELS = dict(ANCHORS)


@dataclass(frozen=True)
class Line:
    """One clock of a party: its rule, its row once it has begun, and what it waits for."""

    involvement: Involvement | None
    rule: RegimeRule
    row: RegulatoryClock | None
    waits_for: tuple[str, ...]  # the names of anchors that are not known
    days: tuple[str, ...]  # those of them of which only the day is known
    state: State

    @property
    def key(self) -> str:
        """By which a form names it."""
        return f"{self.involvement.pk if self.involvement else 0}:{self.rule.key}"

    @property
    def is_open(self) -> bool:
        """It runs, or is late, and nobody recorded what became of it."""
        return self.row is not None and self.row.is_open


@dataclass(frozen=True)
class PartyClocks:
    """A party with its clocks and the times that are known of it."""

    involvement: Involvement | None
    times: Mapping[str, Known]
    lines: Sequence[Line]

    @property
    def name(self) -> str:
        """How it is called."""
        return clocks.whose(self.involvement)


def of(incident: Incident, *, at: datetime) -> list[PartyClocks]:
    """Us and each involved partner that a regime binds, or that has a clock, in order."""
    involved = list(
        incident.involvements.select_related("partner__terms").order_by("partner__name", "pk")
    )
    rules = list(_rules())
    rows = RegulatoryClock.objects.filter(incident=incident)
    begun: dict[int | None, dict[int, RegulatoryClock]] = {}
    for row in rows.select_related("rule__regime", "recorded_by"):
        begun.setdefault(row.involvement_id, {})[row.rule_id] = row
    times = known.of_all(incident, involved)
    bound: dict[int | None, Sequence[str]] = {None: _our_regimes()}
    bound |= {one.pk: one.partner.terms.regimes for one in involved}
    found = []
    for one in [None, *involved]:
        pk = one.pk if one else None
        had, codes = begun.get(pk, {}), bound[pk]
        binding = [r for r in rules if r.regime.code in codes and not (r.is_ours and one is None)]
        lines = _lines(one, binding, had, times[pk], at)
        if lines:
            found.append(PartyClocks(one, times[pk], lines))
    return found


def _rules() -> Iterable[RegimeRule]:
    found = RegimeRule.objects.filter(is_on=True, regime__is_on=True)
    return found.exclude(kind=RegimeRule.Kind.STANDING).select_related("regime")


def _our_regimes() -> Sequence[str]:
    return OwnSupervision.objects.values_list("regimes", flat=True).first() or ()


def _lines(
    involvement: Involvement | None,
    binding: Sequence[RegimeRule],
    had: Mapping[int, RegulatoryClock],
    times: Mapping[str, Known],
    at: datetime,
) -> list[Line]:
    """The rules that bind, and those of clocks that began before something was switched off."""
    rules = {rule.pk: rule for rule in binding} | {pk: row.rule for pk, row in had.items()}
    rules = dict(sorted(rules.items(), key=lambda item: item[1].position))
    return [_line(involvement, rule, had.get(pk), times, at) for pk, rule in rules.items()]


def _line(
    involvement: Involvement | None,
    rule: RegimeRule,
    row: RegulatoryClock | None,
    times: Mapping[str, Known],
    at: datetime,
) -> Line:
    if row is not None:
        return Line(involvement, rule, row, (), (), row.state(at))
    lacks = tuple(limits.missing(rule, known.times(times)))
    days = tuple(name for name in lacks if name in times)
    state = State.ANCHOR_MISSING if days else State.NOT_STARTED
    return Line(involvement, rule, None, lacks, days, state)
