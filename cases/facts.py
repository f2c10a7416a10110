"""What the gates ask about an incident, counted by the database in a fixed number of queries."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Max, QuerySet, Subquery
from django.db.models.functions import JSONObject

from cases import confirming, gates, soak
from cases.models import Incident, Involvement, Phase, SeverityRule
from cases.models.task import ENDED


def of(incident: Incident, *, at: datetime) -> gates.Facts:
    """The facts at this moment. Reads rows; decides nothing."""
    review = getattr(incident, "review_facts", None)
    said = _said(incident)
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
        soak_left=_soak_left(incident, said["soak_minutes"], at),
        tasks=_tasks_by_phase(incident),
        review_missing=tuple(review.missing) if review else ("the review is not open",),
        review_approved=bool(review and review.approved_at),
        partners_unconfirmed=_unconfirmed(incident, at),
        **said,
        **_counted(incident),
    )


def _supported(incident: Incident, axes: dict[str, int | None]) -> int:
    """How many axes rest on something that was said of the very value they have."""
    said = {basis.axis: basis.value for basis in incident.bases.all()}
    return sum(value is not None and said.get(axis) == value for axis, value in axes.items())


def _tasks_by_phase(incident: Incident) -> dict[str, tuple[int, int]]:
    """Phase → how many tasks have ended, and of how many."""
    ended = Count("id", filter=ENDED)
    rows = incident.tasks.order_by().values("phase").annotate(total=Count("id"), ended=ended)
    return {row["phase"]: (row["ended"], row["total"]) for row in rows}


def _counted(incident: Incident) -> dict[str, Any]:
    """What belongs to the incident, by what the gates ask of it: one query."""
    newest = incident.checks.values("name").annotate(newest=Max("id")).values("newest")
    told = incident.involvements.filter(copies__sent_at__isnull=False)
    decided = incident.involvements.exclude(decision="")
    if incident.severity != 4:  # decided for the digest while it was one, and due anew
        decided = decided.exclude(decision=Involvement.Decision.DIGEST)
    owed = incident.involvements.filter(decision=Involvement.Decision.NOTIFY)
    moved = incident.systems.exclude(state="affected")
    parts: dict[str, QuerySet[Any]] = {
        "clocks_open": incident.regulatory_clocks.filter(outcome=""),
        "alerts_firing": incident.alerts.filter(resolved_at=None),
        "evidence": incident.evidence.all(),
        "fixes_proposed": incident.fixes.filter(state="proposed"),
        "fixes_approved": incident.fixes.filter(state__in=["approved", "accepted"]),
        "checks": incident.checks.all(),
        "checks_failed": incident.checks.filter(pk__in=newest, passed=False),
        "reconciliations": incident.reconciliations.all(),
        "systems": incident.systems.all(),
        "systems_affected": incident.systems.filter(state="affected"),
        "systems_unproven": moved.filter(how=""),
        "systems_restored": incident.systems.filter(state="restored"),
        "partners": incident.involvements.all(),
        "partners_decided": decided,
        "partners_owed": owed.exclude(pk__in=told.values("pk")),
        "partners_told": told,
        "partners_cleared": incident.involvements.filter(
            copies__kind="all_clear", copies__sent_at__isnull=False
        ),
    }
    counted = [
        Subquery(
            rows.order_by().values("incident").annotate(n=Count("pk", distinct=True)).values("n")
        )
        for rows in parts.values()
    ]
    row = Incident.objects.filter(pk=incident.pk).values_list(*counted).get()
    return {name: number or 0 for name, number in zip(parts, row, strict=True)}


def _said(incident: Incident) -> dict[str, Any]:
    """What was signed and waived and still counts, and the soak of this severity: one query.

    A step back asks for signatures and waivers again.
    """
    statements, waived, minutes = (
        Incident.objects.filter(pk=incident.pk)
        .values_list(
            ArraySubquery(
                incident.statements.order_by().values(row=JSONObject(key="key", stay="stay"))
            ),
            ArraySubquery(incident.waivers.filter(stay=incident.stay).order_by().values("gate")),
            Subquery(
                SeverityRule.objects.filter(severity=incident.severity).values("soak_minutes")[:1]
            ),
        )
        .get()
    )
    return {
        "statements": incident.signed((row["key"], row["stay"]) for row in statements),
        "waivers": frozenset(waived),
        "soak_minutes": minutes or 0,
    }


def _soak_left(incident: Incident, minutes: int, at: datetime) -> int:
    """Whole minutes that service still has to stay in band, rounded up."""
    if incident.recovered_at is None:
        return 0
    over_at = soak.soak_over_at(incident.recovered_at, minutes)
    return max(0, math.ceil((over_at - at) / timedelta(minutes=1)))


def _unconfirmed(incident: Incident, at: datetime) -> tuple[str, ...]:
    """The partners who have not confirmed that they are served again, once it matters."""
    if incident.phase != Phase.RECOVERY:
        return ()
    return confirming.partners_unconfirmed(incident, at).names
