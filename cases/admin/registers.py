"""The small registers of this package: categories, target times, sources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from cases.intake import signatures, snippets, sources
from cases.models import AxisLevel, Category, Playbook, Source, Target
from cases.models.alert import digest
from incidentdesk.kernel import access, desk, dialogs
from incidentdesk.kernel.access import Actor, Permission

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


@admin.register(Category)
class CategoryAdmin(desk.RegisterAdmin):
    """What kinds of incident there are. The key is fixed: escalation paths match on it."""

    list_display = ("name", "key", "playbook_tasks", "position", "is_active")
    search_fields = ("name", "description")
    ordering = ("position", "name")
    fields = ("name", "key", "description", "position", "is_active")

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


def _renew(obj: Source, data: Mapping[str, Any], *, by: Actor, at: datetime) -> SafeString:
    source, key = sources.renew_key(source_id=obj.pk, by=by, at=at)
    return _shown_once(source, key)


def _shown_once(source: Source, key: str) -> SafeString:
    return format_html(
        'The key of {} is shown this once; write this into {}:<pre class="desk-secret">{}</pre>',
        source.name,
        source.get_format_display(),
        snippets.snippet(source.format, key),
    )


RENEW_KEY = dialogs.Action(
    name="renew_key",
    label="Make a new key",
    run=_renew,
    permission=Permission.REGISTER_WRITE,
    intro="The present key stops working at once; alerts are refused until the tool has the new "
    "one.",
    submit="Make a new key",
    is_grave=True,
)


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where alerts come from, and what is assumed of them until somebody evaluates."""

    impact = forms.TypedChoiceField(coerce=int, widget=UnfoldAdminSelectWidget)
    scope = forms.TypedChoiceField(
        coerce=int,
        widget=UnfoldAdminSelectWidget,
        help_text="Impact and scope are assumed until somebody evaluates the incident.",
    )

    signing_secret = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="Grafana and Sentry sign with it what they send; with one, nothing else is "
        "taken. It is never shown again; left empty, it stays as it is.",
    )

    class Meta:
        model = Source
        fields = ("name", "format", "signing_secret", "category", "impact", "scope", "is_active")
        help_texts: ClassVar[dict[str, str]] = {
            "format": "The key is made when you save, and shown once.",
            "category": "What its alerts are about, if that is always the same.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "format" in self.fields:  # there is one desk, and it is there already
            formats = [one for one in Source.Format.choices if one[0] != Source.Format.DESK]
            self.fields["format"].choices = formats  # type: ignore[attr-defined]
        levels = AxisLevel.objects.all()
        for axis in ("impact", "scope"):
            chosen = [(row.value, str(row)) for row in levels if row.axis == axis]
            self.fields[axis].choices = chosen  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A secret that nobody would sign with is a mistake."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        source_format = data.get("format") or self.instance.format
        if data.get("signing_secret") and source_format not in signatures.SIGNED:
            self.add_error("signing_secret", "This format is not signed; leave it empty.")
        data["signing_secret"] = data.get("signing_secret") or self.instance.signing_secret
        return data


@admin.register(Source)
class SourceAdmin(desk.RegisterAdmin):
    """What sends alerts. A key is made with the source and shown once."""

    form = SourceForm
    fields = ("name", "format", "signing_secret", "category", "impact", "scope", "is_active")
    list_display = ("name", "format", "category", "impact_and_scope", "is_active")
    list_filter = ("format", "is_active")
    list_select_related = ("category",)
    search_fields = ("name",)
    actions_detail = ("renew_key",)

    @admin.display(description="starts at")
    def impact_and_scope(self, source: Source) -> str:
        """As the matrix names them."""
        return f"I{source.impact} · S{source.scope}"

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The defaults of the framework."""
        return {"impact": 2, "scope": 2, **super().get_changeform_initial_data(request)}

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Where there is a secret to give, whoever may give one; nobody sees it."""
        is_signed = obj is None or getattr(obj, "format", "") in signatures.SIGNED
        if is_signed and access.allows(desk.actor(request), Permission.REGISTER_WRITE):
            return self.fields
        return [name for name in self.fields or () if name != "signing_secret"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """A source keeps its format: its stored events are read by it."""
        return ("format",) if obj else ()

    def has_key_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may make a new key."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """A new source gets its key."""
        if change:
            super().save_model(request, obj, form, change)
            return
        key = sources.new_key()
        obj.key_digest = digest(key)
        super().save_model(request, obj, form, change)
        messages.success(request, _shown_once(obj, key))

    @action(description="Make a new key", permissions=["key"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def renew_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that makes a new key."""
        return self.show_dialog(request, RENEW_KEY, object_id)
