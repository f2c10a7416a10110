"""The register of temporary fixes, over all incidents: overdue first, alive after closing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from cases import queries
from cases.admin.dialogs import fixes as dialogs
from cases.admin.filters import ChoiceFilter
from cases.models import Fix
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor


class ShownFilter(ChoiceFilter):
    """Temporary fixes in place, unless others are asked for."""

    title = "fixes"
    parameter_name = "shown"
    first = "Temporary, in place"
    looked_at = "only temporary ones in place"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What else there is."""
        return [("proposed", "Waiting for approval"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fix]) -> QuerySet[Fix]:
        """Those that are asked for."""
        if self.value() == "all":
            return queryset
        if self.value() == "proposed":
            return queryset.filter(state=Fix.State.PROPOSED)
        return queryset.filter(kind=Fix.Kind.TEMPORARY, state=Fix.State.APPROVED)


class MineFilter(ChoiceFilter):
    """One's own, on request."""

    title = "owner"
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One's own."""
        return [("1", "Mine")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fix]) -> QuerySet[Fix]:
        """Those that this person owns."""
        return queryset.filter(owner=request.user.pk) if self.value() else queryset


@admin.register(Fix)
class FixAdmin(DeskAdmin):
    """The first to expire on top, so that what is overdue comes first."""

    list_title = "Temporary fixes"
    page_template = "admin/cases/fix/page.html"
    list_display = ("name", "owner_name", "expires", "state_words", "incident_link")
    list_display_links = ("name",)
    list_filter = (ShownFilter, MineFilter)
    search_fields = ("text", "change_reference", "incident__reference", "owner__name")
    search_help_text = "Change, incident or owner"
    ordering = ("expires_on", "id")
    desk_actions: ClassVar = (dialogs.APPROVE, dialogs.REPLACE, dialogs.ACCEPT, dialogs.WITHDRAW)

    def visible(self, by: Actor) -> QuerySet[Fix]:
        """The fixes of the incidents that this person may read."""
        return queries.fixes_visible_to(by).select_related(
            "incident", "owner", "proposed_by", "approved_by", "ended_by", "replaced_by"
        )

    def page_context(self, request: HttpRequest, obj: Fix) -> dict[str, Any]:
        """The fix, and the way to what could replace it."""
        who, propose = actor(request), dialogs.PROPOSE
        may = obj.is_open and propose.applies(obj.incident)
        address = reverse("admin:cases_incident_do", args=[obj.incident_id, propose.name])
        return {
            "object": obj,
            "fix": obj,
            "is_overdue": obj.is_overdue(clocks.now().date()),
            "propose_url": f"{address}?kind=permanent" if may and propose.allowed(who) else "",
            "may_accept": access.allows(who, dialogs.ACCEPT.permission),
        }

    @admin.display(description="Fix", ordering="change_reference")
    def name(self, fix: Fix) -> str:
        """What is changed, under which reference."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{} · {}</small></span>',
            fix.text[:120],
            fix.change_reference,
            fix.get_kind_display(),
        )

    @admin.display(description="Owner", ordering="owner__name")
    def owner_name(self, fix: Fix) -> str:
        """Who sees to its end."""
        return str(fix.owner or "—")

    @admin.display(description="Expires", ordering="expires_on")
    def expires(self, fix: Fix) -> str:
        """Its last day, marked when it is over."""
        if fix.expires_on is None:
            return "—"
        day = f"{fix.expires_on:%-d %b %Y}"
        if not fix.is_overdue(clocks.now().date()):
            return day
        return format_html('<span class="desk"><span class="bad">{}, overdue</span></span>', day)

    @admin.display(description="State", ordering="state")
    def state_words(self, fix: Fix) -> str:
        """In words."""
        return str(fix.get_state_display())

    @admin.display(description="Incident", ordering="incident__opened_at")
    def incident_link(self, fix: Fix) -> str:
        """Where it comes from."""
        return format_html(
            '<span class="desk"><a class="chip" href="{}">{}</a></span>',
            fix.incident.url,
            fix.incident.reference,
        )
