"""What nobody owes after all: clocks end as not owed once an incident is dismissed as none, or our
own duty is decided to be none, and run again when that counts no more.

Steps of use cases, which hold the lock of the incident. What was recorded of a clock stays. A
report that was sent is not unsent: whoever reported a major incident owes the word that it is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from cases.models import Incident, Involvement, RegulatoryClock
from cases.regulation import anchors, clocks, known
from incidentdesk.kernel.access import Actor

DECIDED = "regulatory_decided"  # the statement by which the commander decides our duty
MAJOR, RECLASSIFIED = "classified_major_at", "reclassified_at"
_NOT_OWED = RegulatoryClock.Outcome.NOT_OWED
_OURS = Q(involvement=None) | Q(rule__is_ours=True)


def dismissed(incident: Incident, *, why: str, by: Actor, at: datetime) -> None:
    """It was no incident: no clock of any party is owed."""
    _end(_open(incident), f"The incident was dismissed: {why.strip()}", by=by, at=at)
    _found_not_major(incident, list(_involved(incident)), by=by, at=at)


def decided_none(incident: Incident, *, why: str, by: Actor, at: datetime) -> None:
    """We owe no report, to an authority or to a partner. What a partner owes is its to decide."""
    _end(_open(incident).filter(_OURS), f"Decided: none is owed. {why.strip()}", by=by, at=at)
    _found_not_major(incident, [], by=by, at=at)


def resume(incident: Incident, *, by: Actor, at: datetime) -> None:
    """What was dismissed or decided counts no more: what ended by it runs again, as it is due.

    Call it after the move back, while `over_at` still says when it was dismissed. What was signed
    for a phase that lies behind goes on counting.
    """
    ended = incident.regulatory_clocks.filter(outcome=_NOT_OWED).select_related("rule")
    rows = [] if DECIDED in incident.signed() else list(ended.order_by("rule__position", "id"))
    involved = list(_involved(incident))
    times = known.of_all(incident, involved)
    for party in [None, *involved]:
        pk = party.pk if party else None
        if incident.over_at and known.times(times[pk]).get(RECLASSIFIED) == incident.over_at:
            # That it is not major was said by the dismissal alone.
            anchors.put(incident, party, RECLASSIFIED, None, by=by, at=at)
        own = [row for row in rows if row.involvement_id == pk]
        for row in own:
            row.outcome = row.reason = ""
            row.recorded_at = row.recorded_by = None
            row.warn_at = row.due_at
            row.save()
        if own:
            words = f"{_keys(own)} owed again, since that is decided anew."
            clocks.follow(incident, party, because=words, by=by, at=at)


# --- steps of the above ---------------------------------------------------------------------------


def _open(incident: Incident) -> QuerySet[RegulatoryClock]:
    rows = incident.regulatory_clocks.filter(outcome="")
    return rows.select_related("rule", "involvement__partner").order_by("rule__position", "id")


def _end(rows: Iterable[RegulatoryClock], why: str, *, by: Actor, at: datetime) -> None:
    """End these clocks; one entry for each party says which, and why."""
    parties: dict[int | None, list[RegulatoryClock]] = {}
    for row in rows:
        row.outcome, row.reason, row.warn_at = _NOT_OWED, why, None
        row.recorded_at, row.recorded_by_id = at, by.user_id
        row.save()
        parties.setdefault(row.involvement_id, []).append(row)
    for found in parties.values():
        first = found[0]
        words = f"{_keys(found)} not owed. {why}"
        clocks.tell(first.incident, first.involvement, words, by=by, at=at)


def _keys(rows: Iterable[RegulatoryClock]) -> str:
    return ", ".join(row.rule.key for row in rows)


def _involved(incident: Incident) -> QuerySet[Involvement]:
    return incident.involvements.select_related("partner__terms__holidays").order_by("pk")


def _found_not_major(
    incident: Incident, involved: Sequence[Involvement], *, by: Actor, at: datetime
) -> None:
    """Of us and of these: from that DORA-RECLASS counts, where a report of it as major went out."""
    times = known.of_all(incident, involved)
    for party in [None, *involved]:
        found = times[party.pk if party else None]
        if MAJOR in found and RECLASSIFIED not in found:
            anchors.put(incident, party, RECLASSIFIED, at, by=by, at=at)
