"""The message log: who was told what, when, and what the other side answered. Reads only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin
from notifications import acknowledgement, queries
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
    page_template = "admin/notifications/message.html"
    list_display = ("created_at", "subject", "to_address", "kind", "state_label", "attempts")
    list_display_links: ClassVar[Any] = ("subject",)
    list_filter = ("state", "kind", "is_page")
    search_fields = ("to_address", "subject")
    ordering = ("-id",)

    def visible(self, by: Actor) -> QuerySet[Message]:
        """The messages about what this person may read, for those who may read the log."""
        return queries.messages_visible_to(by)

    @display(description="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, message: Message) -> tuple[str, str]:
        """The state in words, coloured."""
        return message.state, message.get_state_display()

    def page_context(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        """The message, its text without the way to acknowledge in another's name, and its log."""
        text = acknowledgement.without_token(obj.body_text)
        return {"message_row": obj, "text": text, "events": obj.events.order_by("id")}
