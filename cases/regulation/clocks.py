"""Regulators' clocks of one incident: they follow the times of each party, and say so.

What has an outcome stays as it is, but that nothing is owed holds for the time that it counted from
then. A clock that runs is due anew when its anchor moves, and is
gone when its anchor is taken back. The caller holds the lock on the incident.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from cases import timeline
from cases.models import Anchor, Entry, Incident, Involvement, RegimeRule, RegulatoryClock
from cases.regulation import known, limits, parties
from cases.regulation.limits import Span
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor

Outcome = RegulatoryClock.Outcome
OURS = "Our firm"
SHAPE = "%-d %b %Y %H:%M UTC"


def whose(involvement: Involvement | None) -> str:
    """How a party is called."""
    return OURS if involvement is None else str(involvement.partner)


def follow_all(incident: Incident, *, by: Actor, at: datetime) -> None:
    """A time of the incident changed: the clocks of every party that has times of its own follow.

    One query where nobody has.
    """
    ours, theirs = Q(incident=incident, involvement=None), Q(involvement__incident=incident)
    recorded = Anchor.objects.filter(ours | theirs).order_by().values_list("involvement_id")
    involved = {pk for (pk,) in recorded.distinct()}
    if not involved:
        return
    if None in involved:
        follow(incident, None, by=by, at=at)
    for row in incident.involvements.filter(pk__in=involved - {None}):
        follow(incident, row, by=by, at=at)


def follow(
    incident: Incident,
    involvement: Involvement | None,
    *,
    because: str = "",
    note: str = "",
    by: Actor,
    at: datetime,
) -> None:
    """Start, move and end the clocks of one party as its times say; one entry says `because`, what
    changed, and `note`."""
    said = [because]
    for rule, row, span, sent in _state(incident, involvement):
        if row is None and (span or sent):
            row = RegulatoryClock(incident=incident, involvement=involvement, rule=rule)
        if row is not None:
            words = _settle(row, span, sent, by=by, at=at)
            said.append(words and f"{words}.")
    tell(incident, involvement, " ".join(filter(None, [*said, note])), by=by, at=at)


def tell(
    incident: Incident, involvement: Involvement | None, text: str, *, by: Actor, at: datetime
) -> None:
    """One entry of the timeline about a party's clocks; none for no words."""
    if text:
        partner_id = involvement.partner_id if involvement else None
        words = f"{whose(involvement)}: {text}"
        kind = Entry.Kind.STATEMENT
        timeline.record(incident, kind, words, by=by, at=at, partner_id=partner_id)


def _state(
    incident: Incident, involvement: Involvement | None
) -> Iterable[tuple[RegimeRule, RegulatoryClock | None, Span | None, datetime | None]]:
    """Each rule that binds the party or has a clock, with its clock, its span and its submission.

    A clock whose regime was switched off since runs on.
    """
    rows = {row.rule_id: row for row in of_party(incident, involvement)}
    bound = parties.supervision(involvement)
    rules = {rule.pk: rule for rule in parties.rules(bound, is_partner=involvement is not None)}
    rules |= {pk: row.rule for pk, row in rows.items()}
    times = known.times(known.current(incident, involvement))
    of = parties.parties(rules.values(), bound, times.values())
    for pk, rule in rules.items():
        span = limits.span(rule, times, of[pk])
        if span and not parties.is_in_force(rule, span.anchor_at):
            span = None
        yield rule, rows.get(pk), span, times.get(rule.met_by)


def of_party(incident: Incident, involvement: Involvement | None) -> list[RegulatoryClock]:
    """The clocks of one party. One query."""
    rows = RegulatoryClock.objects.filter(incident=incident, involvement=involvement)
    return list(rows.select_related("rule__regime__holidays"))


def _settle(
    row: RegulatoryClock, span: Span | None, sent: datetime | None, *, by: Actor, at: datetime
) -> str:
    """Bring one clock in line with its times; what changed, in words, or nothing."""
    if row.outcome in (Outcome.NOT_APPLICABLE, Outcome.NOT_SENT):
        return ""
    if row.outcome == Outcome.NOT_OWED:
        if sent is None and (span is None or span.anchor_at == row.anchor_at):
            return ""
        row.outcome = row.reason = ""  # what was decided was decided of another time
        row.recorded_at = row.recorded_by = None
    if row.outcome == Outcome.SUBMITTED:
        return _sent_again(row, sent, by=by, at=at) if row.rule.met_by else ""
    if span is None and sent is None:
        row.delete()
        return f"{row.rule.key} no longer runs, since what it counted from is taken back"
    words = _move(row, span)
    if sent is not None:
        words = _send(row, sent, by=by, at=at)
    if words:
        row.save()
    return words


def _move(row: RegulatoryClock, span: Span | None) -> str:
    """It runs from now on, or is due at another time."""
    if span is None or (row.anchor_at, row.due_at) == (span.anchor_at, span.due_at):
        return ""
    former, row.anchor_at, row.due_at = row.due_at, span.anchor_at, span.due_at
    row.warn_at = clocks.first_reminder(span.anchor_at, span.due_at)
    due = f"{span.due_at:{SHAPE}}"
    if row.rule.kind == RegimeRule.Kind.AT_ONCE:
        return f"{row.rule.key} is due now"
    if former is None:
        return f"{row.rule.key} runs and is due {due}"
    return f"{row.rule.key} is due {due} by now, not {former:{SHAPE}}"


def _send(row: RegulatoryClock, sent: datetime, *, by: Actor, at: datetime) -> str:
    row.outcome, row.met_at, row.warn_at = Outcome.SUBMITTED, sent, None
    row.recorded_at, row.recorded_by_id = at, by.user_id
    return f"{row.rule.key} is met{' late' if row.due_at and sent > row.due_at else ''}"


def _sent_again(row: RegulatoryClock, sent: datetime | None, *, by: Actor, at: datetime) -> str:
    """The time of a submission was corrected, or taken back: then the clock runs on."""
    if sent == row.met_at:
        return ""
    row.met_at, row.recorded_at, row.recorded_by_id = sent, at, by.user_id
    words = f"{row.rule.key} was sent {sent:{SHAPE}}" if sent else ""
    if sent is None and row.due_at is None:
        row.delete()
        return f"{row.rule.key} is taken back"
    if sent is None:
        row.outcome, row.recorded_at, row.recorded_by = "", None, None
        row.reference = row.reason = ""
        row.warn_at = row.due_at
        words = f"{row.rule.key} is open again, since its submission is taken back"
    row.save()
    return words
