"""What “Needs you now” says of regulators' clocks: late, or due soon, with no outcome recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from django.urls import reverse

from cases import queries
from cases.admin.dialogs.regulators import RECORD_OUTCOME
from cases.models import RegulatoryClock
from cases.regulation.clocks import OURS
from incidentdesk.dashboard.need import EACH, Need, about
from incidentdesk.dashboard.remaining import HORIZON, until
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor

NEARLY = 6 * HORIZON  # a report takes longer to write than a notice


def of(by: Actor, *, at: datetime) -> Iterator[Need]:
    """A line for each clock, which leads to the dialog that records its outcome. One query."""
    if not access.allows(by, RECORD_OUTCOME.permission):
        return
    rows = queries.clocks_visible_to(by).filter(outcome="", due_at__lte=at + NEARLY)
    for row in rows.select_related("incident", "involvement__partner", "rule").order_by(
        "due_at", "id"
    )[:EACH]:
        yield _line(row, at=at)


def _line(row: RegulatoryClock, *, at: datetime) -> Need:
    whose = str(row.involvement.partner) if row.involvement else OURS
    need = about(
        row.incident,
        f"{whose}: {row.rule.title} ({row.rule.key}) has no outcome",
        until(row.ends_at, at=at),
        began_at=row.began_at,
        is_after=not row.incident.is_responding,
    )
    address = reverse("admin:cases_incident_do", args=[row.incident_id, RECORD_OUTCOME.name])
    return replace(need, url=f"{address}?which={row.involvement_id or 0}:{row.rule.key}")
