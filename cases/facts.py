"""What the gates ask about an incident, counted by the database in a fixed number of queries."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from cases import gates
from cases.models import Incident, Involvement, NoticeCopy, SeverityRule

# A partner that stays silent this long after two notices counts as served again.
SILENCE = timedelta(hours=24)
NOTICES_BEFORE_SILENCE = 2


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
    over_at = incident.recovered_at + timedelta(minutes=rule.soak_minutes if rule else 0)
    return max(0, math.ceil((over_at - at) / timedelta(minutes=1)))


def _tasks_by_phase(incident: Incident) -> dict[str, tuple[int, int]]:
    """Phase → how many tasks have ended, and of how many."""
    waits = Q(needs_second_person=True, state="done", confirmed_at=None)
    ended = Count("id", filter=~Q(state="open") & ~waits)
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
    """Involved partners: told, given the all-clear, confirmed or silent for long enough."""
    sent = NoticeCopy.objects.filter(involvement=OuterRef("pk"), sent_at__isnull=False)
    before = sent.filter(sent_at__lte=at - SILENCE).order_by().values("involvement")
    rows = Involvement.objects.filter(incident=incident).annotate(
        told=Subquery(sent.order_by().values("involvement").annotate(n=Count("pk")).values("n")),
        cleared=Subquery(
            sent.filter(kind="all_clear")
            .order_by()
            .values("involvement")
            .annotate(n=Count("pk"))
            .values("n")
        ),
        told_before=Subquery(before.annotate(n=Count("pk")).values("n")),
    )
    is_silent = Q(told_before__gte=NOTICES_BEFORE_SILENCE)
    return rows.aggregate(
        partners=Count("id"),
        partners_told=Count("id", filter=Q(told__gt=0)),
        partners_cleared=Count("id", filter=Q(cleared__gt=0)),
        partners_unconfirmed=Count("id", filter=Q(recovery_confirmed_at=None) & ~is_silent),
    )
