"""The register of systems: what an incident can hit, who owns it, who depends on it, and when."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, ForeignKey, ManyToManyField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelChoiceField, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cases import queries, sheets
from cases.admin.page import moments
from cases.models import System
from cases.models.incident import OVER
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import RegisterAdmin, actor
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from incidentdesk.kernel.sheet_pages import Exchanged
from partners.models import Partner

HISTORY = 20  # incidents that are over, on a system's page


@admin.register(System)
class SystemAdmin(Exchanged, RegisterAdmin):
    """The catalogue, with the number of open incidents that list each system."""

    exchanged: ClassVar[Any] = {"systems": (sheets.SYSTEMS, sheets.import_systems)}
    actions_list = ("systems_csv",)

    list_display = ("name", "kind", "owner", "is_critical", "dependents", "open_now", "is_active")
    list_filter = ("kind", "is_critical", "is_active")
    list_select_related = ("owner",)
    search_fields = ("name", "description")
    fields = ("name", "kind", "description", "owner", "is_critical", "is_active", "partners")
    change_form_outer_after_template = "admin/cases/system/incidents.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[System]:
        """With the number of open incidents and of partners, in the same query."""
        found: QuerySet[System] = super().get_queryset(request)
        return with_open_incidents(found, actor(request)).annotate(
            partner_count=Count("partners", distinct=True)
        )

    @action(description="Systems as CSV", permissions=["view"])  # type: ignore[untyped-decorator]
    def systems_csv(self, request: HttpRequest) -> HttpResponse:
        """Export and import of systems."""
        return self.to_sheet("systems")

    @admin.display(description="partners", ordering="partner_count")
    def dependents(self, system: Any) -> int:
        """How many partners depend on it."""
        return int(system.partner_count)

    @admin.display(description="open incidents", ordering="open_count")
    def open_now(self, system: Any) -> str:
        """How many open incidents list it; more than one is a risk in common."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            "warn" if system.open_count > 1 else "",
            system.open_count,
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's form or, for who only reads, its values; below it where it was affected."""
        is_number = object_id.isdecimal() and len(object_id) < 19
        below = history(object_id, actor(request)) if is_number else {}
        context = {**below, **(extra_context or {})}
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """An owner is somebody who works on incidents or keeps registers."""
        may = (Permission.INCIDENT_RESPOND, Permission.REGISTER_WRITE)
        roles = [key for key, role in ROLES.items() if role.permissions.intersection(may)]
        people = User.objects.filter(is_active=True, roles__overlap=roles)
        kwargs["queryset"] = people.order_by("name", "email")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        """A box to tick for each partner."""
        kwargs["queryset"] = Partner.objects.filter(is_active=True).order_by("name")
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[no-any-return]


def with_open_incidents(systems: QuerySet[System], by: Actor) -> QuerySet[System]:
    """Each with `open_count`: the open incidents that list it and that this person may read."""
    listed = (
        queries.affected_visible_to(by)
        .exclude(incident__phase__in=OVER)
        .filter(system=OuterRef("pk"))
        .order_by()
        .values("system")
        .annotate(n=Count("pk"))
    )
    return systems.annotate(open_count=Coalesce(Subquery(listed.values("n")), 0))


def history(system_id: str, by: Actor) -> dict[str, Any]:
    """Where the system is affected now, and where it was, the newest first. Two queries."""
    now = clocks.now()
    rows = (
        queries.affected_visible_to(by)
        .filter(system_id=int(system_id))
        .select_related("incident", "changed_by")
        .order_by("-incident__opened_at", "-incident_id")
    )
    return {
        "affected_now": [
            _line(row, now) for row in rows.exclude(incident__phase__in=OVER)[:HISTORY]
        ],
        "affected_before": [
            _line(row, now) for row in rows.filter(incident__phase__in=OVER)[:HISTORY]
        ],
        "history_limit": HISTORY,
    }


def _line(affected: Any, now: Any) -> dict[str, Any]:
    incident = affected.incident
    return {
        "affected": affected,
        "incident": incident,
        "url": f"{reverse('admin:cases_incident_change', args=[incident.pk])}?tab=systems",
        "opened": moments.short(incident.opened_at, now),
        "down": moments.short(affected.down_since, now) if affected.down_since else "",
    }
