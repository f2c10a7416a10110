"""What the gates ask about an incident, counted by the database in a fixed number of queries."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Subquery

from cases import confirming, gates, soak
from cases.models import Incident, Phase, SeverityRule
from cases.models.task import ENDED


def of(incident: Incident, *, at: datetime) -> gates.Facts:
    """The facts at this moment. Reads rows; decides nothing."""
    review = getattr(incident, "review_facts", None)
    axes = {axis: getattr(incident, axis) for axis in ("impact", "scope", "urgency")}
    return gates.Facts(
        severity=incident.severity,
        has_category=incident.category_id is not None,
        is_confirmed=incident.confirmed_at is not None,
        axes_answered=sum(value is not None for value in axes.values()),
        axes_supported=_supported(incident, axes),
        has_times=None not in (incident.occurred_at, incident.aware_at),
        has_commander=incident.commander_id is not None,
        has_cause=bool(incident.cause.strip()),
        has_exposure=bool(incident.residual_exposure.strip()),
        is_recovered=incident.recovered_at is not None,
        soak_left=_soak_left(incident, at),
        tasks=_tasks_by_phase(incident),
        review_missing=tuple(review.missing) if review else ("the review is not open",),
        review_approved=bool(review and review.approved_at),
        **_signed(incident),
        **_counts(incident),
        **_systems(incident),
        **_partners(incident, at),
    )


def _supported(incident: Incident, axes: dict[str, int | None]) -> int:
    """How many axes rest on something that was said of the very value they have."""
    said = dict(incident.bases.values_list("axis", "value"))
    return sum(value is not None and said.get(axis) == value for axis, value in axes.items())


def _soak_left(incident: Incident, at: datetime) -> int:
    """Whole minutes that service still has to stay in band, rounded up."""
    if incident.recovered_at is None:
        return 0
    rule = SeverityRule.objects.filter(severity=incident.severity).first()
    over_at = soak.soak_over_at(incident.recovered_at, rule.soak_minutes if rule else 0)
    return max(0, math.ceil((over_at - at) / timedelta(minutes=1)))


def _tasks_by_phase(incident: Incident) -> dict[str, tuple[int, int]]:
    """Phase → how many tasks have ended, and of how many."""
    ended = Count("id", filter=ENDED)
    rows = incident.tasks.order_by().values("phase").annotate(total=Count("id"), ended=ended)
    return {row["phase"]: (row["ended"], row["total"]) for row in rows}


def _signed(incident: Incident) -> dict[str, Any]:
    """What was signed and waived and still counts: a step back asks for it again."""
    waived = incident.waivers.filter(stay=incident.stay).values_list("gate", flat=True)
    return {"statements": incident.signed(), "waivers": frozenset(waived)}


def _counts(incident: Incident) -> dict[str, Any]:
    """What belongs to the incident, counted in one query."""
    newest = incident.checks.values("name").annotate(newest=Max("id")).values("newest")
    parts: dict[str, QuerySet[Any]] = {
        "alerts_firing": incident.alerts.filter(resolved_at=None),
        "evidence": incident.evidence.all(),
        "fixes_proposed": incident.fixes.filter(state="proposed"),
        "fixes_approved": incident.fixes.filter(state__in=["approved", "accepted"]),
        "checks": incident.checks.all(),
        "checks_failed": incident.checks.filter(pk__in=newest, passed=False),
        "reconciliations": incident.reconciliations.all(),
    }
    counted = {
        name: Subquery(
            rows.order_by().values("incident").annotate(n=Count("pk")).values("n"),
        )
        for name, rows in parts.items()
    }
    row = Incident.objects.filter(pk=incident.pk).values_list(*counted.values()).get()
    return {name: number or 0 for name, number in zip(counted, row, strict=True)}


def _systems(incident: Incident) -> dict[str, Any]:
    """Affected systems by what became of them."""
    return incident.systems.aggregate(
        systems=Count("id"),
        systems_affected=Count("id", filter=Q(state="affected")),
        systems_unproven=Count("id", filter=~Q(state="affected") & Q(how="")),
        systems_restored=Count("id", filter=Q(state="restored")),
    )


def _partners(incident: Incident, at: datetime) -> dict[str, Any]:
    """Involved partners: told, given the all-clear, and (once it matters) not confirmed yet."""
    told = Q(copies__sent_at__isnull=False)
    counted = incident.involvements.aggregate(
        partners=Count("id", distinct=True),
        partners_told=Count("id", distinct=True, filter=told),
        partners_cleared=Count("id", distinct=True, filter=told & Q(copies__kind="all_clear")),
    )
    unconfirmed = 0
    if incident.phase == Phase.RECOVERY:
        unconfirmed = confirming.partners_unconfirmed(incident, at).count
    return {**counted, "partners_unconfirmed": unconfirmed}
