"""How long each kind of data is kept, and what would go now: a dry run on a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from incidentdesk.kernel import clocks, retention
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin
from incidentdesk.kernel.dialogs import Action, DeskForm
from incidentdesk.kernel.models import Retention
from incidentdesk.kernel.retention import Kind


def _kind(row: Retention) -> Kind:
    return retention.kinds()[row.key]


class PeriodForm(DeskForm):
    """For how many days."""

    days = forms.IntegerField(label="Days", min_value=1, max_value=Retention.LONGEST)

    def prepare(self) -> None:
        """As it is now, and how short it may be."""
        kind = _kind(self.obj)
        self.fields["days"].initial = self.obj.days
        self.fields["days"].help_text = f"{kind.least} at least. {kind.words}"


def _change(obj: Retention, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    row = retention.change(key=obj.key, days=data["days"], by=by, at=at)
    return f"{_kind(row).label} are kept for {row.days} days from now on."


CHANGE = Action(
    "change",
    "Change the period",
    _change,
    Permission.REGISTER_WRITE,
    PeriodForm,
    intro="What is older goes within six hours, for good. What belongs to an incident under "
    "legal hold stays.",
    submit="Keep for so long",
    is_primary=True,
)


@admin.register(Retention)
class RetentionAdmin(DeskAdmin):
    """One line a kind of data."""

    list_title = "Retention"
    read_permission = Permission.AUDIT_READ
    page_template = "admin/kernel/retention/page.html"
    list_display = ("label", "days", "would_go", "oldest")
    list_display_links = ("label",)
    ordering = ("key",)
    desk_actions: ClassVar = (CHANGE,)

    def visible(self, by: Actor) -> QuerySet[Retention]:
        """Every kind."""
        return Retention.objects.filter(key__in=retention.kinds())

    @admin.display(description="Kind of data", ordering="key")
    def label(self, row: Retention) -> str:
        """Its name, and below it what goes and what stays."""
        kind = _kind(row)
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            kind.label,
            kind.words,
        )

    @admin.display(description="Would go now")
    def would_go(self, row: Retention) -> str:
        """How many, by a dry run."""
        found = row.foreseen = retention.foresee(_kind(row), at=clocks.now())  # type: ignore[attr-defined]
        return f"{found.count:,}" if found.count else "none"

    @admin.display(description="Oldest of these")
    def oldest(self, row: Retention) -> str:
        """From when the oldest of them is."""
        found = row.foreseen  # type: ignore[attr-defined]
        return f"{found.oldest:%-d %b %Y}" if found.oldest else "—"

    def page_context(self, request: HttpRequest, obj: Retention) -> dict[str, Any]:
        """The dry run."""
        kind = _kind(obj)
        return {"foreseen": retention.foresee(kind, at=clocks.now()), "title": kind.label}
