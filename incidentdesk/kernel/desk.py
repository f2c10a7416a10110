"""The desk: the admin site, and the two kinds of page that stand on it.

DeskAdmin shows case objects: no add, change or delete form, buttons open dialogs and call use
cases. RegisterAdmin is an ordinary admin page of a register, audited. The site shows nothing that
is not one of the two, whatever other packages register.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast
from urllib.parse import quote

from django.conf import settings
from django.contrib.admin import ShowFacets
from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from incidentdesk.kernel import access, audit, clocks, dialogs, ids, keyset
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action
from incidentdesk.kernel.history_page import HistoryPage
from incidentdesk.kernel.reader import actor, note_reading
from incidentdesk.kernel.saving import SavesOnce

__all__ = ["DeskAdmin", "DeskSite", "RegisterAdmin", "actor", "note_reading"]


class DeskSite(UnfoldAdminSite):  # type: ignore[misc]
    """The desk. A role lets one in; being a superuser does not."""

    site_title = index_title = "Incident desk"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Place a page on the desk; what other packages register by themselves stays out."""
        if admin_class is not None and issubclass(admin_class, (DeskAdmin, RegisterAdmin)):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active, and with at least one role."""
        return bool(request.user.is_active and getattr(request.user, "roles", None))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The desk has no login of its own; a partner's contact is sent to the portal."""
        if request.user.is_authenticated:
            return redirect("/admin/" if self.has_permission(request) else "/portal/")
        after = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{settings.LOGIN_URL}?next={quote(after)}")


class _Permissions(HistoryPage):
    """Maps the admin's questions to the kernel's permissions."""

    read_permission: ClassVar[Permission] = Permission.INCIDENT_READ
    write_permission: ClassVar[Permission | None] = None
    list_title: ClassVar[str] = ""  # what the list is called, where its model's name is not it

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """What an address may filter by: the page's own filters, and never any other column.

        Without this a reader could find out a column that no page shows, letter by letter.
        """
        offered: Any = self.get_list_filter(request)  # type: ignore[attr-defined]
        names = [entry[0] if isinstance(entry, tuple) else entry for entry in offered]
        names = [getattr(name, "parameter_name", name) for name in names]
        ends = ("", "__exact", "__id__exact", "__isnull")
        return lookup in {f"{name}{end}" for name in names for end in ends}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; an address that no database can read is refused."""
        if any("\0" in value for _, values in request.GET.lists() for value in values):
            raise SuspiciousOperation("An address holds a NUL.")
        plural = self.opts.verbose_name_plural  # type: ignore[attr-defined]
        context = {"title": self.list_title or capfirst(plural), **(extra_context or {})}
        shown = super().changelist_view(request, context)  # type: ignore[misc]
        return cast(HttpResponse, shown)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the model is listed at all."""
        return access.allows(actor(request), self.read_permission)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether its rows may be read."""
        return access.allows(actor(request), self.read_permission)

    def _may_write(self, request: HttpRequest) -> bool:
        permission = self.write_permission
        return permission is not None and access.allows(actor(request), permission)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be added through a form."""
        return self._may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be changed through a form."""
        return self._may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are switched off, not deleted."""
        return False


class DeskAdmin(_Permissions, ModelAdmin):  # type: ignore[misc]
    """A case object: a list, a page, and buttons. Subclasses say what may be seen and done."""

    page_template = "admin/desk/page.html"
    change_list_template = "admin/desk/change_list.html"
    empty_words = "Nothing here."
    desk_actions: ClassVar[Sequence[Action]] = ()  # buttons on one object
    list_actions: ClassVar[Sequence[Action]] = ()  # buttons on the list
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count a choice would be a query a choice
    list_per_page = 25
    list_disable_select_all = True
    actions: ClassVar[Any] = None

    def visible(self, by: Actor) -> QuerySet[Any]:
        """The rows that this actor may read; a row that is not there is a 404."""
        raise NotImplementedError

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the object's page shows besides its buttons."""
        return {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[keyset.KeysetList]:
        """Pages that begin at a row."""
        return keyset.KeysetList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What this person may read."""
        return self.visible(actor(request))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row, if it may be read."""
        if ids.of(object_id) is None:
            return None
        return self.get_queryset(request).filter(pk=object_id).first()

    def get_urls(self) -> list[URLPattern]:
        """The dialogs' addresses before the admin's own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("do/<slug:action>/", wrap(self.list_dialog), name=f"{name}_list_do"),
            path("<int:object_id>/do/<slug:action>/", wrap(self.dialog), name=f"{name}_do"),
            *super().get_urls(),
        ]

    def page_url(self, obj: Model) -> str:
        """The object's page."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def action_url(self, obj: Model, name: str) -> str:
        """The address of one of its dialogs."""
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_do", args=[obj.pk, name]
        )

    def buttons(self, request: HttpRequest, obj: Any) -> dict[str, dict[str, Any]]:
        """The object's buttons that this actor sees: name → action and address."""
        who = actor(request)
        return {
            action.name: {"action": action, "url": self.action_url(obj, action.name)}
            for action in self.desk_actions
            if action.shown(obj, who)
        }

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The object's page. An auditor's reading is recorded."""
        obj = self.get_object(request, object_id)
        if obj is None or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, obj)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "obj": obj,
            "title": str(obj),
            "buttons": self.buttons(request, obj),
            "history_url": self.history_url(obj),
            **self.page_context(request, obj),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.page_template, context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list with its own buttons."""
        who = actor(request)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_list_do"
        note_reading(request, self.model(), request.get_full_path())
        shown = [a for a in self.list_actions if a.shown(None, who)]
        buttons = [{"action": a, "url": reverse(name, args=[a.name])} for a in shown]
        context = {"list_buttons": buttons, **(extra_context or {})}
        return super().changelist_view(request, context)

    def dialog(self, request: HttpRequest, object_id: int, action: str) -> HttpResponse:
        """One of the object's dialogs."""
        obj = self.get_object(request, str(object_id))
        if obj is None:
            raise Http404
        return self._dialog(request, self.desk_actions, action, obj, back=self.page_url(obj))

    def list_dialog(self, request: HttpRequest, action: str) -> HttpResponse:
        """One of the list's dialogs; it goes back to the list as it was filtered."""
        list_url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        back = dialogs.as_filtered(request, list_url)
        return self._dialog(request, self.list_actions, action, None, back=back)

    def _dialog(
        self, request: HttpRequest, actions: Sequence[Action], name: str, obj: Any, *, back: str
    ) -> HttpResponse:
        who = actor(request)
        found = next((a for a in actions if a.name == name), None)
        if found is None or not access.allows(who, self.read_permission):
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return dialogs.respond(request, found, obj, actor=who, context=context, back=back)


class RegisterAdmin(SavesOnce, _Permissions, ModelAdmin):  # type: ignore[misc]
    """A register: an ordinary admin page whose changes go to the audit trail."""

    write_permission: ClassVar[Permission | None] = Permission.REGISTER_WRITE
    list_disable_select_all = True
    actions = None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The row's page. An auditor's reading is recorded."""
        obj = kwargs.get("obj")
        if obj is not None:
            note_reading(request, obj)
            context["show_history"] = bool(self.history_url(obj))
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    def show_dialog(self, request: HttpRequest, shown: Action, object_id: str) -> HttpResponse:
        """One of a row's dialogs, for what is more than filling in a form."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return dialogs.respond(
            request,
            shown,
            obj,
            actor=actor(request),
            context={**self.admin_site.each_context(request), "opts": self.opts},
            back=reverse(name, args=[obj.pk]),
        )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """To the audit trail, and only there."""
        self._record(request, "added", obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """To the audit trail, and only there."""
        self._record(request, "changed", obj, message)

    def _record(self, request: HttpRequest, verb: str, obj: Any, message: Any) -> None:
        audit.record(
            by=actor(request),
            at=clocks.now(),
            action=f"{verb} {self.opts.verbose_name}",
            about=f"{self.opts.model_name}:{obj.pk}",
            name=str(obj),
            changes=message if isinstance(message, list) else str(message),
        )
