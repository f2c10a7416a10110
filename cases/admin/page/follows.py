"""What would follow from an evaluation, as the dialog says it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cases.admin.page import moments
from cases.bases import LABELS
from cases.consequences import Ahead, Consequences
from cases.models import Target
from cases.severity import ASSUMED

_UNITS = {"minutes": "min", "calendar_days": "days", "business_days": "business days"}


def words(found: Consequences, now: datetime) -> dict[str, Any]:
    """The template's context."""
    return {
        "severity": found.severity,
        "why": found.why,
        "moves": _moves(found),
        "open": [_open(axis) for axis in found.open_axes],
        "warning": _warning(found),
        "pages": _pages(found),
        "clocks": [(_label(one), _when(one, now)) for one in found.deadlines],
        "notice": _notice(found, now),
    }


def _moves(found: Consequences) -> str:
    if found.severity == found.before:
        return "as it is"
    return f"{'worse' if found.severity < found.before else 'milder'} than SEV-{found.before} now"


def _open(axis: str) -> str:
    return f"{LABELS[axis]} is open and counts as {axis[0].upper()}{ASSUMED[axis]}"


def _warning(found: Consequences) -> str:
    if not found.needs_commander:
        return ""
    if found.is_allowed:
        return f"This lowers {found.lowers}; say why in the reason."
    return f"This lowers {found.lowers}; only a commander can, with a reason."


def _pages(found: Consequences) -> list[str]:
    name = f"Path {found.path}" if found.path else "No path fits"
    happens = "What runs already goes on."
    if found.begins_anew:
        happens = "It begins anew at once."
    elif found.is_acknowledged:
        happens = "It is acknowledged, so nobody is paged anew."
    return [f"{name}. {happens}", *found.steps]


def _label(one: Ahead) -> str:
    return one.target.get_kind_display()


def _when(one: Ahead, now: datetime) -> str:
    if one.met_at:
        return f"met {moments.short(one.met_at, now)}"
    if one.due_at is None:
        return _limit(one.target)
    due = f"by {moments.short(one.due_at, now)}"
    if one.was_due_at and one.was_due_at != one.due_at:
        return f"{due} (was {moments.short(one.was_due_at, now)})"
    return due


def _limit(target: Target) -> str:
    unit = _UNITS[target.counting]
    return f"{target.amount} {unit} after {target.get_anchor_display()}"


def _notice(found: Consequences, now: datetime) -> str:
    if found.is_notice_signed_away:
        return "none: signed that partners need none"
    if found.notice is None:
        return "no first notice is due at this severity"
    if found.notice.met_at:
        return _when(found.notice, now)
    whom = "every affected partner; none is listed yet"
    if found.partners:
        whom = "the affected partner" if found.partners == 1 else f"{found.partners} partners"
    return f"{_when(found.notice, now)}, to {whom}"
