"""Sources on the desk: what sends alerts, what its labels mean, its keys, and how it is going."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import F, ForeignKey, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from cases.admin import trying
from cases.admin.dialogs.source import END_KEY, NEW_KEY, SEND_TEST, shown_once
from cases.admin.page import moments
from cases.admin.page import source as page
from cases.intake import aws, presets, samples, signatures, sources
from cases.models import AxisLevel, Event, LabelMapping, Source, System
from cases.models.alert import digest
from incidentdesk.kernel import access, clocks, desk
from incidentdesk.kernel.access import Permission
from partners.models import Partner

KEYLESS = (Source.Format.DESK, Source.Format.PROMETHEUS)  # nobody sends to these
OF_FORMAT = {  # fields that say something of one format only
    Source.Format.HEARTBEAT: ("period_minutes", "grace_minutes"),
    Source.Format.SNS: ("topics",),
    **dict.fromkeys(signatures.SIGNED, ("signing_secret",)),
}


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where alerts come from, and what is assumed of them until somebody evaluates."""

    impact = forms.TypedChoiceField(coerce=int, widget=UnfoldAdminSelectWidget)
    scope = forms.TypedChoiceField(
        coerce=int,
        widget=UnfoldAdminSelectWidget,
        help_text="Impact and scope are assumed until somebody evaluates the incident.",
    )
    tool = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *((key, one.name) for key, one in presets.PRESETS.items())],
        widget=UnfoldAdminSelectWidget,
        help_text="What sends plain JSON: it brings its expressions, and what to write into it.",
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
        fields = (
            "name",
            "format",
            "signing_secret",
            "category",
            "impact",
            "scope",
            "period_minutes",
            "grace_minutes",
            "topics",
            "is_active",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "format": "The key is made when you save, and shown once.",
            "category": "What its alerts are about, if that is always the same.",
            "period_minutes": "How far apart two beats are.",
            "grace_minutes": "How late one may be, and how long a run that began may take.",
            "topics": "The ARN of each topic whose messages are taken, one a line.",
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
        """A secret that nobody would sign with is a mistake, and so is a tool of another format."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        source_format = data.get("format") or self.instance.format
        if data.get("signing_secret") and source_format not in signatures.SIGNED:
            self.add_error("signing_secret", "This format is not signed; leave it empty.")
        if data.get("tool") and source_format != Source.Format.JSON:
            self.add_error("tool", "These tools send plain JSON; choose that format, or no tool.")
        if wrong := aws.wrong_topic(data.get("topics", "")):
            self.add_error("topics", f"“{wrong[:80]}” is no ARN of a topic; one stands in a line.")
        data["signing_secret"] = data.get("signing_secret") or self.instance.signing_secret
        return data


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row; it has to mean something."""

    class Meta:
        model = LabelMapping
        fields = ("label", "pattern", "system", "partner", "urgency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pattern = self.fields["pattern"]
        pattern.help_text = ""  # a table shows none below a field
        pattern.widget.attrs["placeholder"] = "the whole value; * and ? stand for anything"

    def clean(self) -> dict[str, Any]:
        """A row that means nothing is a mistake."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(data.get(name) for name in ("system", "partner", "urgency")):
            raise forms.ValidationError(
                "Say what it means: a system, a partner or a severity hint."
            )
        return data


class MappingInline(TabularInline):  # type: ignore[misc]
    """What the labels of the source's alerts mean. Whoever keeps registers keeps them."""

    model = LabelMapping
    form = MappingForm
    extra = 0
    hide_title = True
    verbose_name = "label mapping"
    verbose_name_plural = "label mappings"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever reads the source."""
        return access.allows(desk.actor(request), Permission.INCIDENT_READ)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing points at a mapping: it may go."""
        return self.has_add_permission(request, obj)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Systems and partners that are in use."""
        rows: Any = {"system": System, "partner": Partner}.get(db_field.name)
        if rows is not None:
            kwargs["queryset"] = rows.objects.filter(is_active=True).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]


@admin.register(Source)
class SourceAdmin(desk.RegisterAdmin):
    """What sends alerts. A key is made with the source and shown once."""

    form = SourceForm
    inlines = (MappingInline,)
    list_display = ("name", "format", "category", "impact_and_scope", "last_seen", "is_active")
    list_filter = ("format", "is_active")
    list_select_related = ("category",)
    search_fields = ("name",)
    actions_detail = ("renew_key", "end_key", "send_test", "try_out")
    change_form_outer_after_template = "admin/cases/source/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        """With the time of the newest event or beat of each, in the same query."""
        found: QuerySet[Source] = super().get_queryset(request)
        events = Event.objects.filter(source=OuterRef("pk")).exclude(outcome=Event.Outcome.TEST)
        newest = Subquery(events.order_by("-id").values("received_at")[:1])
        return found.annotate(newest_at=Greatest(newest, F("heartbeat__last_at")))

    @admin.display(description="starts at")
    def impact_and_scope(self, source: Source) -> str:
        """As the matrix names them."""
        return f"I{source.impact} · S{source.scope}"

    @admin.display(description="last seen", ordering="newest_at", empty_value="never")
    def last_seen(self, source: Any) -> str | None:
        """When something came last."""
        return moments.short(source.newest_at, clocks.now()) if source.newest_at else None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The defaults of the framework."""
        return {"impact": 2, "scope": 2, **super().get_changeform_initial_data(request)}

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What its format asks for. Whoever may give a secret is asked for it; nobody sees it."""
        starts = ("category", "impact", "scope")
        if obj is None:
            return ("name", "format", "tool", "signing_secret", *starts, "is_active")
        own = OF_FORMAT.get(getattr(obj, "format", ""), ())
        if not access.allows(desk.actor(request), Permission.REGISTER_WRITE):
            own = tuple(name for name in own if name != "signing_secret")
        return ("name", "format", *own, *starts, "is_active")

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> Any:
        """A source is made first; then one says what its labels mean."""
        return self.inlines if obj is not None else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """A source keeps its format: its stored events are read by it."""
        return ("format",) if obj else ()

    def has_key_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may make a new key, of a source to which something is sent."""
        rows = Source.objects.filter(pk=object_id).exclude(format__in=KEYLESS)
        return self._may_write(request) and (object_id is None or rows.exists())

    def has_alerts_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may try out a source that sends alerts."""
        rows = Source.objects.filter(pk=object_id, format__in=samples.OF_ALERTS)
        return self._may_write(request) and (object_id is None or rows.exists())

    def _may_write(self, request: HttpRequest) -> bool:
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def has_former_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """The same, while there is a former key to end."""
        rows = Source.objects.filter(pk=object_id, former_key_until__gt=clocks.now())
        return self._may_write(request) and rows.exists()

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """A new source gets its key."""
        if change:
            super().save_model(request, obj, form, change)
            return
        key = sources.new_key()
        obj.key_digest = digest(key)
        sources.prepare(obj, form.cleaned_data["tool"])
        super().save_model(request, obj, form, change)
        messages.success(request, shown_once(obj, key))

    def response_add(
        self, request: HttpRequest, obj: Source, post_url_continue: str | None = None
    ) -> HttpResponse:
        """To its page, where the rest is said, unless another is to be made."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)  # type: ignore[no-any-return]
        return redirect(reverse("admin:cases_source_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's form or, for who only reads, its values; below it how the source is going."""
        is_number = object_id.isdecimal() and len(object_id) < 19
        found = Source.objects.filter(pk=object_id).first() if is_number else None
        below = page.below(found, desk.actor(request), clocks.now()) if found else {}
        more = {**below, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)  # type: ignore[no-any-return]

    def get_urls(self) -> list[URLPattern]:
        """The page on which one tries things out before the admin's own addresses."""
        wrap = self.admin_site.admin_view
        tried = path("<int:object_id>/try/", wrap(self.trial), name="cases_source_try")
        return [tried, *super().get_urls()]

    def trial(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The page on which one tries things out."""
        source = self.get_object(request, str(object_id))
        if source is not None and source.format not in samples.OF_ALERTS:
            raise Http404
        return trying.page(request, source, self.admin_site.each_context(request))

    @action(description="New key", permissions=["key"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def renew_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that makes a new key."""
        return self.show_dialog(request, NEW_KEY, object_id)

    @action(description="End the former key", permissions=["former"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def end_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that ends the former key."""
        return self.show_dialog(request, END_KEY, object_id)

    @action(description="Send a test alert", permissions=["alerts"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that sends a test."""
        return self.show_dialog(request, SEND_TEST, object_id)

    @action(description="Try it out", permissions=["alerts"])  # type: ignore[untyped-decorator]
    def try_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page on which one tries things out."""
        return redirect(reverse("admin:cases_source_try", args=[object_id]))
