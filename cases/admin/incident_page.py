"""The incident's page: everything that its template reads, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse

from cases import approvers, facts, gates, queries
from cases.admin import needs
from cases.admin.page import (
    axes,
    classified,
    correspondence,
    evidence,
    lifecycle,
    moments,
    partners,
    pdf,
    progress,
    recovery,
    systems,
    tabs,
    times,
)
from cases.models import Basis, Deadline, Incident, Phase, Target, TimelineHead
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission

# The menu behind “More”, in order; a gap is a line.
MORE = (
    ("evaluate", "override_severity", "correct_time", "record_cause", "recovered", "sign"),
    ("add_system", "isolate", "restore", "affected_again", "down", "up_again"),
    ("classify_dora", "classify_nis2", "classify_gdpr"),
    ("add_partner", "decide_notice", "ask", "write"),
    ("add_task", "end_tasks", "clear_alerts"),
    (
        "add_evidence",
        "propose_fix",
        "record_check",
        "reconcile",
        "confirm_partner",
        "residual_exposure",
    ),
    ("step_back", "dismiss", "reopen"),
    ("split", "restrict", "admit", "exclude", "lift", "hold", "lift_hold"),
    ("blank_entry",),
)
_NAMED = Basis.objects.select_related("alert", "evidence", "report", "set_by")
MOVES = ("begin_containment", "begin_mitigation", "begin_recovery")


def build(
    incident: Incident,
    *,
    by: Actor,
    buttons: dict[str, dict[str, Any]],
    chosen: str,
    before: str,
    kind: str,
    now: datetime,
) -> dict[str, Any]:
    """The page's context. `chosen` is the tab, `before` its first row, `kind` which entries."""
    prefetch_related_objects([incident], "moves", Prefetch("bases", queryset=_NAMED))
    found = facts.of(incident, at=now)
    counts = tabs.count(incident, found)
    running = list(incident.deadlines.all())
    listed = partners.rows(incident, running, now)
    shown = tabs.tabs(counts, chosen)
    on = next(tab for tab in shown if tab.is_on)
    return {
        "object": incident,
        "incident": incident,
        "opened": moments.short(incident.opened_at, now),
        "detected": moments.short(incident.detected_at, now),
        "steps": progress.steps(incident, list(incident.moves.all()), now),
        "clocks": _clocks(incident, counts, found, running, listed, now),
        "counts": counts,
        "tabs": shown,
        "tab": on,
        **tabs.rows(incident, on.key, by=by, before=before, kind=kind, now=now),
        **_on_tab(incident, on.key, found, listed, by, now),
        **_beside(incident, buttons, listed, now),
        **_ways(incident, buttons, by),
        **_next(incident, found, by),
        **axes.why(incident),
        **_banners(incident, now),
        "unapprovable": approvers.lacking(incident) if counts.drafts else [],
        **lifecycle.context(incident, by=by, now=now),
        **_live(incident, by),
    }


def _beside(
    incident: Incident,
    buttons: dict[str, dict[str, Any]],
    listed: Sequence[partners.PartnerRow],
    now: datetime,
) -> dict[str, Any]:
    """What stands beside the tabs."""
    return {
        "systems": systems.rows(incident, now),
        "dependents": systems.dependents(incident, buttons),
        "partners": listed,
        "moments": times.facts(incident, now),
    }


def _clocks(
    incident: Incident,
    counts: tabs.Counts,
    known: gates.Facts,
    running: list[Deadline],
    listed: Sequence[partners.PartnerRow],
    now: datetime,
) -> list[progress.Clock]:
    """The deadlines of all partners together, and how long service has to stay in band."""
    targets = list(Target.objects.filter(severity=incident.severity))
    shared = [deadline for deadline in running if deadline.involvement_id is None]
    first = next((one for one in shared if one.kind == progress.FIRST), None)
    whose = partners.first_told(listed, first)
    clocks = progress.running_clocks(
        shared,
        targets=targets,
        whose=whose,
        contract=partners.soonest(listed, running, now),
        drafts=counts.drafts,
        now=now,
    )
    return clocks + recovery.soaking(incident, known.soak_minutes, now)


def _on_tab(
    incident: Incident,
    key: str,
    known: gates.Facts,
    listed: Sequence[partners.PartnerRow],
    by: Actor,
    now: datetime,
) -> dict[str, Any]:
    """The rows of the tabs that have a module of their own."""
    if key == "partners":
        return correspondence.rows(incident, listed, now)
    if key == "classification":
        return {"parties": classified.parties(incident, now)}
    if key == "evidence":
        return evidence.rows(incident, by, known.evidence, now)
    if key == "fixes":
        return recovery.fixes(incident, now)
    return recovery.recovery(incident, known, now) if key == "recovery" else {}


def _ways(incident: Incident, buttons: dict[str, dict[str, Any]], by: Actor) -> dict[str, Any]:
    """What this person may do next, and what besides."""
    return {
        "is_mine": incident.commander_id == by.user_id,
        "next_button": next((buttons[name] for name in MOVES if name in buttons), None),
        "more": _more(buttons),
    }


def _more(buttons: dict[str, dict[str, Any]]) -> list[dict[str, Any] | None]:
    """What this person may do besides; None is a line between two groups."""
    found: list[dict[str, Any] | None] = []
    for group in MORE:
        shown = [buttons[name] for name in group if name in buttons]
        found += [None, *shown] if found and shown else shown
    return found


def _next(incident: Incident, known: gates.Facts, by: Actor) -> dict[str, Any]:
    """The gates before the next move, and whether they are all met; the review's addresses."""
    found: dict[str, Any] = {"next_words": "", "needs": [], "is_ready": False}
    if incident.phase in needs.NEXT:
        move, words = needs.NEXT[incident.phase]
        rows = needs.needs(incident, move, known, by)
        found |= {
            "next_words": words,
            "next_move": move,
            "needs": rows,
            "is_ready": all(need.is_open for need in rows),
        }
    commands = access.allows(by, Permission.INCIDENT_COMMAND)
    if incident.phase == Phase.RECOVERY and commands:
        found["review_begin"] = reverse("admin:reviews_review_begin", args=[incident.pk])
    if incident.phase in (Phase.REVIEW, Phase.CLOSED):
        found["review_of"] = reverse("admin:reviews_review_of", args=[incident.pk])
    return found


def _live(incident: Incident, by: Actor) -> dict[str, Any]:
    """How long the timeline is, and the open incidents that list a system which this one lists."""
    sharing = queries.sharing_systems(incident, by)
    return {
        "sequence": TimelineHead.objects.values_list("sequence", flat=True).get(pk=incident.pk),
        "sharing": list(sharing) if incident.is_open else [],
        "pdf_missing": pdf.missing(),
    }


def _banners(incident: Incident, now: datetime) -> dict[str, Any]:
    """What the page says above everything else."""
    proposed = incident.recovery_proposed_at
    is_proposed = proposed and incident.is_open and not incident.recovered_at
    return {
        "proposed": moments.short(proposed, now) if is_proposed and proposed else "",
        "over": moments.short(incident.over_at, now) if incident.over_at else "",
    }
