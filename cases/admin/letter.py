"""Mail that came in, on the desk: first what waits for a person, and the two answers to it.

A mail is shown as plain text; nothing of it is a page, a link or a picture.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases import correspondence
from cases.admin.dialogs import letter as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.models import Letter
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin

Outcome = Letter.Outcome
COLOURS: dict[str, str] = {
    Outcome.QUARANTINED: "warn",
    **dict.fromkeys(
        (Outcome.REPORT, Outcome.THREAD, Outcome.ANSWER, Outcome.INTERNAL, Outcome.ACCEPTED), "ok"
    ),
}


class OutcomeFilter(ChoiceFilter):
    """Those in quarantine, unless what became of others or all are asked for."""

    title = "what became of it"
    parameter_name = "outcome"
    first = "Waits to be looked at"
    looked_at = "only those that wait to be looked at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The other outcomes, and all."""
        others = [(k, str(v).capitalize()) for k, v in Outcome.choices if k != "quarantined"]
        return [*others, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Letter]) -> QuerySet[Letter]:
        """Those with it."""
        value = self.value() or Outcome.QUARANTINED
        return queryset if value == "all" else queryset.filter(outcome=value)


@admin.register(Letter)
class LetterAdmin(DeskAdmin):
    """One mail: what it says, how sure its sender is, and what became of it."""

    list_title = "Quarantined mail"
    page_template = "admin/cases/letter/page.html"
    list_display = ("name", "from_whom", "outcome_label", "received")
    list_display_links = ("name",)
    list_filter = (OutcomeFilter,)
    search_fields = ("subject", "sender")
    search_help_text = "Subject or sender"
    desk_actions: ClassVar = (dialogs.DISMISS, dialogs.ACCEPT)

    def visible(self, by: Actor) -> QuerySet[Letter]:
        """The mails that this person may read."""
        return correspondence.letters_visible_to(by).select_related(
            "partner", "report", "request", "incident", "handled_by"
        )

    def page_context(self, request: HttpRequest, obj: Letter) -> dict[str, Any]:
        """What was found out, in words."""
        now = clocks.now()
        return {
            "letter": obj,
            "colour": COLOURS.get(obj.outcome, ""),
            "received": moments.short(obj.received_at, now),
            "handled": moments.short(obj.handled_at, now) if obj.handled_at else "",
            "checks": (
                ("SPF", _found(obj.spf, obj.spf_domain)),
                ("DKIM", _found(obj.dkim, obj.dkim_domain)),
            ),
            "files": obj.files.splitlines(),
            "sent_to": obj.sent_to.splitlines(),
        }

    @admin.display(description="Mail")
    def name(self, letter: Letter) -> str:
        """Its subject, with why it stands here below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            letter,
            letter.why,
        )

    @admin.display(description="From", ordering="sender")
    def from_whom(self, letter: Letter) -> str:
        """The address that stands above it."""
        return letter.sender or "no one address"

    @admin.display(description="What became of it", ordering="outcome")
    def outcome_label(self, letter: Letter) -> str:
        """In words, coloured."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            COLOURS.get(letter.outcome, ""),
            letter.get_outcome_display(),
        )

    @admin.display(description="Received", ordering="received_at")
    def received(self, letter: Letter) -> str:
        """When."""
        return moments.short(letter.received_at, clocks.now())


def _found(result: str, domain: str) -> str:
    if not result:
        return "not asked"
    return f"{result} ({domain})" if domain else result
