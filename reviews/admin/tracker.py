"""The issue tracker on the desk: its address, whether it is told, and how that goes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, actor
from reviews import tracking
from reviews.admin.dialogs import tracker as dialogs
from reviews.models import Tracker

SHOWN = 30  # messages


@admin.register(Tracker)
class TrackerAdmin(DeskAdmin):
    """One is on at a time; those before keep their rows."""

    read_permission: ClassVar[Permission] = Permission.REGISTER_WRITE
    list_title = "Issue tracker"
    page_template = "admin/reviews/tracker/page.html"
    list_display = ("name", "url", "told")
    list_display_links = ("name",)
    list_actions: ClassVar = (dialogs.CONNECT,)
    desk_actions: ClassVar = (dialogs.RENEW, dialogs.OFF, dialogs.ON)

    def visible(self, by: Actor) -> QuerySet[Tracker]:
        """Whoever keeps registers."""
        found = Tracker.objects.select_related("added_by")
        return found if access.allows(by, self.read_permission) else found.none()

    def page_context(self, request: HttpRequest, obj: Tracker) -> dict[str, Any]:
        """The tracker, and what was sent last."""
        sent = tracking.sent_to(obj, actor(request))
        return {"tracker": obj, "sent": list(sent[:SHOWN])}

    @admin.display(description="State", ordering="off_since")
    def told(self, tracker: Tracker) -> str:
        """Whether it is told."""
        return "on" if tracker.is_on else f"off since {tracker.off_since:%-d %b %Y}"
