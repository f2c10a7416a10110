"""The incident's history: what changed, field by field, in it and in all that belongs to it."""

from __future__ import annotations

from typing import Any

from cases import queries, reading
from cases.models import (
    AffectedSystem,
    Assignment,
    Deadline,
    Evidence,
    Fix,
    Incident,
    Involvement,
    Notice,
    NoticeCopy,
    RegulatoryClock,
    Report,
    Task,
)
from incidentdesk.kernel import changes, history
from incidentdesk.kernel.access import Actor

_ITS_OWN = "e.incident_id = %s"
# A copy names its notice; a report came before its incident.
_OF_ITS_NOTICES = "e.notice_id IN (SELECT id FROM cases_notice WHERE incident_id = %s)"
_OF_ITS_REPORTS = "e.pgh_obj_id IN (SELECT id FROM cases_report WHERE incident_id = %s)"
WHERE = {
    Incident: "e.pgh_obj_id = %s",
    AffectedSystem: _ITS_OWN,
    Assignment: _ITS_OWN,
    Deadline: _ITS_OWN,
    Fix: _ITS_OWN,
    Involvement: _ITS_OWN,
    Notice: _ITS_OWN,
    NoticeCopy: _OF_ITS_NOTICES,
    RegulatoryClock: _ITS_OWN,
    Report: _OF_ITS_REPORTS,
    Task: _ITS_OWN,
}


def rows(incident: Incident, *, by: Actor, before: str) -> dict[str, Any]:
    """A page of changes, newest first."""
    sources = [changes.Source(model, where, (incident.pk,)) for model, where in WHERE.items()]
    found = changes.page(
        [*sources, _evidence(incident, by)], reading.HistoryNames(by), before=before
    )
    return {"history": found, "is_later_page": bool(before)}


def _evidence(incident: Incident, by: Actor) -> changes.Source:
    """The history of the pieces that this person may read; a TLP:RED title stays among its own."""
    ever = history.event_model(Evidence).objects.filter(incident=incident).values("pgh_obj")
    seen = queries.evidence_visible_to(by).filter(pk__in=ever).values_list("pk", flat=True)
    where = f"{_ITS_OWN} AND e.pgh_obj_id = ANY(%s)"
    return changes.Source(Evidence, where, (incident.pk, list(seen)))
