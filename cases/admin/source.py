"""Sources on the desk: what sends alerts, what its labels mean, its keys, and how it is going."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.decorators import action

from cases.admin import trying
from cases.admin.dialogs.source import END_KEY, NEW_KEY, SEND_TEST, shown_once
from cases.admin.page import moments
from cases.admin.page import source as page
from cases.admin.source_forms import MappingInline, SourceForm
from cases.intake import samples, signatures, sources
from cases.models import Event, Source
from incidentdesk.kernel import access, clocks, desk
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.shown_once import digest

KEYLESS = (Source.Format.DESK, Source.Format.PROMETHEUS)  # nobody sends to these
OF_FORMAT = {  # fields that say something of one format only
    Source.Format.HEARTBEAT: ("period_minutes", "grace_minutes"),
    Source.Format.SNS: ("topics",),
    **dict.fromkeys(signatures.SIGNED, ("signing_secret",)),
}


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
        return self._may(request, object_id, ~Q(format__in=KEYLESS))

    def has_alerts_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may try out a source that sends alerts."""
        return self._may(request, object_id, Q(format__in=samples.OF_ALERTS))

    def has_former_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may end a former key, while there is one."""
        return self._may(request, object_id, Q(former_key_until__gt=clocks.now()))

    def _may(self, request: HttpRequest, object_id: Any, where: Q) -> bool:
        if not access.allows(desk.actor(request), Permission.REGISTER_WRITE):
            return False
        return object_id is None or _numbered(object_id).filter(where).exists()

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
        found = _numbered(object_id).first()
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


def _numbered(object_id: Any) -> QuerySet[Source]:
    """The source of this number; none where it is no number."""
    number = str(object_id)
    is_number = number.isdecimal() and number.isascii() and len(number) < 19
    return Source.objects.filter(pk=number) if is_number else Source.objects.none()
