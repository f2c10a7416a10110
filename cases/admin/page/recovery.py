"""Fixes and recovery as the incident's page lists them: what stands, and what is still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from cases import confirming, gates, soak
from cases.admin.page import moments
from cases.admin.page.progress import Clock
from cases.models import Fix, Incident, Phase
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


def soaking(incident: Incident, minutes: int, now: datetime) -> list[Clock]:
    """How long service still has to stay in band, while it is in Recovery."""
    if incident.phase != Phase.RECOVERY or incident.recovered_at is None:
        return []
    over = soak.soak_over_at(incident.recovered_at, minutes)
    foot = f"until {moments.short(over, now)} · {clocks.words(timedelta(minutes=minutes))} in band"
    if over <= now:
        return [Clock("Soak", "met", "over", foot.replace("until", "since", 1))]
    return [Clock("Soak", "", f"{clocks.words(over - now)} left", foot)]


def recovery(incident: Incident, known: gates.Facts, now: datetime) -> dict[str, Any]:
    """Checks, reconciliations, what partners confirmed."""
    checks = incident.checks.select_related("checked_by").order_by("-id")
    compared = incident.reconciliations.select_related("done_by").order_by("-id")
    waiting = set(
        known.partners_unconfirmed  # which the gates ask for in Recovery alone
        if incident.phase == Phase.RECOVERY
        else confirming.partners_unconfirmed(incident, now).names
    )
    began = confirming.recovery_began(incident)
    return {
        "checks": [(row, moments.short(row.checked_at, now)) for row in _newest(checks, "name")],
        "reconciliations": [
            (row, moments.short(row.done_at, now)) for row in _newest(compared, "what")
        ],
        "soak": soaking(incident, known.soak_minutes, now),
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
