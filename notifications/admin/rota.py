"""Rotas on the desk: who is on call in the coming weeks, and the buttons that change it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from incidentdesk.kernel import access, clocks, desk
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin
from notifications.admin import rota_dialogs, rota_keeping, rota_page
from notifications.models import Rota


@admin.register(Rota)
class RotaAdmin(DeskAdmin):
    """One line a rota; its page is the calendar of the next four weeks."""

    list_title = "On call"
    page_template = "admin/notifications/rota.html"
    list_display = ("name", "zone", "owner", "is_active")
    search_fields = ("name",)
    list_filter = ("is_active",)
    ordering = ("name",)
    list_actions = (rota_keeping.ADD,)
    desk_actions: ClassVar = (
        *rota_dialogs.ON_PAGE,
        *rota_keeping.MORE,
        *rota_dialogs.BELOW,
        rota_keeping.CANCEL,
    )

    def visible(self, by: Actor) -> QuerySet[Rota]:
        """All of them, for whoever works at the desk."""
        rows = Rota.objects.select_related("owner", "holidays")
        return rows if access.allows(by, Permission.INCIDENT_READ) else rows.none()

    def page_context(self, request: HttpRequest, obj: Rota) -> dict[str, Any]:
        """Four weeks, from this one or from the one that is asked for."""
        who = desk.actor(request)
        found = rota_page.context(obj, request.GET.get("from", ""), who, at=clocks.now())
        buttons = self.buttons(request, obj)
        return {
            **found,
            "first_buttons": [buttons[a.name] for a in rota_dialogs.ON_PAGE if a.name in buttons],
            "more_buttons": [buttons[a.name] for a in rota_keeping.MORE if a.name in buttons],
            "may_keep": access.allows(who, Permission.REGISTER_WRITE),
            "title": obj.name,
            "take_over_url": self.action_url(obj, rota_dialogs.TAKE_OVER.name),
            "answer_url": self.action_url(obj, rota_dialogs.ANSWER.name),
            "cancel_url": self.action_url(obj, rota_keeping.CANCEL.name),
            "take_back_url": self.action_url(obj, rota_dialogs.TAKE_BACK.name),
        }
