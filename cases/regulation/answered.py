"""What a classification means for the times that regulators' clocks count from.

A time is recorded when a decision becomes another, and taken back when it no longer holds; the rows
of times keep what was recorded before. The same decision on other inputs moves nothing, and neither
does one under DORA that cannot be taken yet: what was reported as major is so until it is found
not to be.
"""

from __future__ import annotations

from datetime import datetime

from cases.models import Classification, Incident
from cases.regulation import anchors, known
from incidentdesk.kernel.access import Actor

Outcome, Regime = Classification.Outcome, Classification.Regime


def record(
    incident: Incident,
    made: Classification,
    before: Classification | None,
    *,
    aware_at: datetime,
    by: Actor,
    at: datetime,
) -> None:
    """Let the clocks of the party know. A step of use cases, under the lock of the incident.

    DORA's clocks count from the decision, those of NIS2 and the GDPR from `aware_at`.
    """
    if before is not None and before.outcome == made.outcome and _role(before) == _role(made):
        return
    stands = known.times(known.own(incident, made.involvement))
    for name, is_so in _times(made).items():
        if is_so and name not in stands:
            since = at if made.regime == Regime.DORA else aware_at
            anchors.put(incident, made.involvement, name, since, by=by, at=at)
        elif not is_so and name in stands:
            anchors.put(incident, made.involvement, name, None, by=by, at=at)
    if "classified_major_at" in stands and made.outcome == Outcome.NO:
        anchors.put(incident, made.involvement, "reclassified_at", at, by=by, at=at)


def _times(made: Classification) -> dict[str, bool]:
    """Which times this decision brings, and which it takes back."""
    is_so = made.outcome == Outcome.YES
    if made.regime == Regime.DORA:
        if made.outcome == Outcome.OPEN:
            return {}
        found = {"classified_major_at": is_so, "classified_not_major_at": not is_so}
        return found | ({"reclassified_at": False} if is_so else {})
    if made.regime == Regime.NIS2:
        return {"significant_at": is_so}
    if made.involvement_id is not None:
        return {"partner_data_breach_at": is_so and _role(made) != "controller"}
    return {"personal_data_breach_at": is_so and _role(made) != "processor"}


def _role(made: Classification) -> str:
    return str(made.inputs.get("role", ""))
