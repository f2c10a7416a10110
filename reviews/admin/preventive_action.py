"""The register of preventive actions, over all incidents: overdue first, alive after closing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.taken import TakenAdmin
from reviews import queries
from reviews.admin import action_export
from reviews.admin.dialogs import actions
from reviews.admin.filters import ControlFilter, FellDueFilter, OverdueFilter, OwnerFilter
from reviews.models import PreventiveAction


@admin.register(PreventiveAction)
class PreventiveActionAdmin(TakenAdmin):
    """What is overdue first, one's own on top; then what waits, then what is over."""

    taken_as, file_name = "preventive actions", "actions"

    page_template = "admin/reviews/preventiveaction/page.html"
    change_list_template = "admin/reviews/preventiveaction/list.html"
    list_display = ("name", "kind", "priority", "owner_name", "due", "state_words", "incident_link")
    list_display_links = ("name",)
    list_filter = (
        OwnerFilter,
        OverdueFilter,
        FellDueFilter,
        ("state", admin.ChoicesFieldListFilter),
        ("kind", admin.ChoicesFieldListFilter),
        ("priority", admin.ChoicesFieldListFilter),
        ControlFilter,
    )
    search_fields = ("title", "review__incident__reference", "owner__name", "external_reference")
    search_help_text = "Action, reference or owner"
    desk_actions: ClassVar = (
        actions.START,
        actions.FINISH,
        actions.VERIFY,
        actions.SEND_BACK,
        actions.POSTPONE,
        actions.DROP,
    )

    def visible(self, by: Actor) -> QuerySet[PreventiveAction]:
        """The actions of the incidents that this person may read."""
        return queries.ranked(queries.actions_visible_to(by), by, clocks.now())

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """As they are ranked, then by due day."""
        return ("rank", "due_on", "id")

    def lines(self, rows: Any) -> Iterator[str]:
        """The list as a file."""
        return action_export.lines(rows)

    def page_context(self, request: HttpRequest, obj: PreventiveAction) -> dict[str, Any]:
        """The action, whether it is overdue, and where its day stood before."""
        return {
            "object": obj,
            "preventive_action": obj,
            "is_overdue": obj.is_overdue(clocks.now()),
            "postponements": obj.postponements.select_related("moved_by"),
        }

    @admin.display(description="Action", ordering="title")
    def name(self, action: PreventiveAction) -> str:
        """What is done."""
        return action.title

    @admin.display(description="Owner", ordering="owner__name")
    def owner_name(self, action: PreventiveAction) -> str:
        """Who does it."""
        return str(action.owner)

    @admin.display(description="Due", ordering="due_on")
    def due(self, action: PreventiveAction) -> str:
        """The day, marked when it is over."""
        day = f"{action.due_on:%-d %b %Y}"
        if not action.is_overdue(clocks.now()):
            return day
        return format_html('<span class="desk"><span class="bad">{}, overdue</span></span>', day)

    @admin.display(description="State", ordering="state")
    def state_words(self, action: PreventiveAction) -> str:
        """How far it is; since when it is done, verified or dropped."""
        since = action.verified_at or action.ended_at
        words = f"{action.get_state_display()}{f' {since:%-d %b %Y}' if since else ''}"
        return f"{words}, not verified" if action.state == "done" else words

    @admin.display(description="Incident", ordering="review__incident__opened_at")
    def incident_link(self, action: PreventiveAction) -> str:
        """Where it comes from."""
        incident = action.review.incident
        return format_html(
            '<span class="desk"><a class="chip" href="{}">{}</a></span>',
            incident.url,
            incident.reference,
        )
