"""The desk's sidebar: what there is, what this person may see, and how much of it waits.

A page that is not on the desk, or not for this person, is left out; so no entry leads nowhere. All
numbers together cost one query a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse

from cases import correspondence
from cases import queries as cases
from cases.anomalies import reading as series
from cases.models import Letter, Notice, Report
from incidentdesk.kernel import access, clocks, desk, findings
from incidentdesk.kernel.access import Actor, Permission
from notifications import queries as notifications
from reviews import queries as reviews


@dataclass(frozen=True)
class Place:
    """One entry: its words, its icon, whose list it leads to, and which rows of it.

    A `page` that is no list is shown to those who may read the model that it is made of.
    """

    title: str
    icon: str
    model: str
    rows: str = ""  # appended to the list's address
    is_hot: bool = False  # its number asks somebody to act
    within: str = ""  # shown below this entry only, and only while one is there
    page: str = ""  # the name of its address, where it leads to no list

    @property
    def key(self) -> str:
        """By which its number is found, and its place on the page."""
        return self.page or self.model


GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "Response",
        (
            Place("Incidents", "emergency", "cases.Incident"),
            Place("Alerts", "notifications_active", "cases.Alert"),
            Place("Series", "query_stats", "cases.Series"),
            Place("Tasks", "task_alt", "cases.Task"),
            Place("Partner reports", "contact_support", "cases.Report", is_hot=True),
            Place("Quarantined mail", "mark_email_unread", "cases.Letter", is_hot=True),
            Place("Evidence", "inventory_2", "cases.Evidence"),
        ),
    ),
    (
        "Communication",
        (
            Place("Requests", "quiz", "cases.Request", is_hot=True),
            Place("Notices to approve", "approval", "cases.Notice", is_hot=True),
            Place("On call", "contact_phone", "notifications.Rota"),
            Place("Layers", "layers", "notifications.Layer", within="notifications.Rota"),
            Place(
                "Holidays", "event", "notifications.HolidayCalendar", within="notifications.Rota"
            ),
            Place("Escalations", "campaign", "notifications.Escalation"),
            Place("Message log", "outgoing_mail", "notifications.Message"),
        ),
    ),
    (
        "After",
        (
            Place("Reviews", "rate_review", "reviews.Review"),
            Place("Preventive actions", "health_and_safety", "reviews.PreventiveAction", "", True),
            Place("Lessons", "school", "reviews.Lesson"),
            Place("Plans", "event_note", "reviews.Plan"),
            Place("Problems", "repeat", "reviews.Problem"),
            Place("Trends", "monitoring", "cases.Incident", page="trends"),
            Place("Temporary fixes", "construction", "cases.Fix", is_hot=True),
            Place("Reportable incidents", "account_balance", "cases.RegulatoryClock", is_hot=True),
        ),
    ),
    (
        "Register",
        (
            Place("Partners", "handshake", "partners.Partner"),
            Place("Notice templates", "draft", "cases.NoticeTemplate"),
            Place("Contract terms", "gavel", "partners.Terms"),
            Place("Systems", "dns", "cases.System"),
            Place("Controls", "verified_user", "reviews.Control", is_hot=True),
            Place("Issue tracker", "sync", "reviews.Tracker"),
            Place("Playbooks", "checklist", "cases.Playbook"),
            Place("Escalation paths", "stairs", "notifications.EscalationPath"),
            Place("Groups", "groups", "notifications.Group"),
            Place("Sources", "sensors", "cases.Source"),
            Place(
                "Prometheus queries",
                "manage_search",
                "cases.PrometheusQuery",
                within="cases.Source",
            ),
            Place("Trading hours", "schedule", "cases.TradingHours", within="cases.Source"),
            Place("Alert rules", "filter_alt", "cases.AlertRule", within="cases.Source"),
            Place("Maintenance", "engineering", "cases.MaintenanceWindow"),
            Place("Access rules", "policy_alert", "cases.AccessRule"),
            Place("Categories", "category", "cases.Category"),
            Place("Target times", "timer", "cases.Target"),
            Place("Regimes", "balance", "cases.Regime"),
            Place("Clocks of regimes", "alarm", "cases.RegimeRule", within="cases.Regime"),
            Place("Our own supervision", "domain", "cases.OwnSupervision", within="cases.Regime"),
            Place("How we handle incidents", "policy", "cases.Framework"),
            Place("Severity matrix", "grid_on", "cases.SeverityMatrix"),
            Place("Definitions", "menu_book", "cases.AxisLevel", within="cases.SeverityMatrix"),
            Place("Floors", "download", "cases.SeverityFloor", within="cases.SeverityMatrix"),
            Place(
                "Soak and silence",
                "hourglass_top",
                "cases.SeverityRule",
                within="cases.SeverityMatrix",
            ),
        ),
    ),
    (
        "Administration",
        (
            Place("People", "badge", "kernel.User"),
            Place("Audit trail", "history", "kernel.AuditEvent"),
            Place("Auditor", "monitor_heart", "kernel.Finding", is_hot=True),
            Place("Parts of the desk", "conveyor_belt", "kernel.Progress", within="kernel.Finding"),
            Place("Access events", "login", "cases.AccessEvent"),
            Place("Retention", "auto_delete", "kernel.Retention"),
            Place("Checkpoints", "verified", "cases.Checkpoint"),
            Place("Checkpoint recipients", "mark_email_read", "cases.CheckpointRecipient"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with the entries that this person may open, as unfold wants them."""
    numbers = waiting(request)
    dashboard = {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [dashboard]}]
    for title, places in GROUPS:
        items = [
            {
                "title": place.title,
                "icon": place.icon,
                "link": link + place.rows,
                "key": place.key,
                "badge": numbers.get(place.key, 0),
                "is_hot": place.is_hot,
                "is_within": bool(place.within),
            }
            for place in places
            if _is_unfolded(request, place, places) and (link := _address(request, place))
        ]
        if items:
            groups.append({"title": title, "items": items})
    return groups


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands in the menu under one's name."""
    return [
        {"title": "Report an incident", "link": reverse("report")},
        {
            "title": "How you are reached",
            "link": reverse("admin:notifications_contactmethod_changelist"),
        },
        {"title": "API tokens", "link": reverse("admin:kernel_token_changelist")},
        {"title": "Second factor", "link": reverse("mfa_index")},
        {"title": "Where you are logged in", "link": reverse("sessions")},
        {"title": "Change password", "link": reverse("account_change_password")},
    ]


def waiting(request: HttpRequest) -> dict[str, int]:
    """How much waits, by the model of an entry; counted once a request."""
    found: dict[str, int] | None = getattr(request, "_desk_waiting", None)
    if found is None:
        found = _count(desk.actor(request), clocks.now().date())
        request._desk_waiting = found  # type: ignore[attr-defined]
    return found


def _address(request: HttpRequest, place: Place) -> str:
    """Where an entry leads, or '' if it is not for this person."""
    link = _link(request, place.model)
    return reverse(place.page) if link and place.page else link


def _link(request: HttpRequest, label: str) -> str:
    """The address of a model's list, or '' if it is not on the desk or not for this person."""
    for model, page in admin.site._registry.items():
        if model._meta.label == label and page.has_view_permission(request):
            return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return ""


def _is_unfolded(request: HttpRequest, place: Place, places: tuple[Place, ...]) -> bool:
    """Whether an entry is shown: those below another only while one is at it or at one of them."""
    family = {place.within} | {p.model for p in places if p.within == place.within}
    return not place.within or any(
        (link := _link(request, model)) and request.path.startswith(link) for model in family
    )


def _waiting_for(by: Actor, at: datetime) -> dict[str, QuerySet[Any]]:
    """What waits for somebody, and where the number stands."""
    drafts = cases.notices_visible_to(by).filter(state=Notice.State.DRAFT)
    if access.allows(by, Permission.NOTICE_APPROVE):  # the second person is never the first
        drafts = drafts.exclude(drafted_by=by.user_id)
    return {
        "cases.Incident": cases.counted_for(by).open(),
        "cases.Alert": cases.alerts_visible_to(by).filter(resolved_at=None),
        "cases.Series": series.open_now(by),
        "cases.Task": cases.tasks_of(by),
        "cases.Report": cases.reports_visible_to(by).filter(state=Report.State.NEW),
        "cases.Letter": correspondence.letters_visible_to(by).filter(
            outcome=Letter.Outcome.QUARANTINED
        ),
        "cases.Notice": drafts,
        "cases.Request": correspondence.requests_to_handle(by),
        "notifications.Escalation": notifications.waiting_for_acknowledgement(by),
        "reviews.Review": reviews.open_reviews(by),
        "kernel.Finding": findings.visible_to(by).filter(cleared_at=None),
        "cases.Fix": cases.overdue_fixes(by, at),
        "cases.RegulatoryClock": cases.clocks_due(by, at + timedelta(days=1)),
        "reviews.PreventiveAction": reviews.overdue_actions(by, at),
        "reviews.Control": reviews.controls_overdue(by, at),
    }


def _count(by: Actor, today: date) -> dict[str, int]:
    """How much waits for this person, in one query; what is not counted is none."""
    sql, values = _counting(by, today)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return dict(cursor.fetchall())


@lru_cache(maxsize=1024)
def _counting(by: Actor, today: date) -> tuple[str, tuple[Any, ...]]:
    """The statement, put together once a day for a person: that takes longer than to run it."""
    at = datetime.combine(today, time.min, UTC)
    first, *others = [
        rows.order_by()
        .annotate(place=Value(place))
        .values("place")
        .annotate(waiting=Count("pk"))
        .values_list("place", "waiting")
        for place, rows in _waiting_for(by, at).items()
    ]
    sql, values = first.union(*others, all=True).query.sql_with_params()
    return sql, values
