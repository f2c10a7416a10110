"""The pages on which a register is taken out as CSV and brought in: upload, dry run, confirm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from incidentdesk.kernel import access, audit, clocks, desk, dialogs, exchange, sheets
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import DeskError, InvalidInput
from incidentdesk.kernel.exchange import Sheet

MOST_SHOWN = 200  # lines of a dry run that say nothing new are not listed


class Import(Protocol):
    """The use case that takes a file in."""

    def __call__(self, *, text: str, expected: str, by: Actor, at: datetime) -> int:
        """Do it; answers how many rows were touched."""


class Exchanged:
    """For a RegisterAdmin whose register, or one beside it, comes and goes as CSV.

    `sheets` maps a sheet to the use case that imports it.
    """

    exchanged: ClassVar[Mapping[str, tuple[Sheet, Import]]] = {}

    def get_urls(self) -> list[URLPattern]:
        """Two addresses a sheet, before the admin's own."""
        wrap, name = self.admin_site.admin_view, _name(self)  # type: ignore[attr-defined]
        more: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [
            path("csv/<slug:sheet>/", wrap(self.exchange), name=f"{name}_csv"),
            path("csv/<slug:sheet>.csv", wrap(self.export), name=f"{name}_export"),
            *more,
        ]

    def to_sheet(self, sheet: str) -> HttpResponse:
        """The way from a button of the list to the page."""
        return redirect(reverse(f"admin:{_name(self)}_csv", args=[sheet]))

    def export(self, request: HttpRequest, sheet: str) -> HttpResponse:
        """The register as a file. An auditor's reading is recorded."""
        found, _ = self._sheet(request, sheet)
        who, at = desk.actor(request), clocks.now()
        if who.is_auditor:
            audit.record(by=who, at=at, action="read", about=f"register:{sheet}", name=found.title)
        return HttpResponse(
            found.export(),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{sheet}-{at:%Y-%m-%d}.csv"',
                "Cache-Control": "no-store",
            },
        )

    def exchange(self, request: HttpRequest, sheet: str) -> HttpResponse:
        """Upload → what it would do → do exactly that."""
        found, take = self._sheet(request, sheet)
        may_write = access.allows(desk.actor(request), Permission.REGISTER_WRITE)
        if request.method != "POST":
            return self._page(request, found, may_write=may_write)
        if not may_write:
            raise Http404
        try:
            if "expected" in request.POST:
                return self._confirmed(request, found, take)
            text = _uploaded(request)
            planned = exchange.plan(found, text)
        except DeskError as error:
            status = 413 if isinstance(error, sheets.TooLarge) else 422
            return self._page(request, found, may_write=True, refusal=str(error), status=status)
        shown = [step for step in planned.steps if step.verb != "same"][:MOST_SHOWN]
        return self._page(request, found, may_write=True, plan=planned, shown=shown, text=text)

    def _confirmed(self, request: HttpRequest, sheet: Sheet, take: Import) -> HttpResponse:
        by, at = desk.actor(request), clocks.now()
        text, expected = request.POST.get("text", ""), request.POST["expected"]

        def call() -> str:
            count = take(text=text, expected=expected or "none", by=by, at=at)
            return f"{sheet.title}: {count} rows imported."

        dialogs.run(request, call)
        return redirect(reverse(f"admin:{_name(self)}_changelist"))

    def _sheet(self, request: HttpRequest, sheet: str) -> tuple[Sheet, Import]:
        if sheet not in self.exchanged or not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise Http404
        return self.exchanged[sheet]

    def _page(
        self, request: HttpRequest, sheet: Sheet, *, status: int = 200, **shown: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "title": f"{sheet.title} as CSV",
            "sheet": sheet,
            "export_url": reverse(f"admin:{_name(self)}_export", args=[sheet.name]),
            "back": reverse(f"admin:{_name(self)}_changelist"),
            "most": f"{sheets.MOST_BYTES // 1024} KB and {sheets.MOST_ROWS} rows",
            **shown,
        }
        return TemplateResponse(request, "admin/desk/sheet.html", context, status=status)


def _uploaded(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise InvalidInput("Choose a file first.")
    return sheets.decoded(file.read(sheets.MOST_BYTES + 1))


def _name(admin: Any) -> str:
    return f"{admin.opts.app_label}_{admin.opts.model_name}"
