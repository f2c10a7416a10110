"""What partners report, on the desk: those to triage first, one report and its three answers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases import queries
from cases.admin.dialogs import report as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.models import Report
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin

COLOURS = {"new": "warn", "accepted": "ok", "attached": "ok"}


class StateFilter(ChoiceFilter):
    """Those that wait for triage, unless another state or all are asked for."""

    title = "state"
    parameter_name = "state"
    first = "Waits for triage"
    looked_at = "only those that wait for triage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The other states, and all."""
        others = [(k, str(v).capitalize()) for k, v in Report.State.choices if k != "new"]
        return [*others, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        """Those in the state."""
        value = self.value() or Report.State.NEW
        return queryset if value == "all" else queryset.filter(state=value)


@admin.register(Report)
class ReportAdmin(DeskAdmin):
    """One report: what the partner wrote, and what became of it."""

    list_title = "Partner reports"
    page_template = "admin/cases/report/page.html"
    list_display = ("name", "partner", "state_label", "reported", "category")
    list_display_links = ("name",)
    list_filter = (StateFilter, "partner")
    search_fields = ("title", "reference")
    search_help_text = "Title or reference"
    desk_actions: ClassVar = (dialogs.ATTACH, dialogs.DECLINE, dialogs.ACCEPT)

    def visible(self, by: Actor) -> QuerySet[Report]:
        """The reports that this person may read."""
        return queries.reports_visible_to(by).select_related(
            "partner", "category", "incident", "triaged_by"
        )

    def page_context(self, request: HttpRequest, obj: Report) -> dict[str, Any]:
        """The times in words."""
        now = clocks.now()
        named = (
            ("Happened", obj.happened_at),
            ("Noticed", obj.noticed_at),
            ("Reported", obj.reported_at),
            ("Triaged", obj.triaged_at),
        )
        return {
            "object": obj,
            "report": obj,
            "times": [(label, moments.short(at, now)) for label, at in named if at],
            "promptness": clocks.words(obj.reported_at - obj.noticed_at),
            "colour": COLOURS.get(obj.state, ""),
        }

    @admin.display(description="Report")
    def name(self, report: Report) -> str:
        """Its title, with the reference below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            report.title,
            report.reference,
        )

    @admin.display(description="State", ordering="state")
    def state_label(self, report: Report) -> str:
        """In words, coloured."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            COLOURS.get(report.state, ""),
            report.get_state_display(),
        )

    @admin.display(description="Reported", ordering="reported_at")
    def reported(self, report: Report) -> str:
        """When and by whom."""
        return f"{moments.short(report.reported_at, clocks.now())} by {report.reporter}"
