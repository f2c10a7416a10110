"""The register's page of a partner, with its procedures and how it cooperates.

The register itself knows no incidents; what is added here, it shows without knowing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import action

from cases import cooperation, correspondence, digests, punctuality
from cases.admin import leaving
from cases.admin.filters import ChoiceFilter
from incidentdesk.kernel import clocks, ids
from incidentdesk.kernel.desk import actor
from partners.admin.partner import PartnerAdmin
from partners.models import Partner

MONTHS = 12  # so many digests are listed
admin.site.unregister(Partner)


class ProcedureFilter(ChoiceFilter):
    """Those without a valid procedure, on request."""

    title = "procedure"
    parameter_name = "procedure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two kinds."""
        return [("none", "None valid"), ("valid", "Valid")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Partner]) -> QuerySet[Partner]:
        """Those that are asked for."""
        wanted, rows = {"none": True, "valid": False}.get(self.value() or ""), queryset.all()
        return rows if wanted is None else rows.filter(Q(procedure_until__isnull=wanted))


@admin.register(Partner)
class PartnerPage(PartnerAdmin):
    """The same, with its procedures and its record of cooperation."""

    list_display: Any = (*PartnerAdmin.list_display, "procedure")
    actions_detail: Any = (*PartnerAdmin.actions_detail, "take_out")
    list_filter: Any = (*PartnerAdmin.list_filter, ProcedureFilter)

    def get_urls(self) -> list[URLPattern]:
        """The page on which a partner that leaves is taken out, before the admin's own."""
        page = self.admin_site.admin_view(partial(leaving.export, self))
        return [path("<int:object_id>/leaving/", page, name="partner_leaving"), *super().get_urls()]

    @action(description="Export", permissions=["login"])  # type: ignore[untyped-decorator]
    def take_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that shows what would be taken out."""
        if (number := ids.of(object_id)) is None:
            raise Http404
        return redirect("admin:partner_leaving", number)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        """With until when it has a valid procedure."""
        valid = correspondence.valid_procedures(clocks.now()).filter(partner=OuterRef("pk"))
        last = valid.order_by("-valid_until").values("valid_until")[:1]
        return super().get_queryset(request).annotate(procedure_until=Subquery(last))

    @admin.display(description="procedure", ordering="procedure_until")
    def procedure(self, partner: Any) -> SafeString | str:
        """Until when one is valid; none is plain."""
        if partner.procedure_until is None:
            return format_html(
                '<span class="desk"><span class="bad">{}</span></span>', "none valid"
            )
        return f"until {partner.procedure_until:%-d %b %Y}"

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """Below what the register holds itself."""
        fields = super().get_fields(request, obj)
        return (*fields, "procedures", "cooperation", "punctuality") if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """As this person may see it."""
        if obj is not None:
            obj.seen_by = actor(request)  # type: ignore[attr-defined]
        shown = super().get_readonly_fields(request, obj)
        return (*shown, "procedures", "cooperation", "punctuality") if obj else shown

    @admin.display(description="procedures")
    def procedures(self, partner: Any) -> SafeString:
        """What it has on file for its own users."""
        held = correspondence.procedures_visible_to(partner.seen_by).filter(partner=partner)
        context = {
            "held": held.filter(ended_at=None).prefetch_related("files"),
            "today": clocks.now().date(),
        }
        return mark_safe(render_to_string("admin/cases/partner/procedures.html", context))  # noqa: S308 -- a template that escapes

    @admin.display(description="our punctuality")
    def punctuality(self, partner: Any) -> SafeString:
        """What we owed it and when it came; and its digests, as far as this person may see them."""
        who = partner.seen_by
        context = {
            "kept": punctuality.of(partner.pk, actor=who, at=clocks.now()),
            "digests": digests.visible_to(who).filter(partner=partner)[:MONTHS],
        }
        return mark_safe(render_to_string("admin/cases/partner/punctuality.html", context))  # noqa: S308 -- a template that escapes

    @admin.display(description="cooperation")
    def cooperation(self, partner: Any) -> SafeString:
        """How soon it reports, and how it answers."""
        found = cooperation.of(partner.pk, actor=partner.seen_by, at=clocks.now())
        context = {"record": found, "partner": partner}
        return mark_safe(render_to_string("admin/cases/partner/cooperation.html", context))  # noqa: S308 -- a template that escapes
