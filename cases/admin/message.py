"""The message log: who was told what by which way, what the other side answered each time, and a
button that has one sent again. The post office knows no incidents, so its log stands here."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from cases import resending
from cases.admin.dialogs.resend import RESEND
from cases.admin.found import FoundList
from cases.admin.message_filters import FILTERS
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, actor
from notifications import acknowledgement
from notifications.models import Message

COLOURS = {
    **dict.fromkeys(("sent", "delivered"), "success"),
    **dict.fromkeys(("failed", "bounced"), "danger"),
    "queued": "warning",
    "sending": "info",
}


@admin.register(Message)
class MessageAdmin(DeskAdmin):
    """One line a message; its page shows the text and every try."""

    list_title = "Message log"
    read_permission = Permission.AUDIT_READ
    page_template = "admin/cases/message/page.html"
    change_list_template = "admin/cases/message/list.html"
    list_display = ("created_at", "subject", "whom", "kind", "state_label", "attempts")
    list_display_links: ClassVar[Any] = ("subject",)
    list_filter = FILTERS
    search_fields = ("to_address", "subject")
    ordering = ("-id",)
    sortable_by = ()  # what an index answers: the newest first
    desk_actions = (RESEND,)

    def visible(self, by: Actor) -> QuerySet[Message]:
        """The messages about what this person may read, for those who may read the log."""
        found = resending.visible_to(by).select_related("repeats")
        return found if access.allows(by, self.read_permission) else found.none()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FoundList]:
        """Below one form."""
        return FoundList

    @display(description="to")  # type: ignore[untyped-decorator]
    def whom(self, message: Message) -> str:
        """The person, and where it went."""
        if message.to_user is None or message.to_user.email == message.to_address:
            return message.to_address
        return f"{message.to_user}, {message.to_address}"

    @display(description="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, message: Message) -> tuple[str, str]:
        """The state in words, coloured."""
        return message.state, message.get_state_display()

    def page_context(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        """The message, its text without what lets one act in another's name, and its log."""
        return {
            "message_row": obj,
            "incident": resending.incident_of(obj, actor(request)),
            "text": acknowledgement.without_secrets(obj),
            "events": obj.events.order_by("id"),
            "repeated_by": obj.repeated_by.order_by("id"),
        }
