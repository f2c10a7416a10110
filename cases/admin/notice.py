"""Notices on the desk: those that wait for approval first, and one notice with its copies."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases import queries
from cases.admin.dialogs import notice as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.models import Notice
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin

COLOURS = {"draft": "warn", "sent": "ok", "withdrawn": "mute"}


class StateFilter(ChoiceFilter):
    """Those that wait for approval, unless another state or all are asked for."""

    title = "state"
    parameter_name = "state"
    first = "Waits for approval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The other states, and all."""
        others = [(k, str(v).capitalize()) for k, v in Notice.State.choices if k != "draft"]
        return [*others, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        """Those in the state."""
        value = self.value() or Notice.State.DRAFT
        return queryset if value == "all" else queryset.filter(state=value)


@admin.register(Notice)
class NoticeAdmin(DeskAdmin):
    """The text, its audience, who stands behind it, and what became of each copy."""

    page_template = "admin/cases/notice/page.html"
    list_display = ("name", "state_label", "audience", "drafted", "approver")
    list_display_links = ("name",)
    list_filter = (StateFilter, "kind")
    search_fields = ("incident__reference", "incident__title", "body")
    search_help_text = "Incident or text"
    desk_actions: ClassVar = (dialogs.APPROVE, dialogs.SEND, dialogs.EDIT, dialogs.WITHDRAW)

    def visible(self, by: Actor) -> QuerySet[Notice]:
        """The notices that this person may read."""
        return (
            queries.notices_visible_to(by)
            .select_related("incident", "drafted_by", "approved_by", "sent_by", "replaces")
            .annotate(copies_count=Count("copies"))
        )

    def page_context(self, request: HttpRequest, obj: Notice) -> dict[str, Any]:
        """The copies, and the notice that took this one's place."""
        now = clocks.now()
        copies = obj.copies.select_related("partner", "involvement").order_by("partner__name")
        return {
            "object": obj,
            "notice": obj,
            "copies": [
                {
                    "copy": copy,
                    "sent": moments.short(copy.sent_at, now) if copy.sent_at else "",
                    "read": moments.short(copy.acknowledged_at, now)
                    if copy.acknowledged_at
                    else "",
                }
                for copy in copies
            ],
            "replaced_by": obj.replaced_by.first(),
            "colour": COLOURS.get(obj.state, ""),
        }

    @admin.display(description="Notice")
    def name(self, notice: Notice) -> str:
        """Its incident, and what kind it is."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{} · {}</small></span>',
            notice.incident.heading,
            notice.incident.reference,
            notice.get_kind_display(),
        )

    @admin.display(description="State", ordering="state")
    def state_label(self, notice: Notice) -> str:
        """In words, coloured."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            COLOURS.get(notice.state, ""),
            notice.get_state_display(),
        )

    @admin.display(description="Partners")
    def audience(self, notice: Notice) -> int:
        """How many partners it is for."""
        return int(getattr(notice, "copies_count", 0))

    @admin.display(description="Drafted", ordering="drafted_at")
    def drafted(self, notice: Notice) -> str:
        """When and by whom."""
        return f"{moments.short(notice.drafted_at, clocks.now())} by {notice.drafted_by}"

    @admin.display(description="Approved by")
    def approver(self, notice: Notice) -> str:
        """The second person."""
        return str(notice.approved_by or "—")
