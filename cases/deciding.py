"""Whom to notify: for each affected partner the decision to notify it or not, with the reason.

It stands before the incident leaves Containment, and tells the partner nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import deadlines, moving, queries, timeline
from cases.models import Entry, Incident, Involvement
from cases.regulation import duty
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput

Decision = Involvement.Decision
DIGEST_SEVERITY = 4  # what is milder than any notice goes into the monthly digest


@transaction.atomic
def decide(
    *,
    incident_id: int,
    involvement_ids: Sequence[int],
    choice: str,
    reason: str,
    by: Actor,
    at: datetime,
) -> int:
    """Decide the same for these partners; what was decided before gives way. Answers how many."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    moving.require_reason(reason, "The decision whom to notify")
    rows = _chosen(incident, involvement_ids)
    _require_possible(incident, rows, choice)
    for row in rows:
        row.decision, row.decision_reason = choice, reason.strip()
        row.decided_at, row.decided_by_id = at, by.person_id
    fields = ["decision", "decision_reason", "decided_at", "decided_by"]
    Involvement.objects.bulk_update(rows, fields)
    deadlines.settle_notices(incident)
    names, words = ", ".join(row.partner.name for row in rows), Decision(choice).label
    text = f"Decided for {names}: {words}. Reason: {reason.strip()}"
    timeline.record(incident, Entry.Kind.STATEMENT, text, by=by, at=at)
    return len(rows)


def lapse(incident: Incident, *, by: Actor, at: datetime) -> None:
    """It went back to Containment or before it: what was decided is decided anew."""
    incident.involvements.exclude(decision="").update(
        decision="", decision_reason="", decided_at=None, decided_by=None
    )
    deadlines.settle_notices(incident)
    duty.resume(incident, by=by, at=at)


def _chosen(incident: Incident, involvement_ids: Sequence[int]) -> list[Involvement]:
    found = incident.involvements.select_related("partner").filter(pk__in=involvement_ids)
    rows = list(found.order_by("partner__name"))
    if not rows or len(rows) != len(set(involvement_ids)):
        raise InvalidInput("Choose among the partners of this incident, at least one.")
    return rows


def _require_possible(incident: Incident, rows: Sequence[Involvement], choice: str) -> None:
    if choice not in Decision.values:
        raise InvalidInput("A partner is notified, is not, or reads of it in the monthly digest.")
    if choice == Decision.DIGEST and incident.severity != DIGEST_SEVERITY:
        raise InvalidInput(
            f"Only a SEV-{DIGEST_SEVERITY} incident goes into the monthly digest; "
            f"{incident.reference} is SEV-{incident.severity}."
        )
    if choice == Decision.DIGEST and incident.tlp == Incident.Tlp.RED:
        raise InvalidInput("TLP:RED is for named people, and a digest is for all at the partner.")
    if choice == Decision.NOTIFY:
        return
    told = incident.involvements.filter(
        pk__in=[row.pk for row in rows], copies__sent_at__isnull=False
    )
    if (first := told.select_related("partner").order_by("partner__name").first()) is not None:
        raise Conflict(f"{first.partner} was told already; what was sent cannot be taken back.")
