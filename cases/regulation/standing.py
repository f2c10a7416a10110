"""How the parties of an incident stand: the newest classification of each, and its history.

Also what the record itself says of how long it lasted, where nobody said it.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from cases.models import Classification, Incident, Involvement


def rows(incident: Incident) -> QuerySet[Classification]:
    """All of an incident, newest first: ours, and those of its partners wherever they were made."""
    ours = Q(incident=incident, involvement=None)
    found = Classification.objects.filter(ours | Q(involvement__incident=incident))
    return found.select_related("partner", "decided_by").order_by("-id")


def newest(party: Incident | Involvement, regime: str) -> Classification | None:
    """The one that counts: of a partner in this incident, or of us."""
    if isinstance(party, Involvement):
        found = Classification.objects.filter(involvement=party)
    else:
        found = Classification.objects.filter(incident=party, involvement=None)
    return found.filter(regime=regime).order_by("-id").first()


def with_times(
    kept: dict[str, Any], incident: Incident, involvement: Involvement | None, *, at: datetime
) -> dict[str, Any]:
    """The inputs of DORA with the duration out of the record, where it was not given.

    It runs from the occurrence, or the detection where that is not known, until the incident is
    resolved (Art. 3). Downtime is never guessed: not every incident takes a service down.
    """
    began = (involvement.started_at if involvement else None) or incident.occurred_at
    start = began or incident.detected_at
    found = dict(kept)
    if "duration" not in found:
        found["duration"] = _amount(start, incident.resolved_at or at)
        if incident.resolved_at is None:
            found["duration"]["still_grows"] = True
    return found


def _amount(start: datetime, end: datetime) -> dict[str, Any]:
    return {"value": minutes_between(start, end), "is_computed": True}


def minutes_between(start: datetime, end: datetime) -> int:
    """Whole minutes, rounded up: a second more than two hours is more than two hours."""
    return max(0, math.ceil((end - start) / timedelta(minutes=1)))
