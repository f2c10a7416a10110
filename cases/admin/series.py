"""Series on the desk: what is watched, what it was expected to be, and what was wrong with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases.admin.dialogs import series as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import chart, moments
from cases.anomalies import reading, telling, watches
from cases.models import Anomaly, Series, SeriesState
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor

SPANS = {"6h": timedelta(hours=6), "1d": timedelta(days=1), "14d": timedelta(days=14)}
WORDS = {"6h": "6 hours", "1d": "1 day", "14d": "14 days"}
ANOMALIES = 30  # on a page


class StandingFilter(ChoiceFilter):
    """All, or those in one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states."""
        return [("open", "An anomaly is open"), ("on", "Watched"), ("off", "Not watched yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Series]) -> QuerySet[Series]:
        """Those in the state."""
        if self.value() == "open":
            unended = Anomaly.objects.filter(series=OuterRef("pk"), ended_at=None)
            return queryset.filter(Exists(unended))
        if self.value() in ("on", "off"):
            return queryset.filter(is_on=self.value() == "on")
        return queryset


@admin.register(Series)
class SeriesAdmin(DeskAdmin):
    """By name; whoever sends a figure makes its series, switched off."""

    list_title = "Series"
    page_template = "admin/cases/series/page.html"
    list_display = ("named", "last", "standing", "kind_words", "source")
    list_display_links = ("named",)
    list_filter = (StandingFilter, "kind", "source")
    search_fields = ("name",)
    search_help_text = "Metric or label"
    ordering = ("name", "id")
    desk_actions: ClassVar = (*dialogs.OF_THE_SERIES, *dialogs.OF_AN_ANOMALY)

    def visible(self, by: Actor) -> QuerySet[Series]:
        """The series that this person may read."""
        found = reading.with_standing(reading.visible_to(by))
        return found.select_related("source", "hours", "system", "partner", "switched_by")

    def page_context(self, request: HttpRequest, obj: Series) -> dict[str, Any]:
        """The drawing, the anomalies with why, and where the answers left the threshold."""
        now, who = clocks.now(), actor(request)
        span = request.GET.get("span", "")
        span = span if span in SPANS else "1d"
        since, until = now - SPANS[span], now
        columns = reading.columns(obj, since=since, until=until)
        shown = list(obj.anomalies.select_related("answered_by")[:ANOMALIES])
        alerts = telling.alerts_of(shown, who)
        buttons = self.buttons(request, obj)
        return {
            "object": obj,
            "series": obj,
            "last": _last(obj),
            "chart": chart.drawing(columns, shown, since=since, until=until),
            "spans": [{"key": key, "words": WORDS[key], "on": key == span} for key in SPANS],
            "anomalies": [_line(one, alerts, buttons) for one in shown],
            "head": {n: b for n, b in buttons.items() if b["action"] in dialogs.OF_THE_SERIES},
            "threshold": threshold(obj),
        }

    @admin.display(description="Series", ordering="name")
    def named(self, series: Series) -> str:
        """Its name, with what it belongs to below."""
        belongs = " · ".join(str(one) for one in (series.system, series.partner) if one)
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            series.name,
            belongs,
        )

    @admin.display(description="Last figure")
    def last(self, series: Any) -> str:
        """The newest figure, and when it came."""
        if series.last_at is None:
            return "—"
        return format_html(
            '<span class="desk num"><b>{}</b> <small>{}</small></span>',
            f"{series.last_value:.5g}",
            moments.short(series.last_at, clocks.now()),
        )

    @admin.display(description="State")
    def standing(self, series: Any) -> str:
        """Whether it is watched, and what is wrong with it."""
        colour, words = standing(series)
        return format_html('<span class="desk"><span class="{}">{}</span></span>', colour, words)

    @admin.display(description="Kind", ordering="kind")
    def kind_words(self, series: Series) -> str:
        """In a word."""
        return str(series.kind)


def _last(series: Any) -> dict[str, Any]:
    """The newest figure, and when it came."""
    if series.last_at is None:
        return {}
    return {"value": f"{series.last_value:.5g}", "at": series.last_at}


def standing(series: Any) -> tuple[str, str]:
    """The colour and the words of a series' state."""
    if not series.is_on:
        return "mute", "not watched"
    if series.open_kind:
        return "bad", str(Anomaly.Kind(series.open_kind).label)
    return ("warn", "drifts slowly") if series.is_drifting else ("ok", "as expected")


def threshold(series: Series) -> dict[str, Any]:
    """Where the answers left it, and from which p on that is. Two queries."""
    answers = watches.answers_of([series.pk]).get(series.pk, [])
    now = watches.threshold_of(series, answers)
    state = SeriesState.objects.filter(series=series).first()
    p = None
    if state is not None and state.memory:
        p = watches.p_of(watches.made(series, answers, state.memory), now)
    return {
        "now": f"{now:.2f}",
        "default": f"{watches.default_threshold(series):.2f}",
        "p": f"{p:.2g}" if p is not None else "",
        "effects": watches.effects(series, answers),
        "learns": state is not None and state.learns_until is not None,
    }


def _line(one: Anomaly, alerts: dict[int, Any], buttons: dict[str, Any]) -> dict[str, Any]:
    alert = alerts.get(one.pk)
    wanted = [dialogs.TAKE_BACK] if one.answer else [dialogs.TRUE, dialogs.FALSE]
    if not one.answer and one.kind != Anomaly.Kind.LIMIT:  # a limit follows nobody
        wanted.append(dialogs.EXPECTED)
    ways = [buttons[action.name] for action in wanted if action.name in buttons]
    return {
        "anomaly": one,
        "incident": alert.incident if alert is not None else None,
        "p": f"{one.p:.2g}" if one.p is not None else "",
        "ways": [{"label": w["action"].label, "url": f"{w['url']}?anomaly={one.pk}"} for w in ways],
    }
