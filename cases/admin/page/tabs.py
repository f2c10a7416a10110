"""The tabs of the incident's page: plain links, and the one that was chosen with its rows.

Only the chosen tab is read from the database; the others show their counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, QuerySet, Subquery, Sum

from cases import audience, gates, resending
from cases.access import shown
from cases.admin.page import clocks, history, moments, tasks, timeline
from cases.models import AccessFinding, Incident, Notice, NoticeCopy, Source
from incidentdesk.kernel.access import Actor
from notifications import queries as post

ROWS = 200
ACCESSES = 20


@dataclass(frozen=True)
class Counts:
    """What the tabs carry behind their names."""

    tasks_ended: int
    tasks: int
    systems: int
    partners: int
    notices: int
    drafts: int
    messages: int
    alerts: int
    evidence: int
    fixes: int
    clocks: int


@dataclass(frozen=True)
class Tab:
    """A link; `template` shows it."""

    key: str
    label: str
    count: str
    is_on: bool

    @property
    def template(self) -> str:
        """The partial that shows the chosen tab."""
        return f"admin/cases/incident/tab_{self.key}.html"


def count(incident: Incident, facts: gates.Facts) -> Counts:
    """The counts, from the facts and two more queries."""

    def number(rows: QuerySet[Any], what: Any) -> Subquery:
        return Subquery(rows.order_by().values("incident").annotate(n=what).values("n"))

    notices, drafts, alerts, fixes = (
        Incident.objects.filter(pk=incident.pk)
        .values_list(
            number(incident.notices.all(), Count("pk")),
            number(incident.notices.filter(state=Notice.State.DRAFT), Count("pk")),
            number(incident.alerts.all(), Sum("count")),
            number(incident.fixes.all(), Count("pk")),
        )
        .get()
    )
    return Counts(
        tasks_ended=sum(ended for ended, _ in facts.tasks.values()),
        tasks=sum(total for _, total in facts.tasks.values()),
        systems=facts.systems,
        partners=facts.partners,
        notices=notices or 0,
        drafts=drafts or 0,
        messages=post.about(incident.about).count(),
        alerts=alerts or 0,
        evidence=facts.evidence,
        fixes=fixes or 0,
        clocks=facts.clocks_open,
    )


def tabs(counts: Counts, chosen: str) -> list[Tab]:
    """The row of tabs; an unknown name means the timeline."""
    named = [
        ("timeline", "Timeline", ""),
        ("tasks", "Tasks", f"{counts.tasks_ended}/{counts.tasks}" if counts.tasks else "0"),
        ("systems", "Systems", str(counts.systems)),
        ("partners", "Partners", str(counts.partners)),
        ("notices", "Notices", str(counts.notices)),
        ("clocks", "Clocks", str(counts.clocks)),
        ("evidence", "Evidence", str(counts.evidence)),
        ("fixes", "Fixes", str(counts.fixes)),
        ("recovery", "Recovery", ""),
        ("classification", "Classification", ""),
        ("messages", "Messages", str(counts.messages)),
        ("alerts", "Alerts", str(counts.alerts)),
        ("history", "History", ""),
    ]
    on = chosen if chosen in {key for key, _, _ in named} else "timeline"
    return [Tab(key, label, number, key == on) for key, label, number in named]


def rows(
    incident: Incident, key: str, *, by: Actor, before: str, kind: str, now: datetime
) -> dict[str, Any]:
    """What the chosen tab shows. Systems and partners are on the page anyway."""
    if key == "timeline":
        return timeline.rows(incident, by=by, before=before, kind=kind, now=now)
    if key == "history":
        return history.rows(incident, by=by, before=before)
    if key == "tasks":
        return tasks.rows(incident, by=by, now=now)
    if key == "clocks":
        return clocks.rows(incident, now)
    if key == "notices":
        return {"notices": _notices(incident, now)}
    if key == "messages":
        return _messages(incident, by, now)
    if key == "alerts":
        return {"alerts": _alerts(incident, now), "accesses": _accesses(incident)}
    return {}


def _notices(incident: Incident, now: datetime) -> list[dict[str, Any]]:
    copies = NoticeCopy.objects.select_related("partner")
    seen = Count("receipts", distinct=True)
    found = incident.notices.select_related("drafted_by", "approved_by").prefetch_related(
        Prefetch("copies", queryset=copies.annotate(seen=seen).order_by("partner__name"))
    )
    return [
        {
            "notice": notice,
            "text": audience.as_read(list(notice.copies.all())),
            "drafted": moments.short(notice.drafted_at, now),
            "sent": moments.short(notice.sent_at, now) if notice.sent_at else "",
            "to": [_reader(copy, now) for copy in notice.copies.all()],
        }
        for notice in found[:ROWS]
    ]


def _reader(copy: Any, now: datetime) -> dict[str, str]:
    """A partner, and how far it has seen what was sent."""
    words, colour = "", ""
    if copy.acknowledged_at is not None:
        when = moments.short(copy.acknowledged_at, now)
        words, colour = f"acknowledged {when} by {copy.acknowledged_by}", "ok"
    elif copy.sent_at is not None and copy.seen:
        people = "1 person" if copy.seen == 1 else f"{copy.seen} people"
        words, colour = f"opened by {people}, not acknowledged", "warn"
    elif copy.sent_at is not None:
        words, colour = "nobody has opened it", "warn"
    return {"name": copy.partner.name, "words": words, "colour": colour}


def _messages(incident: Incident, by: Actor, now: datetime) -> dict[str, Any]:
    found = post.about(incident.about)[:ROWS]
    again = resending.is_worth_asking
    return {
        "escalation": post.escalation(incident.about),
        "sent": [(row, moments.short(row.created_at, now), again(row, by)) for row in found],
    }


def _alerts(incident: Incident, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "alert": alert,
            "first": moments.short(alert.first_at, now),
            "last": moments.short(alert.last_at, now),
            "cleared": moments.short(alert.resolved_at, now) if alert.resolved_at else "",
        }
        for alert in incident.alerts.select_related("source")[:ROWS]
    ]


def _accesses(incident: Incident) -> list[AccessFinding]:
    """The newest accesses on which its alerts rest, if access rules fired any."""
    if not incident.alerts.filter(source__format=Source.Format.DESK).exists():
        return []
    return list(shown.of_incident(incident)[:ACCESSES])
