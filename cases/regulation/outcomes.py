"""What became of a regulator's clock, as a person records it: sent, not applicable, or not sent.

The desk sends nothing to an authority. Whoever owes the report sent it, told us, and it is written
down here; an incident closes only once each of its clocks has an outcome. Also the times by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from cases import queries
from cases.models import Incident, Involvement, RegulatoryClock
from cases.regulation import anchors, clocks, parties
from incidentdesk.kernel import access
from incidentdesk.kernel import clocks as arithmetic
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

Kind = RegulatoryClock.Outcome
RECORDED = (Kind.SUBMITTED, Kind.NOT_APPLICABLE, Kind.NOT_SENT)  # the fourth follows: see `duty`


@dataclass(frozen=True)
class Outcome:
    """What a person says of a clock. Sent needs when, the others a reason."""

    kind: str
    sent_at: datetime | None = None
    reference: str = ""  # the authority's
    reason: str = ""


@transaction.atomic
def record(
    *,
    incident_id: int,
    rule_key: str,
    involvement_id: int | None = None,
    outcome: Outcome,
    by: Actor,
    at: datetime,
) -> RegulatoryClock:
    """Record what became of one clock of us, or of an involved partner. Possible when the incident
    is over as well. What was recorded before is replaced, which needs a reason."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    involvement = _involvement(incident, involvement_id)
    row = _clock(incident, involvement, rule_key)
    _require_possible(row, outcome, at=at)
    said = [outcome.reference and f"Reference {outcome.reference.strip()}.", outcome.reason.strip()]
    note = " ".join(filter(None, said))
    if outcome.kind != Kind.SUBMITTED:
        words = f"{row.rule.key} {Kind(outcome.kind).label}."
        _forget(row, by=by, at=at)
        clocks.tell(incident, involvement, f"{words} Reason: {note}", by=by, at=at)
    elif row.rule.met_by:
        _begin_anew(row)
        name = row.rule.met_by
        if not anchors.put(incident, involvement, name, outcome.sent_at, note=note, by=by, at=at):
            clocks.tell(incident, involvement, f"{row.rule.key}: {note}", by=by, at=at)
    else:
        words = f"{row.rule.key}, {row.rule.title}: sent {outcome.sent_at:{clocks.SHAPE}}."
        clocks.tell(incident, involvement, f"{words} {note}".strip(), by=by, at=at)
    return _keep(_clock(incident, involvement, rule_key), outcome, by=by, at=at)


@transaction.atomic
def take_back(*, clock_id: int, reason: str, by: Actor, at: datetime) -> None:
    """What was recorded was a mistake: the clock is open again, if its anchors are known."""
    found = RegulatoryClock.objects.filter(pk=clock_id).values_list("incident_id", flat=True)
    incident = queries.locked(found.first() or 0, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    rows = RegulatoryClock.objects.filter(incident=incident).select_related(
        "rule__regime", "involvement__partner__terms"
    )
    row = rows.get(pk=clock_id)
    if row.is_open:
        raise Conflict(f"{row.rule.key} has no outcome; there is nothing to take back.")
    if not reason.strip():
        raise InvalidInput("Taking back an outcome needs a reason; it goes on the timeline.")
    words = f"{row.rule.key}: what was recorded is taken back. Reason: {reason.strip()}"
    clocks.tell(incident, row.involvement, words, by=by, at=at)
    if not _forget(row, by=by, at=at):
        _begin_anew(row)
        clocks.follow(incident, row.involvement, by=by, at=at)


@transaction.atomic
def record_anchor(
    *,
    incident_id: int,
    name: str,
    moment: datetime | None = None,
    day: date | None = None,
    involvement_id: int | None = None,
    note: str = "",
    by: Actor,
    at: datetime,
) -> None:
    """Record, correct or (with neither a moment nor a day) take back a time from which clocks of
    one party count. Of a day nothing counts: it says that the hour is not known yet."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    involvement = _involvement(incident, involvement_id)
    found = moment if moment is not None else day
    if not anchors.put(incident, involvement, name, found, note=note.strip(), by=by, at=at):
        raise Conflict("This is what stands there already.")


# --- steps of the use cases above -----------------------------------------------------------------


def _involvement(incident: Incident, involvement_id: int | None) -> Involvement | None:
    if involvement_id is None:
        return None
    rows = incident.involvements.select_related("partner__terms__holidays")
    found = rows.filter(pk=involvement_id).first()
    if found is None:
        raise NotFound("This partner is not involved in the incident; look at the page again.")
    return found


def _clock(incident: Incident, involvement: Involvement | None, rule_key: str) -> RegulatoryClock:
    """The clock of a rule; one that has not begun is made, not yet saved."""
    for row in clocks.of_party(incident, involvement):
        if row.rule.key == rule_key:
            return row
    bound = parties.supervision(involvement)
    for rule in parties.rules(bound, is_partner=involvement is not None):
        if rule.key == rule_key:
            return RegulatoryClock(incident=incident, involvement=involvement, rule=rule)
    whom = "us" if involvement is None else str(involvement.partner)
    raise InvalidInput(f"{rule_key} does not bind {whom}; its regimes are in the register.")


def _require_possible(row: RegulatoryClock, outcome: Outcome, *, at: datetime) -> None:
    if outcome.kind not in RECORDED:
        raise InvalidInput("A report was sent, is not applicable, or was not sent; choose one.")
    if outcome.kind == Kind.SUBMITTED:
        if outcome.sent_at is None:
            raise InvalidInput("Say when it was sent.", field="sent_at")
        if not _can_have_been(outcome.sent_at, at=at):
            raise InvalidInput("It cannot have been sent then; check the time.", field="sent_at")
    elif not outcome.reason.strip():
        raise InvalidInput("Say why; it goes on the timeline.", field="reason")
    if row.outcome and not outcome.reason.strip():
        raise InvalidInput(
            f"{row.rule.key} has an outcome already: {row.get_outcome_display()}. Say why it is "
            "recorded anew.",
            field="reason",
        )


def _can_have_been(moment: datetime, *, at: datetime) -> bool:
    return moment <= at and moment.year >= arithmetic.EARLIEST


def _forget(row: RegulatoryClock, *, by: Actor, at: datetime) -> bool:
    """Its submission is taken back, where it is a time of its own; whether there was one."""
    if row.outcome != Kind.SUBMITTED or not row.rule.met_by:
        return False
    return anchors.put(row.incident, row.involvement, row.rule.met_by, None, by=by, at=at)


def _begin_anew(row: RegulatoryClock) -> None:
    """It has no outcome any more; one that had not begun is gone."""
    if row.pk is None or not row.outcome:
        return
    if row.due_at is None:
        row.delete()
        return
    row.outcome = row.reference = row.reason = ""
    row.met_at = row.recorded_at = row.recorded_by = None
    row.warn_at = row.due_at
    row.save()


def _keep(row: RegulatoryClock, outcome: Outcome, *, by: Actor, at: datetime) -> RegulatoryClock:
    row.outcome, row.met_at, row.warn_at = outcome.kind, outcome.sent_at, None
    if outcome.kind != Kind.SUBMITTED:
        row.met_at = None
    row.reference, row.reason = outcome.reference.strip(), outcome.reason.strip()
    row.recorded_at, row.recorded_by_id = at, by.person_id
    row.save()
    return row
