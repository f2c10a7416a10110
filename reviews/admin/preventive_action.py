"""The register of preventive actions, over all incidents: overdue first, alive after closing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin
from reviews import queries
from reviews.admin.dialogs import actions
from reviews.admin.filters import OwnerFilter
from reviews.models import PreventiveAction


@admin.register(PreventiveAction)
class PreventiveActionAdmin(DeskAdmin):
    """Open ones first, the earliest due day on top."""

    page_template = "admin/reviews/preventiveaction/page.html"
    list_display = ("name", "kind", "owner_name", "due", "state_words", "incident_link")
    list_display_links = ("name",)
    list_filter = (
        ("state", admin.ChoicesFieldListFilter),
        OwnerFilter,
        ("kind", admin.ChoicesFieldListFilter),
    )
    search_fields = ("title", "review__incident__reference", "owner__name")
    search_help_text = "Action, reference or owner"
    desk_actions: ClassVar = (actions.FINISH, actions.DROP)

    def visible(self, by: Actor) -> QuerySet[PreventiveAction]:
        """The actions of the incidents that this person may read."""
        return queries.actions_visible_to(by)

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """Overdue first, since the open ones come first and by due day."""
        return ("rank", "due_on", "id")

    def page_context(self, request: HttpRequest, obj: PreventiveAction) -> dict[str, Any]:
        """The action, and whether it is overdue."""
        return {"object": obj, "preventive_action": obj, "is_overdue": _is_overdue(obj)}

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
        if not _is_overdue(action):
            return day
        return format_html('<span class="desk"><span class="bad">{}, overdue</span></span>', day)

    @admin.display(description="State", ordering="state")
    def state_words(self, action: PreventiveAction) -> str:
        """Open; or since when it is not."""
        ended = f" {action.ended_at:%-d %b %Y}" if action.ended_at else ""
        return f"{action.get_state_display()}{ended}"

    @admin.display(description="Incident", ordering="review__incident__opened_at")
    def incident_link(self, action: PreventiveAction) -> str:
        """Where it comes from."""
        incident = action.review.incident
        return format_html(
            '<span class="desk"><a class="chip" href="{}">{}</a></span>',
            incident.url,
            incident.reference,
        )


def _is_overdue(action: PreventiveAction) -> bool:
    return action.is_open and action.due_on < clocks.now().date()
