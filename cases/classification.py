"""Classifying: whether an incident is major, significant or to be notified, for us or a partner.

For a partner it is a recommendation: the partner classifies, and costs stay with it. Each decision
is a row of its own with its inputs; a change is on the timeline. Nothing leaves the desk by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from cases import evaluation, moments, moving, personal_data, queries, rules, timeline
from cases.models import Classification, Entry, Incident, Involvement
from cases.regulation import answered, inputs, standing
from cases.regulation.decision import Answer
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput

Regime, Outcome = Classification.Regime, Classification.Outcome
SOURCES = {"dora": "RTS 2024/1772", "nis2": "Regulation 2024/2690", "gdpr": "GDPR"}


@transaction.atomic
def classify(
    *,
    incident_id: int,
    regime: str,
    answers: Mapping[str, Any],
    reason: str,
    involvement_id: int | None = None,
    aware_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Classification:
    """Decide under one regime with what is known now; without a partner, for us.

    From `aware_at` the clocks of NIS2 and of the GDPR count; left out, since when the incident is
    known. A later decision that names another moves them.

    `answers` are inputs of `cases.regulation.inputs` by name; what is not known is left out, and
    the answer may be that it cannot be decided yet. Under the GDPR that asks for a task, and keeps
    the severity at the floor of a suspected breach.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_CLASSIFY)
    future = "This lies in the future; check the time."
    moments.require_happened(aware_at, at=at, future=future, field="aware_at")
    moving.require_reason(reason, "A classification", where="it stays with the decision")
    involvement = _party(incident, involvement_id)
    kept = prepared(incident, involvement, regime, answers, at=at)
    before = standing.newest(involvement or incident, regime)
    if not answered.moves(incident, involvement, regime, aware_at):
        _require_change(before, kept)
    made = _keep(incident, involvement, regime, kept, reason=reason, by=by, at=at)
    _tell(incident, made, before, by=by, at=at)
    answered.record(incident, made, before, aware_at=aware_at, by=by, at=at)
    if regime == Regime.GDPR:
        _suspect(incident, made, by=by, at=at)
        personal_data.settle(incident, made, by=by, at=at)
    return made


def prepared(
    incident: Incident,
    involvement: Involvement | None,
    regime: str,
    answers: Mapping[str, Any],
    *,
    at: datetime,
) -> dict[str, Any]:
    """The inputs as they are kept, with what the record knows by itself; nothing is changed."""
    kept = inputs.clean(regime, answers)
    if regime == Regime.DORA:
        return standing.with_times(kept, incident, involvement, at=at)
    return kept


def answer_to(
    incident: Incident,
    involvement: Involvement | None,
    regime: str,
    answers: Mapping[str, Any],
    *,
    at: datetime,
) -> Answer:
    """What would be decided; nothing is changed."""
    return inputs.classify(regime, prepared(incident, involvement, regime, answers, at=at))


def _party(incident: Incident, involvement_id: int | None) -> Involvement | None:
    if involvement_id is None:
        return None
    rows = incident.involvements.select_related("partner")
    found = rows.filter(pk=involvement_id).first()
    if found is None:
        raise InvalidInput("This partner is not listed in the incident; list it first.")
    return found


def _keep(
    incident: Incident,
    involvement: Involvement | None,
    regime: str,
    kept: dict[str, Any],
    *,
    reason: str,
    by: Actor,
    at: datetime,
) -> Classification:
    answer = inputs.classify(regime, kept)
    return Classification.objects.create(
        incident=incident,
        involvement=involvement,
        partner=involvement.partner if involvement else None,
        regime=regime,
        inputs=kept,
        outcome=answer.outcome,
        articles=list(answer.articles),
        criteria=list(answer.criteria),
        undecided=list(answer.undecided),
        is_estimate=answer.is_estimate,
        reason=reason.strip(),
        decided_at=at,
        decided_by_id=by.person_id,
    )


def _require_change(before: Classification | None, kept: Mapping[str, Any]) -> None:
    if before is not None and _said(before.inputs) == _said(kept):
        raise Conflict(
            f"Nothing differs from what was decided {before.decided_at:%-d %b %H:%M} UTC; change "
            "an answer first."
        )


def _said(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Without the minutes of an incident that goes on: they differ each time."""
    return {
        name: value
        for name, value in kept.items()
        if not (isinstance(value, dict) and value.get("is_computed") and value.get("still_grows"))
    }


def _tell(
    incident: Incident,
    made: Classification,
    before: Classification | None,
    *,
    by: Actor,
    at: datetime,
) -> None:
    whose = f"for {made.partner}, as a recommendation" if made.partner else "for us"
    was = f", before it was {before.words}" if before and before.outcome != made.outcome else ""
    led = f" ({SOURCES[made.regime]}: {', '.join(made.articles)})" if made.articles else ""
    estimate = " It rests on estimates." if made.is_estimate else ""
    text = f"{made.get_regime_display()} {whose}: {made.words}{was}{led}.{estimate}"
    text += f" Reason: {made.reason}"
    kind = Entry.Kind.EVALUATION
    timeline.record(incident, kind, text, by=by, at=at, partner_id=made.partner_id)


def _suspect(incident: Incident, made: Classification, *, by: Actor, at: datetime) -> None:
    """An undecided breach of personal data keeps the severity at its floor."""
    if made.outcome != Outcome.OPEN or not incident.is_open:
        return
    if personal_data.FLOOR in incident.floors or personal_data.FLOOR not in rules.in_force().floors:
        return
    before = evaluation.put_floors(incident, [personal_data.FLOOR])
    floor = rules.in_force().floors[personal_data.FLOOR]
    moved = f"SEV-{incident.severity}, from SEV-{before}." if incident.severity < before else ""
    text = f"Floor: {floor.inline}. {moved or f'It stays SEV-{before}.'}"
    evaluation.tell(incident, before, text, by=by, at=at)
