"""`/metrics`: what a Prometheus reads of the desk; figures of the whole, and of nobody in it.

All of it is read from the database at each call, so any web process answers for all. Who asks says
METRICS_TOKEN as a Bearer token, or asks from this machine itself; nobody else learns that the page
exists. Exercises are in no figure.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from cases.models import Deadline, Event, Incident
from incidentdesk import health
from incidentdesk.kernel import callers, clocks, progress, seals
from incidentdesk.kernel.aside import Aside
from incidentdesk.kernel.models import Finding
from notifications.models import Escalation, Message

SECONDS = 5.0  # at most, for the database
SEVERITIES = (1, 2, 3, 4)
# What only grows: what sequences have given out, without counting any rows.
GROWING = {
    "cases_event_id_seq": ("deliveries", "Deliveries of all sources that were accepted, about."),
    "cases_incident_id_seq": ("incidents", "Incidents that were opened, about."),
    "notifications_message_id_seq": ("messages", "Messages that were queued, about."),
}
_aside = Aside()


def page(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format. A desk whose database is away says just that: desk_up is 0."""
    if not _may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Desk())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and kind.lower() == "bearer":
        return secrets.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return not settings.METRICS_TOKEN and _is_local(request)


def _is_local(request: HttpRequest) -> bool:
    """From this machine, and through no proxy, which asks for others."""
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXIES:
        return False
    address = callers.address(request)
    return not address or ip_address(address).is_loopback


class _Desk(Collector):
    """Reads when it is asked."""

    def collect(self) -> Iterable[Metric]:
        """All figures, or that the database does not answer."""
        up = GaugeMetricFamily("desk_up", "Whether this part answers.", labels=["part"])
        up.add_metric(["redis"], float(health.redis() == health.OK))
        try:
            found = _aside.ask(lambda: list(_figures()), seconds=SECONDS)
        except Exception:  # noqa: BLE001 -- any fault is what the figure is there to show
            found = []
        up.add_metric(["database"], float(bool(found)))
        return [up, *found]


def _figures() -> Iterator[Metric]:
    at = clocks.database_now()
    yield from _incidents(at)
    yield from _post(at)
    yield _oldest(
        "desk_delivery_waiting_seconds",
        "How long the oldest accepted delivery waits for its outcome.",
        Event.objects.filter(outcome=Event.Outcome.PENDING),
        "received_at",
        at=at,
    )
    yield from _parts(at)
    yield from _growing()


def _incidents(at: datetime) -> Iterator[Metric]:
    real = Incident.objects.open().filter(is_exercise=False).order_by()
    waits = Count("id", filter=Q(acknowledged_at=None))
    counted = {
        severity: (number, waiting)
        for severity, number, waiting in real.values("severity")
        .annotate(number=Count("id"), waiting=waits)
        .values_list("severity", "number", "waiting")
    }
    there = GaugeMetricFamily("desk_incidents_open", "Open incidents.", labels=["severity"])
    new = GaugeMetricFamily(
        "desk_incidents_unacknowledged",
        "Open incidents that nobody acknowledged.",
        labels=["severity"],
    )
    for severity in SEVERITIES:
        number, waiting = counted.get(severity, (0, 0))
        there.add_metric([str(severity)], number)
        new.add_metric([str(severity)], waiting)
    yield from (there, new)
    late = Deadline.objects.filter(
        met_at=None, is_dropped=False, due_at__lt=at, incident__is_exercise=False
    )
    words = "Deadlines that are over and not met."
    yield GaugeMetricFamily("desk_deadlines_overdue", words, value=late.count())


def _post(at: datetime) -> Iterator[Metric]:
    waiting = Message.objects.filter(state__in=[Message.State.QUEUED, Message.State.SENDING])
    number = GaugeMetricFamily("desk_messages_waiting", "Messages not yet sent.", labels=["kind"])
    number.add_metric(["page"], waiting.filter(is_page=True).count())
    number.add_metric(["other"], waiting.filter(is_page=False).count())
    yield number
    yield _oldest(
        "desk_page_overdue_seconds",
        "By how much the page that should have gone first is late.",
        waiting.filter(is_page=True),
        "next_try_at",
        at=at,
    )
    yield _oldest(
        "desk_step_overdue_seconds",
        "By how much the step of an escalation that should have been taken first is late.",
        Escalation.objects.filter(state=Escalation.State.RUNNING),
        "next_action_at",
        at=at,
    )


def _oldest(
    name: str,
    words: str,
    rows: QuerySet[Event] | QuerySet[Message] | QuerySet[Escalation],
    column: str,
    *,
    at: datetime,
) -> Metric:
    """How many seconds ago the first of these times was; 0 if it is still to come."""
    first = rows.order_by().aggregate(first=Min(column))["first"]
    return GaugeMetricFamily(
        name, words, value=max(0.0, (at - first).total_seconds() if first else 0)
    )


def _parts(at: datetime) -> Iterator[Metric]:
    silent = GaugeMetricFamily(
        "desk_part_silent_seconds", "Since its last finished round.", labels=["part"]
    )
    for part, row in sorted(progress.read().items()):
        silent.add_metric([part], max(0.0, (at - row.at).total_seconds()))
    yield silent
    found = Finding.objects.filter(cleared_at=None).count()
    yield GaugeMetricFamily("desk_findings_open", "What the auditor finds wrong.", value=found)
    newest = seals.newest_seal()
    words = "The newest seal of the audit trail; it only grows."
    yield GaugeMetricFamily("desk_audit_seal", words, value=newest.number if newest else 0)


def _growing() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences"
            " WHERE schemaname = 'public' AND sequencename = ANY (%s)",
            [list(GROWING)],
        )
        values = dict(cursor.fetchall())
    for sequence, (name, words) in GROWING.items():
        yield CounterMetricFamily(f"desk_{name}", words, value=values.get(sequence, 0))
