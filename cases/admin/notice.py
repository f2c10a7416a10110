"""Notices on the desk: those that wait for approval first, and one notice with its copies."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html

from cases import accuracy, approving, queries
from cases.admin.dialogs import drafting
from cases.admin.dialogs import notice as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments, notice_preview
from cases.models import Notice
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, note_reading

GOES_ON = {dialogs.APPROVE.name, dialogs.SEND.name, dialogs.SEND_ALONE.name}
COLOURS = {"draft": "warn", "sent": "ok", "withdrawn": "mute"}


def _flags(notice: Notice) -> list[str]:
    """What in a draft differs from the record, for who wrote it as for who approves it."""
    return accuracy.of(notice) if notice.state == Notice.State.DRAFT else []


class StateFilter(ChoiceFilter):
    """Those that wait for approval, unless another state or all are asked for."""

    title = "state"
    parameter_name = "state"
    first = "Waits for approval"
    looked_at = "only those that wait for approval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The other states, and all."""
        others = [(k, str(v).capitalize()) for k, v in Notice.State.choices if k != "draft"]
        return [*others, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        """Those in the state."""
        value = self.value() or Notice.State.DRAFT
        return queryset if value == "all" else queryset.filter(state=value)


@admin.register(Notice)
class NoticeAdmin(DeskAdmin):
    """The text, its audience, who stands behind it, and what became of each copy."""

    page_template = "admin/cases/notice/page.html"
    list_display = ("name", "state_label", "audience", "drafted", "approver")
    list_display_links = ("name",)
    list_filter = (StateFilter, "kind")
    search_fields = ("incident__reference", "incident__title", "body")
    search_help_text = "Incident or text"
    desk_actions: ClassVar = (
        dialogs.APPROVE,
        dialogs.SEND,
        drafting.EDIT,
        dialogs.SEND_ALONE,
        dialogs.WITHDRAW,
    )

    def visible(self, by: Actor) -> QuerySet[Notice]:
        """The notices that this person may read."""
        return (
            queries.notices_visible_to(by)
            .select_related("incident", "drafted_by", "approved_by", "sent_by", "replaces")
            .annotate(copies_count=Count("copies"))
        )

    def page_context(self, request: HttpRequest, obj: Notice) -> dict[str, Any]:
        """The copies, and the notice that took this one's place."""
        now = clocks.now()
        rows = obj.copies.select_related("partner", "involvement").order_by("partner__name")
        copies, texts = list(rows), dict[str, list[str]]()
        for copy in copies:
            texts.setdefault(copy.body, []).append(copy.partner.name)
        return {
            **self._standing(request, obj),
            "texts": texts,
            "object": obj,
            "notice": obj,
            "copies": [
                {
                    "copy": copy,
                    "sent": moments.short(copy.sent_at, now) if copy.sent_at else "",
                    "read": moments.short(copy.acknowledged_at, now)
                    if copy.acknowledged_at
                    else "",
                }
                for copy in copies
            ],
            "replaced_by": obj.replaced_by.first(),
            "colour": COLOURS.get(obj.state, ""),
        }

    def _standing(self, request: HttpRequest, notice: Notice) -> dict[str, Any]:
        """What is to be looked at, why it cannot go on as it is, and the buttons that are left."""
        why = approving.stuck(notice)
        buttons = self.buttons(request, notice).items()
        return {
            "flags": _flags(notice),
            "stuck": why,
            "is_stale": bool(why) and notice.state == Notice.State.APPROVED,
            "buttons": {name: one for name, one in buttons if not (why and name in GOES_ON)},
        }

    def get_urls(self) -> list[URLPattern]:
        """The page that shows what each partner will see."""
        wrap = self.admin_site.admin_view
        seen = path("<int:object_id>/preview/", wrap(self.preview), name="cases_notice_preview")
        return [seen, *super().get_urls()]

    def preview(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The mail and the portal of each partner, by what writes them."""
        notice = self.get_object(request, str(object_id))
        if notice is None or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, notice)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "obj": notice,
            "title": f"Preview: {notice}",
            "notice": notice,
            **self._standing(request, notice),
            "views": notice_preview.of(notice, now=clocks.now()),
            "colour": COLOURS.get(notice.state, ""),
        }
        return TemplateResponse(request, "admin/cases/notice/preview.html", context)

    @admin.display(description="Notice")
    def name(self, notice: Notice) -> str:
        """Its incident, and what kind it is."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{} · {}</small></span>',
            notice.incident.heading,
            notice.incident.reference,
            notice.get_kind_display(),
        )

    @admin.display(description="State", ordering="state")
    def state_label(self, notice: Notice) -> str:
        """In words, coloured."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            COLOURS.get(notice.state, ""),
            notice.get_state_display(),
        )

    @admin.display(description="Partners")
    def audience(self, notice: Notice) -> int:
        """How many partners it is for."""
        return int(getattr(notice, "copies_count", 0))

    @admin.display(description="Drafted", ordering="drafted_at")
    def drafted(self, notice: Notice) -> str:
        """When and by whom."""
        return f"{moments.short(notice.drafted_at, clocks.now())} by {notice.drafted_by}"

    @admin.display(description="Approved by")
    def approver(self, notice: Notice) -> str:
        """The second person."""
        return str(notice.approved_by or "—")
