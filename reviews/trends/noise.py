"""Alerts: how many an incident has, and how often what found it was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, Count, F, QuerySet, Value, When

from cases.anomalies import reading as series
from cases.models import AccessFinding, Alert, Anomaly
from incidentdesk.kernel.access import Actor
from reviews.trends import asked as period
from reviews.trends import figures
from reviews.trends.asked import Asked
from reviews.trends.figures import Chart, Column, Row, Shape, Unit
from reviews.trends.measures import over

MOST = 12
AN_INCIDENT = (
    Column("each", "Alerts an incident", Unit.RATIO),
    Column("alerts", "Alerts"),
    Column("incidents", "Incidents"),
)
VERDICTS = (
    Column("false", "False positive"),
    Column("true", "Real"),
    Column("pending", "Not known yet"),
)

# Of what each incident has of each source; counted twice over, since no count is so slow as one of
# what is distinct.
_BY_SOURCE = """
    SELECT s.name, sum(number)::int, count(*)::int
    FROM {rows} AS of_incident (source_id, number)
    JOIN cases_source AS s ON s.id = source_id GROUP BY s.name
"""
_BY_VERDICT = """
    SELECT o.name, count(*) FILTER (WHERE dismissal = 'false_positive'),
        count(*) FILTER (WHERE dismissal <> 'false_positive' AND phase <> 'identification'),
        count(*) FILTER (WHERE dismissal <> 'false_positive' AND phase = 'identification')
    FROM {{rows}} AS of_incident (incident_id, of_id, dismissal, phase)
    JOIN {table} AS o ON o.id = of_id GROUP BY o.name
"""


def alerts(asked: Asked, actor: Actor) -> Chart:
    """Alerts of the incidents opened in the period, by source. One query."""
    incidents = period.counted(asked, actor).filter(is_now=True).values("pk")
    found = (
        Alert.objects.filter(incident__in=incidents)
        .order_by()
        .values("incident_id", "source_id")
        .annotate(number=Count("*"))
        .values("source_id", "number")
    )
    rows = [
        Row(
            name,
            {"each": number / of, "alerts": number, "incidents": of},
        )
        for name, number, of in over(found, _BY_SOURCE)
    ]
    rows.sort(key=lambda row: (-row.number("each"), row.label))
    title = "No alert belongs to an incident of this period"
    if rows:
        first = rows[0]
        title = f"{first.label} sends the most: {first.number('each'):.1f} alerts an incident"
    total = sum(row.count("alerts") for row in rows)
    return Chart(
        key="alerts",
        shape=Shape.BARS,
        subject="Alerts an incident",
        title=title,
        columns=AN_INCIDENT,
        rows=tuple(rows),
        of=f"{figures.number(total, 'alert')}; incidents without an alert of the source are not"
        " in it. An alert that fires again is one alert.",
        empty="Connect a source; its alerts open incidents.",
        drawn=("each",),
        most=MOST,
    )


def false_by_source(asked: Asked, actor: Actor) -> Chart:
    """Incidents with alerts of a source, and what became of them. One query."""
    found = (
        _judged(asked, actor)
        .filter(alerts__source__isnull=False)
        .values("pk", "alerts__source_id", "dismissal", "phase")
        .distinct()
    )
    verdicts = over(found, _BY_VERDICT.format(table="cases_source"))
    rows = [_verdict(name, counts) for name, *counts in verdicts]
    return _false("false_by_source", "False positives by source", rows, "a source’s alerts")


def false_by_rule(asked: Asked, actor: Actor) -> Chart:
    """Incidents that access rules opened or fed, and what became of them. One query."""
    found = (
        AccessFinding.objects.filter(alert__incident__in=_judged(asked, actor).values("pk"))
        .order_by()
        .values(
            "alert__incident_id",
            "rule_id",
            "alert__incident__dismissal",
            "alert__incident__phase",
        )
        .distinct()
    )
    verdicts = over(found, _BY_VERDICT.format(table="cases_accessrule"))
    rows = [_verdict(name, counts) for name, *counts in verdicts]
    return _false("false_by_rule", "False positives by access rule", rows, "an access rule")


def _judged(asked: Asked, actor: Actor) -> QuerySet[Any]:
    """Those of the period, dismissed ones too: they are what is asked about."""
    found = period.real(asked, actor)
    return found.filter(opened_at__gte=asked.since, opened_at__lt=asked.until)


def _verdict(name: str, counts: Iterable[int]) -> Row:
    return Row(name, dict(zip((column.key for column in VERDICTS), counts, strict=True)))


def _false(key: str, subject: str, rows: list[Row], what: str) -> Chart:
    rows.sort(key=lambda row: (-_rate(row), -row.count("true"), row.label))
    judged = [row for row in rows if row.count("false") + row.count("true")]
    title = f"{subject}: nothing to judge in this period"
    if judged and judged[0].count("false"):
        first = judged[0]
        whole = first.count("false") + first.count("true")
        title = f"{first.label}: {first.count('false'):,} of {whole:,} were false positives"
    elif judged:
        title = f"{subject}: none"
    counts = [(sum(row.count(c.key) for row in rows), c.label.lower()) for c in VERDICTS]
    return Chart(
        key=key,
        shape=Shape.PARTS,
        subject=subject,
        title=title,
        columns=VERDICTS,
        rows=tuple(rows),
        of=f"{figures.listed(counts) or 'No incident'}. Dismissed as a false positive is false;"
        " what left Identification is real.",
        empty=f"No incident of this period has an alert of {what}.",
        drawn=("false", "true"),
        most=MOST,
    )


def _rate(row: Row) -> float:
    whole = row.number("false") + row.number("true")
    return row.number("false") / whole if whole else -1.0


# --- anomalies ------------------------------------------------------------------------------------

ANSWERS = (
    Column("false", "False alarm"),
    Column("expected", "Expected"),
    Column("true", "True"),
    Column("pending", "Not answered"),
)


def anomalies(asked: Asked, actor: Actor) -> Chart:
    """What people answered to anomalies that began in the period, by kind. One query.

    An anomaly has neither severity nor category; where one is asked for, none fits.
    """
    unanswered = When(answer="", then=Value("pending"))
    found = (
        _anomalies(asked, actor)
        .annotate(said=Case(unanswered, default=F("answer")))
        .values_list("kind", "said")
        .annotate(number=Count("pk"))
    )
    known: dict[str, dict[str, int]] = {}
    for kind, said, number in found:
        known.setdefault(kind, dict.fromkeys((c.key for c in ANSWERS), 0))[said] = number
    labels = dict(Anomaly.Kind.choices)
    rows = [Row(str(labels[kind]), counts) for kind, counts in known.items()]
    rows.sort(key=lambda row: (-_rate(row), row.label))
    counts = [(sum(row.count(c.key) for row in rows), c.label.lower()) for c in ANSWERS]
    false, answered = counts[0][0], sum(count for count, _ in counts[:3])
    title = "No anomaly was answered in this period"
    if answered:
        title = f"{false:,} of {answered:,} answered anomalies were false alarms"
    return Chart(
        key="anomalies",
        shape=Shape.PARTS,
        subject="Anomalies",
        title=title,
        columns=ANSWERS,
        rows=tuple(rows),
        of=f"{figures.listed(counts) or 'None'}. As people answered on the pages of series;"
        " notes of drift are not asked about.",
        empty="No anomaly began in this period, or none of what was asked for.",
        drawn=("false", "expected", "true"),
    )


def _anomalies(asked: Asked, actor: Actor) -> QuerySet[Anomaly]:
    rows = Anomaly.objects.filter(series__in=series.visible_to(actor)).exclude(kind="drift")
    rows = rows.filter(began_at__gte=asked.since, began_at__lt=asked.until).order_by()
    if asked.severity or asked.category_id or asked.is_without_category:
        return rows.none()
    if asked.partner_id:
        rows = rows.filter(series__partner=asked.partner_id)
    if asked.system_id:
        rows = rows.filter(series__system=asked.system_id)
    return rows
