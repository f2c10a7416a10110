"""Playbooks on the desk: all versions, one version as a checklist, and the form of a draft."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from cases import queries
from cases.admin.dialogs import playbook as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.admin.page import playbook as page
from cases.models import Playbook, PlaybookTask
from cases.models.playbook import PHASES
from incidentdesk.kernel import access, clocks, desk
from incidentdesk.kernel.access import Actor, Permission

KINDS = {
    "added": ("New", "ok"),
    "removed": ("Gone", "bad"),
    "reworded": ("Reworded", "warn"),
    "marks": ("Marks", "warn"),
    "moved": ("Moved", "mute"),
}


class ShownFilter(ChoiceFilter):
    """Versions in force and drafts, unless older ones are asked for."""

    title = "version"
    parameter_name = "show"
    first = "In force, and drafts"
    looked_at = "only those in force and drafts"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everything, on request."""
        return [("all", "All versions")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Leaves out what a newer version has replaced."""
        if self.value() == "all":
            return queryset
        return queryset.exclude(is_current=False, published_at__isnull=False)


class LineForm(ModelForm):  # type: ignore[type-arg]
    """One line of a draft; its place counts within its phase."""

    class Meta:
        model = PlaybookTask
        fields = (
            "phase",
            "position",
            "text",
            "needs_evidence",
            "needs_second_person",
            "is_partner_facing",
        )
        labels: ClassVar[dict[str, str]] = {
            "position": "place",
            "needs_evidence": "evidence",
            "needs_second_person": "second person",
            "is_partner_facing": "partner",
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "position": UnfoldAdminIntegerFieldWidget(attrs={"class": "lines-place"}),
            "text": UnfoldAdminTextareaWidget(attrs={"class": "lines-text", "rows": 2}),
        }


class LineInline(TabularInline):  # type: ignore[misc]
    """The lines of a draft. Whoever keeps registers keeps them."""

    model = PlaybookTask
    form = LineForm
    extra = 0  # an empty row would be half filled in: a phase is always chosen
    hide_title = True
    ordering = ("phase", "position", "id")
    verbose_name = "task"
    verbose_name_plural = "tasks"

    def _may(self, request: HttpRequest) -> bool:
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change them."""
        return self._may(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A line of a draft may go."""
        return self._may(request)


@admin.register(Playbook)
class PlaybookAdmin(desk.DeskAdmin, desk.RegisterAdmin):
    """A version reads like a checklist; only a draft has a form, and buttons publish it."""

    page_template = "admin/cases/playbook/page.html"
    list_display = (
        "category",
        "version_words",
        "tasks_count",
        "published",
        "note",
        "incident_count",
    )
    list_display_links = ("category",)
    list_filter = (ShownFilter, "category")
    list_actions: ClassVar = (dialogs.START_DRAFT,)
    desk_actions: ClassVar = (dialogs.CHANGE, dialogs.PUBLISH, dialogs.DISCARD)
    ordering = ("category__position", "-version")
    inlines = (LineInline,)
    fields = ("note",)

    def visible(self, by: Actor) -> QuerySet[Playbook]:
        """All versions, with how they are used, in one query."""
        newer = Playbook.objects.filter(
            category=OuterRef("category"), version__gt=OuterRef("version")
        ).filter(published_at__isnull=False)
        lines = _counted(PlaybookTask.objects.filter(playbook=OuterRef("pk")))
        used = _counted(queries.visible_to(by).filter(playbook=OuterRef("pk")))
        return (
            queries.playbooks_visible_to(by)
            .select_related("category", "published_by")
            .annotate(
                task_count=Coalesce(Subquery(lines.values("n")), 0),
                used=Coalesce(Subquery(used.values("n")), 0),
                is_current=Q(published_at__isnull=False) & ~Exists(newer),
            )
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft is started with a button."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The form of a draft before the admin's own addresses."""
        wrap = self.admin_site.admin_view
        edit = path("<int:object_id>/edit/", wrap(self.edit), name="cases_playbook_edit")
        return [edit, *super().get_urls()]

    def edit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The form of a draft; a version that is published by now goes to its page."""
        draft = self.get_object(request, str(object_id))
        if draft is None or not access.allows(desk.actor(request), Permission.REGISTER_WRITE):
            raise Http404
        if not draft.is_draft:
            messages.error(request, f"{draft} is published and never changes; start a draft.")
            return redirect(self.page_url(draft))
        return self.changeform_view(request, str(object_id))

    def response_change(self, request: HttpRequest, obj: Playbook) -> HttpResponse:
        """Saved: back to how it reads, or to the form."""
        messages.success(request, f"{obj} is saved; nothing changes until it is published.")
        again = "_continue" in request.POST
        edit = reverse("admin:cases_playbook_edit", args=[obj.pk])
        return redirect(edit if again else self.page_url(obj))

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """The tasks by phase, what changed, and the other versions."""
        now = clocks.now()
        lines = list(obj.tasks.all())
        others = list(obj.category.playbooks.order_by("-version"))
        before = next((p for p in others if p.version < obj.version and not p.is_draft), None)
        changed = page.changes(list(before.tasks.all()), lines) if before else []
        may = access.allows(desk.actor(request), Permission.REGISTER_WRITE)
        return {
            "playbook": obj,
            "phases": [
                (label, sorted((x for x in lines if x.phase == key), key=lambda x: x.position))
                for key, label in PHASES
            ],
            "before": before,
            "changes": [(*KINDS[change.kind], change) for change in changed],
            "others": [other for other in others if other.pk != obj.pk],
            "published": moments.short(obj.published_at, now) if obj.published_at else "",
            "incidents": obj.used,
            "edit_url": reverse("admin:cases_playbook_edit", args=[obj.pk])
            if may and obj.is_draft
            else "",
        }

    @admin.display(description="version", ordering="version")
    def version_words(self, playbook: Any) -> str:
        """Its number, and whether it is in force."""
        if playbook.is_draft:
            return f"{playbook.version} (draft)"
        return f"{playbook.version}{' (in force)' if playbook.is_current else ''}"

    @admin.display(description="tasks")
    def tasks_count(self, playbook: Any) -> int:
        """How many lines."""
        return int(playbook.task_count)

    @admin.display(description="published", ordering="published_at")
    def published(self, playbook: Playbook) -> str:
        """When, and by whom."""
        if playbook.published_at is None:
            return "—"
        by = f" by {playbook.published_by}" if playbook.published_by else ""
        return moments.short(playbook.published_at, clocks.now()) + by

    @admin.display(description="incidents")
    def incident_count(self, playbook: Any) -> int:
        """How many incidents started with it."""
        return int(playbook.used)


def _counted(rows: Any) -> Any:
    """How many rows each playbook has, for a subquery."""
    return rows.order_by().values("playbook").annotate(n=Count("pk"))
