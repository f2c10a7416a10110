"""Severity on the desk: the matrix as a page; registers of definitions, floors, soak, silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases.admin.dialogs.matrix import CHANGE_MATRIX
from cases.admin.page import matrix
from cases.models import AxisLevel, SeverityFloor, SeverityMatrix, SeverityRule
from cases.models.severity import AXES
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, RegisterAdmin, actor

CHANGES = 50  # the newest are shown


@admin.register(SeverityMatrix)
class SeverityMatrixAdmin(DeskAdmin):
    """One page: the matrix in force, what its values mean, and how it changed."""

    page_template = "admin/cases/severitymatrix/page.html"
    list_actions: ClassVar = (CHANGE_MATRIX,)

    def visible(self, by: Actor) -> QuerySet[Any]:
        """Whoever reads incidents may read how their severity comes about."""
        found = SeverityMatrix.objects.select_related("changed_by")
        return found if access.allows(by, Permission.INCIDENT_READ) else found.none()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list is the page of the newest; there is nothing to filter it by."""
        if request.GET:
            raise SuspiciousOperation("The matrix has no filters.")
        newest = self.get_queryset(request).first()
        if newest is None:
            return super().changelist_view(request, extra_context)
        return self.change_view(request, str(newest.pk))

    def page_context(self, request: HttpRequest, obj: SeverityMatrix) -> dict[str, Any]:
        """The tables, the definitions, the floors and the changes."""
        history = list(self.get_queryset(request)[:CHANGES])
        former = self.get_queryset(request).filter(pk__lt=obj.pk).first()
        after = self.get_queryset(request).filter(pk__gt=obj.pk).last()
        levels: dict[str, list[AxisLevel]] = {name: [] for name, _ in AXES}
        for level in AxisLevel.objects.all():
            levels[level.axis].append(level)
        name = {level.value: level for level in levels["urgency"]}
        blocks = matrix.tables(obj.cells, former.cells if former else None)
        do = "admin:cases_severitymatrix_list_do"
        shown = () if after else [a for a in self.list_actions if a.shown(None, actor(request))]
        return {
            "title": "Severity matrix",
            "matrix": obj,
            "until": after.in_force_at if after else None,
            "newer": reverse("admin:cases_severitymatrix_changelist") if after else "",
            "blocks": [(block, name.get(block.urgency)) for block in blocks],
            "scopes": sorted(levels["scope"], key=lambda level: level.value),
            "axes": [(label, levels[axis]) for axis, label in AXES],
            "floors": SeverityFloor.objects.filter(is_active=True),
            "history": history,
            "list_buttons": [{"action": a, "url": reverse(do, args=[a.name])} for a in shown],
        }


class _Fixed(RegisterAdmin):
    """A register whose rows are as many as there are values: they change, none is added."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The values are given."""
        return False


@admin.register(AxisLevel)
class AxisLevelAdmin(_Fixed):
    """What each value of impact, scope and urgency means; shown beside the choices."""

    list_title = "Definitions"
    list_display = ("level", "definition")
    list_display_links = ("level",)
    list_filter = ("axis",)
    search_fields = ("name", "definition")
    ordering = ("axis", "-value")
    fields = ("axis", "value", "name", "definition")
    readonly_fields = ("axis", "value")

    @admin.display(description="value", ordering="axis")
    def level(self, row: AxisLevel) -> str:
        """As the dialogs name it."""
        return str(row)


@admin.register(SeverityFloor)
class SeverityFloorAdmin(RegisterAdmin):
    """Facts below which a severity never falls. Incidents keep what they have by its key."""

    list_title = "Floors"
    list_display = ("words", "at_least", "by_time", "source", "is_active")
    list_filter = ("is_active",)
    search_fields = ("words", "source")
    ordering = ("severity", "key")
    fields = ("words", "key", "severity", "after_minutes", "source", "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The key is chosen once."""
        return ("key",) if obj else ()

    @admin.display(description="at least", ordering="severity")
    def at_least(self, floor: SeverityFloor) -> SafeString:
        """As on every page."""
        return format_html(
            '<span class="desk badge s{}">SEV-{}</span>', floor.severity, floor.severity
        )

    @admin.display(description="by itself", empty_value="—", ordering="after_minutes")
    def by_time(self, floor: SeverityFloor) -> str | None:
        """After how long the desk adds it."""
        return f"after {floor.after_minutes} min fully down" if floor.after_minutes else None


@admin.register(SeverityRule)
class SeverityRuleAdmin(_Fixed):
    """How long service stays in band before the review may begin, and how long an acknowledged
    incident may be silent, by severity."""

    list_title = "Soak and silence"
    list_display = ("for_severity", "soak_minutes", "silence")
    list_display_links = ("for_severity",)
    fields = ("severity", "soak_minutes", "silence_minutes")
    readonly_fields = ("severity",)

    @admin.display(description="severity", ordering="severity")
    def for_severity(self, rule: SeverityRule) -> str:
        """As it is said."""
        return f"SEV-{rule.severity}"

    @admin.display(description="paged again after", empty_value="never", ordering="silence_minutes")
    def silence(self, rule: SeverityRule) -> str | None:
        """After an acknowledgement that led to nothing."""
        minutes = rule.silence_minutes
        return clocks.words(timedelta(minutes=minutes)) if minutes else None
