"""What a classification means for the times that regulators' clocks count from.

A time is recorded when a decision becomes another, and taken back when it no longer holds; the rows
of times keep what was recorded before. The same decision on other inputs moves nothing, unless it
says that we were aware at another time; and neither does one under DORA that cannot be taken yet:
what was reported as major is so until it is found not to be.
"""

from __future__ import annotations

from datetime import datetime

from cases.models import Classification, Incident, Involvement
from cases.regulation import anchors, known
from incidentdesk.kernel.access import Actor

Outcome, Regime = Classification.Outcome, Classification.Regime


def record(
    incident: Incident,
    made: Classification,
    before: Classification | None,
    *,
    aware_at: datetime | None,
    by: Actor,
    at: datetime,
) -> None:
    """Let the clocks of the party know. A step of use cases, under the lock of the incident.

    DORA's clocks count from the decision, those of NIS2 and the GDPR from `aware_at`; left out,
    from when the incident is known, and what stands is not moved.
    """
    is_moved = moves(incident, made.involvement, made.regime, aware_at)
    is_same = before is not None and before.outcome == made.outcome and _role(before) == _role(made)
    if is_same and not is_moved:
        return
    stands = known.times(known.own(incident, made.involvement))
    for name, is_so in _times(made).items():
        if is_so and (is_moved or name not in stands):
            since = at if made.regime == Regime.DORA else aware_at or incident.aware_at or at
            anchors.put(incident, made.involvement, name, since, by=by, at=at)
        elif not is_so and name in stands:
            anchors.put(incident, made.involvement, name, None, by=by, at=at)
    if "classified_major_at" in stands and made.outcome == Outcome.NO:
        anchors.put(incident, made.involvement, "reclassified_at", at, by=by, at=at)


def since(incident: Incident, involvement: Involvement | None, regime: str) -> datetime | None:
    """The time that the clocks of NIS2 or of the GDPR count from, where a decision brought one."""
    name = _aware(regime, is_partner=involvement is not None)
    return known.times(known.own(incident, involvement)).get(name)


def moves(
    incident: Incident, involvement: Involvement | None, regime: str, aware_at: datetime | None
) -> bool:
    """Whether `aware_at` is another time than what stands, to the minute: forms show no more."""
    stands = since(incident, involvement, regime)
    return bool(aware_at and stands) and _minute(aware_at) != _minute(stands)


def _minute(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(second=0, microsecond=0)


def _aware(regime: str, *, is_partner: bool) -> str:
    if regime == Regime.NIS2:
        return "significant_at"
    if regime == Regime.GDPR:
        return "partner_data_breach_at" if is_partner else "personal_data_breach_at"
    return ""


def _times(made: Classification) -> dict[str, bool]:
    """Which times this decision brings, and which it takes back."""
    is_so = made.outcome == Outcome.YES
    if made.regime == Regime.DORA:
        if made.outcome == Outcome.OPEN:
            return {}
        found = {"classified_major_at": is_so, "classified_not_major_at": not is_so}
        return found | ({"reclassified_at": False} if is_so else {})
    name = _aware(made.regime, is_partner=made.involvement_id is not None)
    if made.regime == Regime.NIS2:
        return {name: is_so}
    other = "controller" if made.involvement_id is not None else "processor"
    return {name: is_so and _role(made) != other}


def _role(made: Classification) -> str:
    return str(made.inputs.get("role", ""))
