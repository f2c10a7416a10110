"""The review's page as a whole: what its template reads, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, When

from cases.admin.page import moments
from cases.models import Phase
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from reviews import completeness, drafting, facts
from reviews.models import PreventiveAction, Review
from reviews.models.preventive_action import OPEN

Buttons = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Need:
    """A requirement on the page, with the buttons by which it is met."""

    words: str
    is_met: bool
    ways: tuple[dict[str, Any], ...] = ()


def build(review: Review, *, by: Actor, buttons: Buttons, now: datetime) -> dict[str, Any]:
    """The page's context."""
    incident = review.incident
    checked = completeness.check(drafting.facts(review))
    due, due_class = due_words(review, now)
    return {
        "object": review,
        "review": review,
        "incident": incident,
        "due": due,
        "due_class": due_class,
        "opened": moments.short(review.opened_at, now),
        "approved": moments.short(review.approved_at, now) if review.approved_at else "",
        "is_waiting": review.is_draft and incident.phase != Phase.REVIEW,
        "needs": _needs(checked, buttons),
        "is_ready": all(row.is_met for row in checked),
        "is_commander": by.user_id in (review.commander_id, incident.commander_id),
        "may_write": access.allows(by, Permission.REVIEW_WRITE),
        "today": now.date(),
        "controls": list(review.controls.select_related("control")),
        "actions": list(standing_first(review)),
        "documents": list(review.documents.select_related("owner", "done_by")),
        "lessons": list(review.lessons.prefetch_related("systems", "controls").order_by("id")),
        "phases": facts.phase_times(incident, at=now),
        "late": facts.late_clocks(incident, at=now),
        "waived": facts.gates_waived(incident),
        "alone": facts.sent_alone(incident),
        "partners": [
            (row.partner.name, moments.short(row.told_at, now) if row.told_at else "")  # type: ignore[attr-defined]  # annotated
            for row in facts.partners_told(incident)
        ],
    }


def standing_first(review: Review) -> Any:
    """The review's actions: open, done or verified, dropped; by due day."""
    order = Case(
        When(state__in=OPEN, then=0),
        When(state=PreventiveAction.State.DROPPED, then=2),
        default=1,
        output_field=IntegerField(),
    )
    return review.actions.select_related("owner", "ended_by").order_by(order, "due_on", "id")


def due_words(review: Any, now: datetime) -> tuple[str, str]:
    """When a draft is due, and a class for its colour; nothing if it has no due time."""
    if not review.is_draft or review.due_at is None:
        return "", ""
    span = clocks.words(review.due_at - now)
    when = moments.short(review.due_at, now)
    if review.due_at <= now:
        return f"{when}, {span} late", "bad"
    return f"{when}, in {span}", "warn" if (review.due_at - now).days < 1 else ""


def _needs(checked: list[completeness.Checked], buttons: Buttons) -> list[Need]:
    return [
        Need(row.requirement.words, row.is_met, () if row.is_met else _ways(row, buttons))
        for row in checked
    ]


def _ways(row: completeness.Checked, buttons: Buttons) -> tuple[dict[str, Any], ...]:
    return tuple(buttons[name] for name in row.requirement.ways if name in buttons)
