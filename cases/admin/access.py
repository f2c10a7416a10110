"""Access events and access rules on the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases import queries
from cases.access import rules, shown
from cases.admin.dialogs import access as dialogs
from cases.admin.filters import ChoiceFilter
from cases.models import AccessEvent, AccessFinding, AccessRule
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, actor

COLOURS = {"success": "ok", "failure": "warn", "barred": "bad"}
WORDS = {"success": "succeeded", "failure": "failed", "barred": "barred"}
FOUND = 10  # alerts of a rule that its page lists


class IncidentFilter(ChoiceFilter):
    """Those on which one incident rests; offered while it is asked for."""

    title = "incident"
    parameter_name = "incident"
    first = "Any or none"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one that was asked for."""
        asked = request.GET.get("incident", "")
        return [(asked, "This one")] if asked.isdecimal() and len(asked) < 18 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those attached to it, as far as this reader may know of it."""
        if not self.value():
            return queryset
        alerts = queries.alerts_visible_to(actor(request)).filter(incident=int(self.value() or 0))
        found = AccessFinding.objects.filter(alert__in=alerts.values("pk"))
        return queryset.filter(pk__in=found.values("event"))


@admin.register(AccessEvent)
class AccessEventAdmin(DeskAdmin):
    """Newest first, as they arrived."""

    page_template = "admin/cases/accessevent/page.html"
    list_title = "Access events"
    list_display = ("received", "happened", "who", "action", "outcome_label", "place", "source")
    list_display_links = ("received",)
    list_filter = (IncidentFilter, "source", "outcome", "is_privileged")
    sortable_by = ()

    def visible(self, by: Actor) -> QuerySet[AccessEvent]:
        """The events that this person may read."""
        return shown.visible_to(by).select_related("source")

    def page_context(self, request: HttpRequest, obj: AccessEvent) -> dict[str, Any]:
        """What else it tells, and where it belongs."""
        alerts = queries.alerts_visible_to(actor(request)).values("pk")
        found = obj.findings.filter(alert__in=alerts).select_related("rule", "alert__incident")
        may_audit = access.allows(actor(request), Permission.AUDIT_READ)
        return {
            "object": obj,
            "event": obj,
            "colour": COLOURS[obj.outcome],
            "details": sorted(obj.detail.items()),
            "findings": found,
            "audit_id": obj.audit_id if may_audit else None,
        }

    @admin.display(description="Received", ordering="id")
    def received(self, event: AccessEvent) -> str:
        """When the desk had it."""
        return _moment(event.received_at)

    @admin.display(description="Happened")
    def happened(self, event: AccessEvent) -> str:
        """When it was, as the log says."""
        return _moment(event.at)

    @admin.display(description="Who")
    def who(self, event: AccessEvent) -> str:
        """The account or key."""
        return event.actor or "—"

    @admin.display(description="From")
    def place(self, event: AccessEvent) -> str:
        """The address."""
        return event.address or "—"

    @admin.display(description="Outcome")
    def outcome_label(self, event: AccessEvent) -> SafeString:
        """In a word, coloured."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            COLOURS[event.outcome],
            WORDS[event.outcome],
        )


@admin.register(AccessRule)
class AccessRuleAdmin(DeskAdmin):
    """One page a rule: what it watches for, what it would have found, what it did find."""

    page_template = "admin/cases/accessrule/page.html"
    list_title = "Access rules"
    list_display = ("name_and_words", "state", "category", "urgency")
    list_display_links = ("name_and_words",)
    list_filter = ("is_on",)
    ordering = ("id",)
    sortable_by = ()
    desk_actions: ClassVar = dialogs.ALL

    def visible(self, by: Actor) -> QuerySet[AccessRule]:
        """Whoever reads incidents may read what opens them."""
        found = AccessRule.objects.select_related("category")
        return found if access.allows(by, Permission.INCIDENT_READ) else found.none()

    def page_context(self, request: HttpRequest, obj: AccessRule) -> dict[str, Any]:
        """Its words, its trial, and its newest alerts."""
        alerts = queries.alerts_visible_to(actor(request))
        own = alerts.filter(pk__in=obj.findings.values("alert"))
        return {
            "object": obj,
            "rule": obj,
            "words": rules.explain(obj),
            **dialogs.trial(obj, by=actor(request)),
            "alerts": own.select_related("incident").order_by("-id")[:FOUND],
        }

    @admin.display(description="Rule")
    def name_and_words(self, rule: AccessRule) -> SafeString:
        """Its name, and what it watches for below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            rule.name,
            rules.explain(rule),
        )

    @admin.display(description="State")
    def state(self, rule: AccessRule) -> SafeString:
        """On or off."""
        colour, words = ("ok", "on") if rule.is_on else ("mute", "off")
        return format_html('<span class="desk"><span class="{}">{}</span></span>', colour, words)


def _moment(at: datetime) -> str:
    return f"{at:%-d %b %Y %H:%M:%S}"
