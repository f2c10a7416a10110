"""Fixes and recovery as the incident's page lists them: what stands, and what is still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from cases import confirming, soak
from cases.admin.page import moments
from cases.admin.page.progress import Clock
from cases.models import Fix, Incident, Phase, SeverityRule
from incidentdesk.kernel import clocks

STATE_COLOURS = {"proposed": "warn", "approved": "ok", "withdrawn": "mute"}


@dataclass(frozen=True)
class FixRow:
    """One fix in words."""

    fix: Fix
    colour: str
    until: str


def fixes(incident: Incident, now: datetime) -> dict[str, Any]:
    """The fixes, the newest first. One query."""
    found = incident.fixes.select_related("owner", "proposed_by", "approved_by", "replaced_by")
    return {"fixes": [_fix(fix, now) for fix in found.order_by("-id")]}


def _fix(fix: Fix, now: datetime) -> FixRow:
    if fix.is_overdue(now.date()):
        return FixRow(fix, "bad", f"expired {fix.expires_on:%-d %b %Y}, overdue")
    until = f"expires {fix.expires_on:%-d %b %Y}" if fix.expires_on and fix.is_open else ""
    return FixRow(fix, STATE_COLOURS.get(fix.state, ""), until)


def soaking(incident: Incident, now: datetime) -> list[Clock]:
    """How long service still has to stay in band, while it is in Recovery. One query then."""
    if incident.phase != Phase.RECOVERY or incident.recovered_at is None:
        return []
    minutes = _minutes(incident)
    over = soak.soak_over_at(incident.recovered_at, minutes)
    foot = f"until {moments.short(over, now)} · {clocks.words(timedelta(minutes=minutes))} in band"
    if over <= now:
        return [Clock("Soak", "met", "over", foot.replace("until", "since", 1))]
    return [Clock("Soak", "", f"{clocks.words(over - now)} left", foot)]


def _minutes(incident: Incident) -> int:
    rules = SeverityRule.objects.filter(severity=incident.severity)
    return rules.values_list("soak_minutes", flat=True).first() or 0


def recovery(incident: Incident, now: datetime) -> dict[str, Any]:
    """Checks, reconciliations, what partners confirmed. Nine queries at most."""
    checks = incident.checks.select_related("checked_by").order_by("-id")
    compared = incident.reconciliations.select_related("done_by").order_by("-id")
    waiting = set(confirming.partners_unconfirmed(incident, now).names)
    began = confirming.recovery_began(incident)
    return {
        "checks": [(row, moments.short(row.checked_at, now)) for row in _newest(checks, "name")],
        "reconciliations": [
            (row, moments.short(row.done_at, now)) for row in _newest(compared, "what")
        ],
        "soak": soaking(incident, now),
        "confirmations": [
            {
                "involvement": row,
                "confirmed": moments.short(row.recovery_confirmed_at, now)
                if row.recovery_confirmed_at and confirming.has_confirmed(row, began)
                else "",
                "is_waiting": row.partner.name in waiting,
            }
            for row in incident.involvements.select_related("partner")
        ],
    }


class _Row(Protocol):
    pk: Any


Row = TypeVar("Row", bound=_Row)


def _newest(rows: Iterable[Row], name: str) -> list[Row]:
    """The newest of each name counts; older ones stay on the timeline."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(str(getattr(row, name)).casefold(), row)
    return list(found.values())
