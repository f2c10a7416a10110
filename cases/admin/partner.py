"""The register's page of a partner, with what the incidents say of it: how it cooperates.

The register itself knows no incidents; what is added here, it shows without knowing.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from cases import cooperation
from incidentdesk.kernel import clocks
from incidentdesk.kernel.desk import actor
from partners.admin.partner import PartnerAdmin
from partners.models import Partner

admin.site.unregister(Partner)


@admin.register(Partner)
class PartnerPage(PartnerAdmin):
    """The same, and its record of cooperation."""

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """Below what the register holds itself."""
        fields = super().get_fields(request, obj)
        return (*fields, "cooperation") if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """As this person may see it."""
        if obj is not None:
            obj.seen_by = actor(request)  # type: ignore[attr-defined]
        shown = super().get_readonly_fields(request, obj)
        return (*shown, "cooperation") if obj else shown

    @admin.display(description="cooperation")
    def cooperation(self, partner: Any) -> SafeString:
        """How soon it reports, and how it answers."""
        found = cooperation.of(partner.pk, actor=partner.seen_by, at=clocks.now())
        context = {"record": found, "partner": partner}
        return mark_safe(render_to_string("admin/cases/partner/cooperation.html", context))  # noqa: S308 -- a template that escapes
