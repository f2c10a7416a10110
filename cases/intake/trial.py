"""What would become of a body, without doing it: for the page on which one tries things out, and
for a test alert. It reads and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, Subquery

from cases import queries, rules
from cases.intake import alert_rules, formats, holding, maintenance, mapping, plain
from cases.intake.expressions import Reader
from cases.intake.signal import Action, Signal
from cases.models import Alert, MaintenanceWindow, Source
from cases.models.incident import OVER
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput

MOST = 10  # alerts of a body that are shown


@dataclass(frozen=True)
class Said:
    """What one expression gives: a value, or why it gives none."""

    label: str
    expression: str
    value: str
    wrong: str


@dataclass(frozen=True)
class Outcome:
    """One alert of a body as it is read, and what would become of it."""

    signal: Signal
    words: str
    systems: list[str] = field(default_factory=list)
    partners: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What a body comes to. `refused` is the sentence that its sender would get."""

    refused: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    said: list[list[Said]] = field(default_factory=list)  # for each alert, of plain JSON only
    more: int = 0  # alerts that are not shown

    @property
    def summary(self) -> str:
        """In one sentence."""
        if self.refused:
            return f"Refused: {self.refused}"
        words = [*dict.fromkeys(one.words for one in self.outcomes)]
        named = dict.fromkeys(name for one in self.outcomes for name in one.systems)
        words += [f"Affected: {', '.join(named)}."] if named else []
        listed = dict.fromkeys(name for one in self.outcomes for name in one.partners)
        words += [f"Listed, and shown nothing: {', '.join(listed)}."] if listed else []
        words += [f"And {self.more} more alerts."] if self.more else []
        return " ".join(words) or "Taken; it asks for nothing."


def would(
    source: Source,
    raw: str,
    *,
    expressions: Mapping[str, str] | None = None,
    by: Actor,
    at: datetime,
) -> Result:
    """What would become of this body at this source, as far as this person may know."""
    given = source.expressions if expressions is None else expressions
    said = _said(raw, given) if source.format == Source.Format.JSON else []
    try:
        signals = formats.read(source.format, raw, given)
    except InvalidInput as error:
        return Result(refused=str(error), said=said)
    mappings, known = mapping.of(source), alert_rules.of(source)
    signals = alert_rules.grouped(known, signals)
    signals = [mapping.hinted(mappings, s) if s.action == Action.FIRE else s for s in signals]
    shown = signals[:MOST]
    outcomes = _outcomes(source, shown, holding.Known(known, mappings), by, at)
    return Result(outcomes=outcomes, said=said, more=len(signals) - len(shown))


def _said(raw: str, given: Mapping[str, str]) -> list[list[Said]]:
    """For each alert, what each expression gives; nothing where the body itself cannot be read."""
    reader = Reader()
    try:
        found = plain.alerts(formats.payload_of(raw), given, reader)
    except (InvalidInput, RecursionError):
        return []
    return [
        [
            _one(name, known, given.get(name, ""), alert, reader)
            for name, known in plain.FIELDS.items()
            if name != "alerts" and not known.is_words
        ]
        for alert in found[:MOST]
    ]


def _one(name: str, known: plain.Field, said: str, alert: object, reader: Reader) -> Said:
    try:
        return Said(known.label, said, plain.value(name, alert, {name: said}, reader), "")
    except InvalidInput as error:
        return Said(known.label, said, "", str(error))


def _outcomes(
    source: Source, signals: list[Signal], known: holding.Known, by: Actor, at: datetime
) -> list[Outcome]:
    firing = _firing(source, signals)
    groups = _groups(source, signals)
    named = _named({*firing.values(), *groups.values()}, by)
    opens = _Opens(source, known, groups, named, maintenance.in_force(at))
    found = []
    for signal in signals:
        at_work = firing.get(signal.key)
        if signal.action != Action.FIRE:
            words = _told(signal, named[at_work] if at_work else "")
        elif at_work:
            words = f"Folds into {named[at_work]}: this alert fires already."
        else:
            words = opens.words(signal)
        concerned = [signal] if signal.action == Action.FIRE and not at_work else []
        found.append(
            Outcome(
                signal,
                words,
                [one.name for one in mapping.systems(known.mappings, concerned)],
                [one.name for one in mapping.partners(known.mappings, concerned)],
            )
        )
    return found


@dataclass
class _Opens:
    """What a new alert of a body does, and which groups have begun with those before it."""

    source: Source
    known: holding.Known
    groups: Mapping[str, int]
    named: Mapping[int, str]
    windows: Sequence[MaintenanceWindow]
    begun: set[str] = field(default_factory=set)

    def words(self, signal: Signal) -> str:
        """In a sentence."""
        window = maintenance.covering(self.windows, self.known.mappings, signal)
        rule = alert_rules.fitting(self.known.rules, signal)
        if window:
            return f"Opens nothing: held back by maintenance “{window}”."
        if signal.group in self.groups:
            incident = self.named[self.groups[signal.group]]
            return f"Joins {incident}: another alert of its group belongs to it."
        if signal.group in self.begun:
            return "Joins the incident that this body opens."
        if rule and rule.times:
            return f"Held back by rule “{rule}” until it comes {rule.times} times."
        self.begun.add(signal.group)
        source, in_force = self.source, rules.in_force()
        severity = in_force.grade(source.impact, source.scope, signal.urgency).severity
        return f"Opens an incident, SEV-{severity}."


def _told(signal: Signal, incident: str) -> str:
    if not incident:
        return "Changes nothing: no alert with this key fires."
    return f"Clears in {incident}." if signal.action == Action.RESOLVE else f"Noted on {incident}."


def _firing(source: Source, signals: list[Signal]) -> dict[str, int]:
    """The key of each alert that fires → its incident."""
    keys = {signal.key for signal in signals}
    rows = Alert.objects.filter(source=source, external_key__in=keys, resolved_at=None)
    return dict(rows.values_list("external_key", "incident_id"))


def _groups(source: Source, signals: list[Signal]) -> dict[str, int]:
    """The key of each group with an open incident → that incident, as intake looks for it."""
    keys = {signal.group for signal in signals}
    newest = (
        Alert.objects.filter(source=source, group_key=OuterRef("group_key"))
        .exclude(incident__phase__in=OVER)
        .order_by("-id")
    )
    rows = Alert.objects.filter(source=source, group_key__in=keys).order_by("group_key")
    found = rows.distinct("group_key").annotate(open=Subquery(newest.values("incident_id")[:1]))
    return {key: pk for key, pk in found.values_list("group_key", "open") if pk}


def _named(ids: set[int], by: Actor) -> dict[int, str]:
    """Each incident by its reference; one that this person may not open has no name."""
    seen = queries.visible_to(by).filter(pk__in=ids)
    names = dict(seen.values_list("pk", "reference"))
    return {pk: names.get(pk, "a restricted incident") for pk in ids}
