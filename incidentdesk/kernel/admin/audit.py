"""The audit trail, to be read by those who may. Nobody writes here by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import action
from unfold.paginator import InfinitePaginator

from incidentdesk.kernel import access, audit, clocks, desk, seals, trail_files
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.models import AuditEvent

LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'


_DAY = {"type": "date"}


class PeriodForm(forms.Form):
    """Which lines leave the desk, and how."""

    since = forms.DateField(label="From", widget=forms.DateInput(_DAY, format="%Y-%m-%d"))
    until = forms.DateField(
        label="To",
        widget=forms.DateInput(_DAY, format="%Y-%m-%d"),
        help_text="Days in UTC, the last one with all its hours.",
    )
    words = forms.CharField(
        required=False,
        max_length=120,
        label="Only lines with",
        help_text="In actor, action or about. For the sheet alone: with seals, all lines go out.",
    )

    def clean(self) -> dict[str, Any]:
        """A period that begins before it ends, and in a year that there is."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = found.get("since"), found.get("until")
        if since and until and not date(2000, 1, 1) <= since <= until < date(9999, 1, 1):
            self.add_error("until", "Choose a last day that is not before the first.")
        return found

    @property
    def period(self) -> tuple[datetime, datetime]:
        """From the first moment of the first day to that of the day behind the last."""
        begin, end = self.cleaned_data["since"], self.cleaned_data["until"]
        return _midnight(begin), _midnight(end + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


@admin.register(AuditEvent)
class AuditEventAdmin(desk.RegisterAdmin):
    """Who did or read what, newest first."""

    read_permission = Permission.AUDIT_READ
    write_permission = None
    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    list_display = ("moment", "actor", "action", "thing")
    search_fields = ("actor", "action", "about")
    ordering = ("-id",)
    fields = ("moment", "actor", "action", "thing", "details")
    readonly_fields = ("moment", "thing", "details")
    actions_list = ("to_export",)

    def get_urls(self) -> list[URLPattern]:
        """The export, before the admin's own."""
        export = self.admin_site.admin_view(self.export)
        return [path("export/", export, name="kernel_auditevent_export"), *super().get_urls()]

    @action(description="Export", permissions=["view"])  # type: ignore[untyped-decorator]
    def to_export(self, request: HttpRequest) -> HttpResponse:
        """To the page on which a period is chosen."""
        return redirect("admin:kernel_auditevent_export")

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The lines of a period: as a sheet, or with their seals. That it was taken is recorded."""
        by, at = desk.actor(request), clocks.now()
        if request.method != "GET" or not access.allows(by, self.read_permission):
            raise PermissionDenied
        today = at.date()
        usual = {"since": today - timedelta(days=30), "until": today}
        form = PeriodForm(usual | request.GET.dict())
        kind = request.GET.get("kind", "")
        if kind == "sealed" and not by.is_auditor:
            raise PermissionDenied
        if kind not in ("sheet", "sealed") or not form.is_valid():
            return self._choose(request, form, is_auditor=by.is_auditor)
        since, until = form.period
        words = form.cleaned_data["words"]
        last = form.cleaned_data["until"]
        asked = {"as": kind, "since": str(since.date()), "until": str(last), "with": words}
        audit.record(by=by, at=at, action="exported", about="audittrail:lines", **asked)
        if kind == "sealed":
            return _file(trail_files.sealed(since, until, at=at), f"audit-{at:%Y-%m-%d}.jsonl")
        lines = trail_files.of_period(since, until, words)
        rows = trail_files.sheet(lines, is_named=by.is_auditor)
        return _file(rows, f"audit-{at:%Y-%m-%d}.csv", "text/csv; charset=utf-8")

    def _choose(self, request: HttpRequest, form: PeriodForm, *, is_auditor: bool) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Export of the audit trail",
            "form": form,
            "is_auditor": is_auditor,
            "newest": seals.newest_seal(),
            "back": reverse("admin:kernel_auditevent_changelist"),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(
            request, "admin/kernel/auditevent/export.html", context, status=status
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        """An auditor reads what others may not; the names of that are for auditors only."""
        found: QuerySet[AuditEvent] = super().get_queryset(request)
        if desk.actor(request).is_auditor:
            return found.annotate(is_named=Value(True))
        reading = When(action__in=audit.READINGS, then=False)
        return found.annotate(is_named=Case(reading, default=True))

    @admin.display(description="at", ordering="at")
    def moment(self, event: AuditEvent) -> SafeString:
        """To the second, on one line."""
        words = f"{timezone.localtime(event.at):%-d %b %Y %H:%M:%S}"
        return format_html('<span class="desk"><span class="nw">{}</span></span>', words)

    @admin.display(description="about")
    def thing(self, event: Any) -> SafeString | str:
        """What it was done to: its name and, if it has a page here, the way there."""
        kind, _, pk = event.about.partition(":")
        name = str((event.is_named and event.detail.get("name")) or event.about)
        if kind == "page":  # one that was refused
            return Truncator(event.detail.get("page") or name).chars(60)
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


def _file(rows: Any, name: str, kind: str = "application/x-ndjson") -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(rows, content_type=kind, headers=headers)
