"""How we handle incidents, on the desk: the version in force, the former ones, and who at which
partner has acknowledged which."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from cases import framework
from cases.admin.dialogs.framework import PUBLISH
from cases.models import Framework
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, actor

VERSIONS = 50  # the newest are shown


@admin.register(Framework)
class FrameworkAdmin(DeskAdmin):
    """One page a version."""

    page_template = "admin/cases/framework/page.html"
    list_actions: ClassVar = (PUBLISH,)

    def visible(self, by: Actor) -> QuerySet[Any]:
        """Whoever reads incidents may read how they are handled."""
        found = Framework.objects.select_related("published_by")
        return found if access.allows(by, Permission.INCIDENT_READ) else found.none()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list is the page of the version in force; there is nothing to filter it by."""
        if request.GET:
            raise SuspiciousOperation("The versions have no filters.")
        newest = self.get_queryset(request).first()
        if newest is None:
            return super().changelist_view(request, extra_context)
        return self.change_view(request, str(newest.pk))

    def page_context(self, request: HttpRequest, obj: Framework) -> dict[str, Any]:
        """The text in sections, the versions, and how far each partner is."""
        versions = list(self.get_queryset(request)[:VERSIONS])
        newest = versions[0]
        standings = framework.standings(newest)
        do = "admin:cases_framework_list_do"
        is_newest = obj.pk == newest.pk
        shown = [a for a in self.list_actions if is_newest and a.shown(None, actor(request))]
        return {
            "title": "How we handle incidents",
            "framework": obj,
            "sections": framework.sections(obj.text),
            "newer": "" if is_newest else reverse("admin:cases_framework_changelist"),
            "versions": versions,
            "standings": sorted(standings, key=lambda one: one.is_current),
            "missing": sum(not one.is_current for one in standings),
            "newest": newest,
            "list_buttons": [{"action": a, "url": reverse(do, args=[a.name])} for a in shown],
        }
