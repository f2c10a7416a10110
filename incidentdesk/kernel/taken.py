"""A list that can be taken along as a file, as it is filtered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.desk import DeskAdmin, actor


class TakenAdmin(DeskAdmin):
    """Whoever may read the list may take it, as CSV; that it was taken is recorded."""

    taken_as: ClassVar[str]  # what the audit trail says was taken
    file_name: ClassVar[str]  # what the file is called, before its date

    def lines(self, rows: Any) -> Iterator[str]:
        """The file, line by line."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """The file's address, before the admin's own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        export = self.admin_site.admin_view(self.export)
        return [path("export/", export, name=f"{name}_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered."""
        by, at = actor(request), clocks.now()
        if request.method != "GET" or not access.allows(by, self.read_permission):
            raise Http404
        try:
            found = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        audit.record(by=by, at=at, action="exported", about=self.taken_as, filters=found.chosen)
        return StreamingHttpResponse(
            self.lines(found.queryset),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": (
                    f'attachment; filename="{self.file_name}-{at:%Y-%m-%d-%H%M}.csv"'
                ),
                "Cache-Control": "no-store",
            },
        )
