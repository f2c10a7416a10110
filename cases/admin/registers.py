"""The small registers of this package: categories, target times."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget

from cases import accuracy
from cases.models import Category, Playbook, Target
from incidentdesk.kernel import desk
from incidentdesk.kernel.errors import InvalidInput

LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'


class Deletable(desk.RegisterAdmin):
    """Rows that nothing points at: they may be deleted, which is recorded."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may write."""
        return self.has_change_permission(request, obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """To the audit trail, and only there."""
        for obj in queryset:
            self._record(request, "deleted", obj, [])


class CategoryForm(forms.ModelForm):  # type: ignore[type-arg]
    """What every partner chooses from when it reports."""

    class Meta:
        model = Category
        fields = ("name", "key", "description", "position", "is_active")
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Every partner reads it, in the form in which it reports an incident.",
            "key": "Every partner's programs read it. It is chosen once.",
        }

    def clean(self) -> dict[str, Any]:
        """Neither of the two names a partner, or the desk's own reference."""
        given = super().clean() or {}
        try:
            accuracy.require_own(None, given.get("name", ""), given.get("key", ""))
        except InvalidInput as error:
            raise forms.ValidationError(str(error)) from error
        return given


@admin.register(Category)
class CategoryAdmin(desk.RegisterAdmin):
    """What kinds of incident there are. The key is fixed: escalation paths match on it."""

    form = CategoryForm
    list_display = ("name", "key", "playbook_tasks", "position", "is_active")
    search_fields = ("name", "description")
    ordering = ("position", "name")
    fields = CategoryForm.Meta.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """With the version of the playbook that is in force, and the number of its tasks."""
        found: QuerySet[Category] = super().get_queryset(request)
        current = Playbook.objects.filter(
            category=OuterRef("pk"), published_at__isnull=False
        ).order_by("-version")
        return found.annotate(
            version=Subquery(current.values("version")[:1]),
            tasks=Subquery(current.annotate(n=Count("tasks")).values("n")[:1]),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The key is chosen once."""
        return ("key",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new category's key follows its name."""
        return {} if obj else {"key": ("name",)}

    @admin.display(description="playbook")
    def playbook_tasks(self, category: Any) -> SafeString:
        """The version in force, how many tasks, and the way to all versions."""
        url = f"{reverse('admin:cases_playbook_changelist')}?category__id__exact={category.pk}"
        words = (
            f"version {category.version}: {category.tasks} tasks" if category.version else "none"
        )
        return format_html(LINK, url, words)


class TargetForm(forms.ModelForm):  # type: ignore[type-arg]
    """A severity is one of four."""

    severity = forms.TypedChoiceField(
        choices=[(n, f"SEV-{n}") for n in (1, 2, 3, 4)], coerce=int, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Target
        fields = ("severity", "kind", "amount", "counting", "anchor")
        help_texts: ClassVar[dict[str, str]] = {
            "amount": "Counts for incidents that open, or change severity, from now on."
        }


@admin.register(Target)
class TargetAdmin(Deletable):
    """How long things may take. Clocks that run already stay as they were set."""

    list_title = "Target times"
    form = TargetForm
    list_display = ("for_severity", "kind", "limit", "counted_from")
    list_display_links = ("kind",)
    list_filter = ("severity", "kind")
    ordering = ("severity", "id")

    @admin.display(description="severity", ordering="severity")
    def for_severity(self, target: Target) -> str:
        """As it is said."""
        return f"SEV-{target.severity}"

    @admin.display(description="from")
    def counted_from(self, target: Target) -> str:
        """The moment at which the clock begins."""
        return target.get_anchor_display()

    @admin.display(description="within")
    def limit(self, target: Target) -> str:
        """Amount and unit."""
        return f"{target.amount} {target.get_counting_display()}"
