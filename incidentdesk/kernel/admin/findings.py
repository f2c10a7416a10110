"""What the auditor finds wrong with the desk itself, and when each part last moved. Reads only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from incidentdesk.kernel import clocks, findings, progress
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin
from incidentdesk.kernel.models import Finding, Progress

NOW, OVER, WELL, SILENT = "now", "over", "well", "silent"
COLOURS = {NOW: "danger", OVER: "success", WELL: "success", SILENT: "danger"}


@admin.register(Finding)
class FindingAdmin(DeskAdmin):
    """One line a finding, the newest first."""

    list_title = "What the auditor found"
    read_permission = Permission.AUDIT_READ
    page_template = "admin/kernel/finding/page.html"
    empty_words = "The auditor looks every minute and has never found anything wrong."
    list_display = ("first_at", "words", "state_label", "mended", "paged_at", "cleared_at")
    list_display_links: ClassVar[Any] = ("words",)
    ordering = ("-id",)

    def visible(self, by: Actor) -> QuerySet[Finding]:
        """Those about what this person may read."""
        return findings.visible_to(by)

    @display(description="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, finding: Finding) -> tuple[str, str]:
        """Whether it is so now."""
        state = NOW if finding.cleared_at is None else OVER
        return state, state

    def page_context(self, request: HttpRequest, obj: Finding) -> dict[str, Any]:
        """The finding."""
        return {"finding": obj}


@admin.register(Progress)
class ProgressAdmin(DeskAdmin):
    """One line a part of the desk: when it last finished a round of its work."""

    read_permission = Permission.AUDIT_READ
    list_display = ("part", "at", "state_label", "said")
    list_display_links: ClassVar[Any] = None

    def visible(self, by: Actor) -> QuerySet[Progress]:
        """All, to those who may read the audit trail."""
        return Progress.objects.all()

    @display(description="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, row: Progress) -> tuple[str, str]:
        """Whether it moved within its limit, and says that all is well."""
        limit = progress.LIMITS.get(row.part)
        if limit is not None and row.at < clocks.now() - limit:
            return SILENT, f"silent for {clocks.words(clocks.now() - row.at)}"
        return (WELL, WELL) if row.is_well else (NOW, "found something")
