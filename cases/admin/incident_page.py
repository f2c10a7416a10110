"""The incident's page: everything that its template reads, in a fixed number of queries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from cases import queries
from cases.admin import needs
from cases.admin.page import moments, partners, pdf, progress, tabs
from cases.models import Incident, Phase, Target, TimelineHead
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission

# The menu behind “More”, in order; a gap is a line.
MORE = (
    ("evaluate", "override_severity", "record_cause", "recovered", "sign"),
    ("add_system", "isolate", "restore", "add_partner"),
    ("add_task", "end_tasks", "clear_alerts"),
    ("step_back", "dismiss", "reopen"),
)
MOVES = ("begin_containment", "begin_mitigation", "begin_recovery")


def build(
    incident: Incident,
    *,
    by: Actor,
    buttons: dict[str, dict[str, Any]],
    chosen: str,
    before: str,
    now: datetime,
) -> dict[str, Any]:
    """The page's context. `chosen` is the tab, `before` the entry where its page begins."""
    facts = incident.facts()
    targets = list(Target.objects.filter(severity=incident.severity))
    counts = tabs.count(incident, facts)
    shown = tabs.tabs(counts, chosen)
    on = next(tab for tab in shown if tab.is_on)
    return {
        "object": incident,
        "incident": incident,
        "opened": moments.short(incident.opened_at, now),
        "detected": moments.short(incident.detected_at, now),
        "steps": progress.steps(incident, list(incident.moves.all()), now),
        "clocks": progress.running_clocks(
            list(incident.deadlines.all()), targets=targets, drafts=counts.drafts, now=now
        ),
        "counts": counts,
        "tabs": shown,
        "tab": on,
        **tabs.rows(incident, on.key, before=before, now=now),
        "systems": tabs.systems(incident, now),
        "partners": partners.rows(incident, now),
        "times": _times(incident, now),
        "is_mine": incident.commander_id == by.user_id,
        "next_button": next((buttons[name] for name in MOVES if name in buttons), None),
        "more": _more(buttons),
        **_next(incident, facts, by),
        **_severity(incident),
        **_banners(incident, now),
        **_live(incident, by),
    }


def _more(buttons: dict[str, dict[str, Any]]) -> list[dict[str, Any] | None]:
    """What this person may do besides; None is a line between two groups."""
    found: list[dict[str, Any] | None] = []
    for group in MORE:
        shown = [buttons[name] for name in group if name in buttons]
        found += [None, *shown] if found and shown else shown
    return found


def _next(incident: Incident, facts: Any, by: Actor) -> dict[str, Any]:
    """The gates before the next move, and whether they are all met; the review's addresses."""
    found: dict[str, Any] = {"next_words": "", "needs": [], "is_ready": False}
    if incident.phase in needs.NEXT:
        move, words = needs.NEXT[incident.phase]
        rows = needs.needs(incident, move, facts, by)
        found |= {
            "next_words": words,
            "next_move": move,
            "needs": rows,
            "is_ready": all(need.is_met for need in rows),
        }
    commands = access.allows(by, Permission.INCIDENT_COMMAND)
    if incident.phase == Phase.RECOVERY and commands:
        found["review_begin"] = reverse("admin:reviews_review_begin", args=[incident.pk])
    if incident.phase in (Phase.REVIEW, Phase.CLOSED):
        found["review_of"] = reverse("admin:reviews_review_of", args=[incident.pk])
    return found


def _severity(incident: Incident) -> dict[str, Any]:
    """Where the severity comes from."""
    answered = (
        ("Impact", incident.impact, incident.get_impact_display()),
        ("Scope", incident.scope, incident.get_scope_display()),
        ("Urgency", incident.urgency, incident.get_urgency_display()),
    )
    return {
        "computed": incident.computed_severity(),
        "is_overridden": incident.severity_override is not None,
        "axes": [words if value else f"{axis} is not known yet" for axis, value, words in answered],
    }


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
        "duplicates": list(incident.duplicates.only("id", "reference", "title")),
    }


def _times(incident: Incident, now: datetime) -> list[tuple[str, str]]:
    """The times that are known, in order, in words."""
    named = (
        ("Occurred", incident.occurred_at),
        ("Detected", incident.detected_at),
        ("Aware", incident.aware_at),
        ("Acknowledged", incident.acknowledged_at),
        ("Confirmed", incident.confirmed_at),
        ("Contained", incident.contained_at),
        ("Recovered", incident.recovered_at),
    )
    by = f" by {incident.acknowledged_by}" if incident.acknowledged_by else ""
    return [
        (label, moments.short(at, now) + (by if label == "Acknowledged" else ""))
        for label, at in named
        if at
    ]
