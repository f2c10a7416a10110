"""Plans: the list, the page on which each piece is decided, and the plan on paper."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html

from incidentdesk.kernel import clocks, pdf
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor, note_reading
from reviews import queries
from reviews.admin.dialogs import plans
from reviews.models import Plan, PlanItem


@admin.register(Plan)
class PlanAdmin(DeskAdmin):
    """The newest first."""

    page_template = "admin/reviews/plan/page.html"
    list_display = ("title", "span", "owner_name", "undecided", "state")
    list_display_links = ("title",)
    list_filter = (("state", admin.ChoicesFieldListFilter),)
    search_fields = ("title",)
    list_actions: ClassVar = (plans.BEGIN,)
    desk_actions: ClassVar = (plans.GATHER, plans.DECIDE, plans.CLOSE)

    def visible(self, by: Actor) -> QuerySet[Any]:
        """The plans, each with how much of what one may read is undecided."""
        waiting = queries.items_visible_to(by).filter(
            plan=OuterRef("pk"), decision=PlanItem.Decision.UNDECIDED
        )
        counted = waiting.order_by().values("plan").annotate(n=Count("pk")).values("n")
        count = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
        return queries.plans_visible_to(by).annotate(waiting=count)

    def get_urls(self) -> list[URLPattern]:
        """The plan on paper, before the admin's own addresses."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/print/", wrap(self.print), name="reviews_plan_print"),
            path("<int:object_id>/pdf/", wrap(self.pdf), name="reviews_plan_pdf"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, obj: Plan) -> dict[str, Any]:
        """What is undecided, then what became of the rest. Three queries."""
        return {"plan": obj, **_items(obj, actor(request))}

    def print(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The plan on one page. An auditor's reading is recorded."""
        return HttpResponse(self._paper(request, object_id, is_pdf=False)[1])

    def pdf(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The same as a PDF; where none can be drawn, back to the print view, which says why."""
        if pdf.missing():
            return redirect("admin:reviews_plan_print", object_id)
        plan, page = self._paper(request, object_id, is_pdf=True)
        return pdf.answer(page, f"plan-{plan.pk}")

    def _paper(self, request: HttpRequest, object_id: int, *, is_pdf: bool) -> tuple[Plan, str]:
        plan = self.get_object(request, str(object_id))
        if plan is None or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, plan)
        by, at = actor(request), clocks.now()
        actions = queries.open_actions(by).order_by("due_on", "id")
        context = {
            "plan": plan,
            "by": by.name,
            "at": at,
            "is_pdf": is_pdf,
            "pdf_missing": pdf.missing(),
            "actions": actions.select_related("control"),
            **_items(plan, by),
        }
        return plan, render_to_string("admin/reviews/plan/paper.html", context)

    @admin.display(description="Time", ordering="begins_on")
    def span(self, plan: Plan) -> str:
        """From when to when."""
        return f"{plan.begins_on:%-d %b %Y} to {plan.ends_on:%-d %b %Y}"

    @admin.display(description="Owner", ordering="owner__name")
    def owner_name(self, plan: Plan) -> str:
        """Who sees to it."""
        return str(plan.owner)

    @admin.display(description="Undecided", ordering="waiting")
    def undecided(self, plan: Any) -> str:
        """How much waits."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            "warn" if plan.waiting else "",
            plan.waiting,
        )


def _items(plan: Plan, by: Actor) -> dict[str, Any]:
    rows = queries.items_visible_to(by).filter(plan=plan)
    rows = rows.select_related("lesson__review__incident", "lesson__category", "control")
    found = list(rows.select_related("decided_by").prefetch_related("lesson__systems"))
    decisions = [one for one in PlanItem.Decision if one != PlanItem.Decision.UNDECIDED]
    return {
        "undecided": [row for row in found if row.is_undecided],
        "decided": [
            (one.label, held)
            for one in decisions
            if (held := [row for row in found if row.decision == one])
        ],
        "total": len(found),
    }
