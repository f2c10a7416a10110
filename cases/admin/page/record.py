"""The whole record of an incident on one page, in order: to be printed, or kept as a PDF."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from cases import gates, queries, reading
from cases.admin.page import audited, axes, lifecycle, pdf, progress
from cases.models import Incident, NoticeCopy, TimelineHead
from incidentdesk.kernel.access import Actor


def build(incident: Incident, *, now: datetime, by: Actor) -> dict[str, Any]:
    """Everything that this person may know. A fixed number of queries, whatever its size."""
    copies = NoticeCopy.objects.select_related("partner").order_by("partner__name")
    notices = incident.notices.select_related("drafted_by", "approved_by", "sent_by")
    head = TimelineHead.objects.get(pk=incident.pk)
    return {
        "incident": incident,
        "pdf_missing": pdf.LONG if head.sequence > pdf.LONGEST else "",
        "at": now,
        "by": by.name,
        "times": _times(incident),
        "evaluation": axes.why(incident),
        "steps": progress.steps(incident, list(incident.moves.all()), now),
        "deadlines": [
            d for d in incident.deadlines.select_related("involvement__partner") if not d.is_dropped
        ],
        "systems": incident.systems.select_related("system", "changed_by", "checked_by"),
        "partners": incident.involvements.select_related("partner", "decided_by"),
        "tasks": incident.tasks.select_related("owner", "ended_by", "confirmed_by"),
        "notices": notices.prefetch_related(Prefetch("copies", queryset=copies)).order_by("id"),
        "fixes": incident.fixes.select_related("owner", "proposed_by", "approved_by"),
        "checks": incident.checks.select_related("checked_by"),
        "reconciliations": incident.reconciliations.select_related("done_by"),
        "statements": [
            (gates.STATEMENTS.get(row.key, row.key), row)
            for row in incident.statements.select_related("signed_by")
        ],
        "waivers": incident.waivers.select_related("waived_by"),
        "evidence": queries.evidence_visible_to(by)
        .filter(incident=incident)
        .select_related("added_by"),
        "alerts": incident.alerts.select_related("source").order_by("first_at", "id"),
        "entries": reading.without_hidden_names(
            list(incident.entries.select_related("partner").order_by("sequence")), by
        ),
        "head": head,
        **audited.build(incident, head, by=by, now=now),
        **lifecycle.related(incident, by=by),
    }


def _times(incident: Incident) -> list[tuple[str, datetime]]:
    """The times that are known, in their order."""
    named = (
        ("Occurred", incident.occurred_at),
        ("Detected", incident.detected_at),
        ("Aware", incident.aware_at),
        ("Opened", incident.opened_at),
        ("Acknowledged", incident.acknowledged_at),
        ("Confirmed", incident.confirmed_at),
        ("Contained", incident.contained_at),
        ("Recovered", incident.recovered_at),
        ("Resolved", incident.resolved_at),
        ("Over", incident.over_at),
    )
    return [(label, at) for label, at in named if at]
