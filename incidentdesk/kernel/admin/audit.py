"""The audit trail, to be read by those who may. Nobody writes here by hand."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from incidentdesk.kernel import audit, desk
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.models import AuditEvent

LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'


@admin.register(AuditEvent)
class AuditEventAdmin(desk.RegisterAdmin):
    """Who did or read what, newest first."""

    read_permission = Permission.AUDIT_READ
    write_permission = None
    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    list_display = ("at", "actor", "action", "thing")
    search_fields = ("actor", "action", "about")
    ordering = ("-id",)
    fields = ("at", "actor", "action", "thing", "details")
    readonly_fields = ("thing", "details")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        """An auditor reads what others may not; the names of that are for auditors only."""
        found: QuerySet[AuditEvent] = super().get_queryset(request)
        if desk.actor(request).is_auditor:
            return found.annotate(is_named=Value(True))
        reading = When(action__in=audit.READINGS, then=False)
        return found.annotate(is_named=Case(reading, default=True))

    @admin.display(description="about")
    def thing(self, event: Any) -> SafeString | str:
        """What it was done to: its name and, if it has a page here, the way there."""
        kind, _, pk = event.about.partition(":")
        name = str((event.is_named and event.detail.get("name")) or event.about)
        for model in admin.site._registry:
            if model._meta.model_name == kind and pk.isdigit():
                url = f"admin:{model._meta.app_label}_{kind}_change"
                return format_html(LINK, reverse(url, args=[pk]), name)
        return name

    @admin.display(description="detail")
    def details(self, event: Any) -> SafeString | str:
        """All that was recorded."""
        if not event.is_named:
            return "what was read is named to auditors only"
        if not event.detail:
            return "nothing more"
        text = json.dumps(event.detail, indent=2, ensure_ascii=False)
        return format_html('<div class="desk"><pre>{}</pre></div>', text)
