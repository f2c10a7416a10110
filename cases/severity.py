"""Severity: impact × scope × urgency, and floors. Pure; the source is the framework's matrix.

SEV-1 is the worst. An axis that is not answered yet counts as the value above the middle of its
axis (I3, S3, U3) and is shown as assumed until somebody answers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

IMPACTS = [
    (4, "I4 critical: wrong or lost orders at a venue, wrong record of truth, live keys held"),
    (3, "I3 high: orders cannot be entered, stale prices in use, a partner's key leaked"),
    (2, "I2 moderate: latency or rejects beyond objective, unconfirmed access, late files"),
    (1, "I1 low: redundancy lost without effect, blocked attack, cosmetic fault"),
]
SCOPES = [
    (4, "S4: over 30 % of partners, a shared critical component, or several venues"),
    (3, "S3: two or more partners, over 10 % of one partner's clients, or one venue"),
    (2, "S2: exactly one partner, or one non-critical component"),
    (1, "S1: internal only, no partner sees it"),
]
URGENCIES = [
    (3, "U3 now: harm grows by the minute"),
    (2, "U2 today: harm grows in hours"),
    (1, "U1 later: stable or fully contained"),
]
# For the value that is not known: what is assumed until it is answered.
UNKNOWN_IMPACT, UNKNOWN_SCOPE, UNKNOWN_URGENCY = 3, 3, 3

# MATRIX[urgency][impact] = severity at scope S1, S2, S3, S4
MATRIX: dict[int, dict[int, tuple[int, int, int, int]]] = {
    3: {4: (1, 1, 1, 1), 3: (2, 2, 1, 1), 2: (3, 3, 2, 2), 1: (4, 4, 3, 3)},
    2: {4: (2, 1, 1, 1), 3: (3, 2, 2, 1), 2: (4, 3, 3, 2), 1: (4, 4, 4, 3)},
    1: {4: (2, 2, 2, 1), 3: (3, 3, 2, 2), 2: (4, 4, 3, 3), 1: (4, 4, 4, 4)},
}


@dataclass(frozen=True)
class Floor:
    """A fact that keeps the severity at `severity` or worse, whatever the matrix says."""

    key: str
    words: str
    severity: int


FLOORS: dict[str, Floor] = {
    floor.key: floor
    for floor in (
        Floor("erroneous_orders", "erroneous orders reached a venue", 1),
        Floor("downtime_2h", "downtime is heading past two hours", 1),
        Floor("production_access", "unauthorised access to production is confirmed", 2),
        Floor("down_30_min", "a critical service was fully down for over 30 minutes", 2),
        Floor("ten_percent", "over 10 % of a partner's clients or transactions", 2),
        Floor("personal_data", "a breach of personal data is suspected", 3),
    )
}
FLOOR_CHOICES = [(floor.key, floor.words) for floor in FLOORS.values()]


@dataclass(frozen=True)
class Result:
    """A computed severity and, in words, where it comes from."""

    severity: int
    why: str
    floor: Floor | None


def compute(
    impact: int | None, scope: int | None, urgency: int | None, floors: Iterable[str] = ()
) -> Result:
    """The severity (1 to 4) that matrix and floors give, with the reason."""
    i, s, u = impact or UNKNOWN_IMPACT, scope or UNKNOWN_SCOPE, urgency or UNKNOWN_URGENCY
    value = MATRIX[u][i][s - 1]
    axes = [
        f"{letter}{known if known else f'{assumed} (assumed)'}"
        for letter, known, assumed in (("I", impact, i), ("S", scope, s), ("U", urgency, u))
    ]
    why = " × ".join(axes)
    standing = [FLOORS[key] for key in floors if key in FLOORS]
    floor = min(standing, key=lambda f: f.severity, default=None)
    if floor and floor.severity < value:
        return Result(floor.severity, f"{why}, raised to the floor: {floor.words}", floor)
    return Result(value, why, floor)
