"""The review's page as a whole: what its template reads, in a fixed number of queries.

`content` is what is known of the review, on its page as on paper; `build` adds what can be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, When
from django.template.loader import render_to_string

from cases import accuracy, reading
from cases.admin.page import moments
from cases.models import Incident, Phase
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from reviews import approval, blameless, causes, completeness, drafting, facts, queries, reporting
from reviews.models import PreventiveAction, Review
from reviews.models.preventive_action import OPEN
from reviews.models.review import FINDINGS, FOR_PARTNERS

Buttons = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Need:
    """A requirement on the page, with the buttons by which it is met."""

    words: str
    is_met: bool
    ways: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Finding:
    """One text of the review: what it is called, whether it is asked for, and hints to it."""

    label: str
    text: str
    is_needed: bool
    hints: list[str]


def build(review: Review, *, by: Actor, buttons: Buttons, now: datetime) -> dict[str, Any]:
    """The page's context."""
    checked = completeness.check(drafting.facts(review))
    due, due_class = due_words(review, now)
    may_write = access.allows(by, Permission.REVIEW_WRITE)
    people = reporting.staff() if review.is_draft and may_write else None
    return {
        **content(review, by=by, now=now, people=people),
        "due": due,
        "due_class": due_class,
        "opened": moments.short(review.opened_at, now),
        "asked": moments.short(review.asked_at, now) if review.asked_at else "",
        "approved": moments.short(review.approved_at, now) if review.approved_at else "",
        "is_waiting": not review.is_approved and review.incident.phase != Phase.REVIEW,
        "needs": _needs(checked, buttons),
        "is_ready": all(row.is_met for row in checked),
        "is_commander": by.user_id in approval.barred(review),
        "may_write": may_write,
        "today": now.date(),
        "reports": list(reporting.reports(review)),
    }


def content(
    review: Review, *, by: Actor, now: datetime, people: list[str] | None = None
) -> dict[str, Any]:
    """What is known of it. With the names of `people` texts get hints to their wording."""
    incident = review.incident
    known = facts.clocks_of(incident)
    late = facts.late_clocks(known, at=now)
    return {
        "object": review,
        "review": review,
        "incident": incident,
        "findings": _findings(review, FINDINGS, people),
        "for_partners": _for_partners(review, people),
        "branches": _branches(review, by, people),
        "attendees": list(review.attendees.select_related("user", "partner")),
        "controls": list(review.controls.select_related("control")),
        "actions": list(standing_first(review)),
        "documents": list(review.documents.select_related("owner", "done_by")),
        "lessons": list(review.lessons.prefetch_related("systems", "controls").order_by("id")),
        "phases": facts.phase_times(incident, known, at=now),
        "late": [row for row in late if not row.is_telling],
        "late_notices": [row for row in late if row.is_telling],
        "severities": reading.without_hidden_names(facts.severities(incident), by),
        "waived": facts.gates_waived(incident),
        "alone": facts.sent_alone(incident),
        "fixes": facts.temporary_fixes(incident),
        "told": facts.partners_told(incident),
    }


def standing_first(review: Review) -> Any:
    """The review's actions: open, done or verified, dropped; by due day."""
    order = Case(
        When(state__in=OPEN, then=0),
        When(state=PreventiveAction.State.DROPPED, then=2),
        default=1,
        output_field=IntegerField(),
    )
    return review.actions.select_related("owner", "ended_by", "verified_by").order_by(
        order, "due_on", "id"
    )


def on_paper(incident: Incident, *, by: Actor, now: datetime) -> str:
    """What its review found and agreed, as part of the record of an incident; '' without one.

    `by` may read the incident, and so its review. See settings.REVIEW_ON_PAPER.
    """
    review = queries.visible_to(by).filter(incident=incident).first()
    if review is None:
        return ""
    known = content(review, by=by, now=now) | {"of": "Review: "}
    return render_to_string("admin/reviews/review/sections.html", known)


def due_words(review: Any, now: datetime) -> tuple[str, str]:
    """Until when one that is not approved is due, and a class for its colour; or nothing."""
    if review.is_approved or review.due_at is None:
        return "", ""
    span = clocks.words(review.due_at - now)
    when = moments.short(review.due_at, now)
    if review.due_at <= now:
        return f"{when}, {span} late", "bad"
    return f"{when}, in {span}", "warn" if (review.due_at - now).days < 1 else ""


def _findings(review: Review, names: tuple[str, ...], people: list[str] | None) -> list[Finding]:
    asked = ("root_cause", "contributing_factors")
    return [
        Finding(
            _called(name),
            text,
            name in asked,
            [] if people is None else blameless.hints(text, people),
        )
        for name in names
        if (text := getattr(review, name)) or name in asked
    ]


def _called(name: str) -> str:
    field: Any = Review._meta.get_field(name)
    return str(field.verbose_name).capitalize()


def _for_partners(review: Review, people: list[str] | None) -> list[Finding]:
    """The same of what partners read, where a name of the house or of a partner has no place."""
    found = _findings(review, FOR_PARTNERS, None)
    if people is None or not found:
        return found
    partners = accuracy.partners()
    return [
        Finding(
            row.label,
            row.text,
            is_needed=False,
            hints=[
                f"It names {name}: partners do not read that."
                for name in (
                    *blameless.named(row.text, people),
                    *accuracy.not_for("", row.text, partners),
                )
            ],
        )
        for row in found
    ]


def _branches(review: Review, by: Actor, people: list[str] | None) -> list[causes.Node]:
    """The tree of whys, each with the line that shows it as this person may read it."""
    rows = list(review.causes.select_related("entry"))
    shown = [row.entry for row in rows if row.entry is not None]
    readable = {row.pk: row for row in reading.without_hidden_names(shown, by)}
    branches = causes.tree(rows)
    for node in causes.walked(branches):
        node.entry = readable.get(node.cause.entry_id or 0)
        node.hints = [] if people is None else blameless.hints(node.cause.text, people)
    return branches


def _needs(checked: list[completeness.Checked], buttons: Buttons) -> list[Need]:
    return [
        Need(row.requirement.words, row.is_met, () if row.is_met else _ways(row, buttons))
        for row in checked
    ]


def _ways(row: completeness.Checked, buttons: Buttons) -> tuple[dict[str, Any], ...]:
    return tuple(buttons[name] for name in row.requirement.ways if name in buttons)
