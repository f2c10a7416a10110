"""What a story of the demo consists of: plain data, no times, no people, no database."""

from __future__ import annotations

from dataclasses import dataclass

PARTNERS = {"H": "HELIX", "N": "NORRBANK", "T": "TIDEWATER"}


@dataclass(frozen=True)
class Story:
    """One incident that happened. `partners` are initials; `axes` are impact, scope, urgency.

    `by` is how it was detected: alert, pager (the second alert source), log, anomaly, staff, or
    partner (the first of `partners` reports it). A `twist` is what went otherwise than usual:
    raised, handover, stepped_back, reopened.
    """

    title: str
    category: str
    axes: tuple[int, int, int]
    systems: tuple[str, ...]
    partners: str
    meaning: str
    first: str
    clear: str
    updates: tuple[str, ...]
    cause: str
    root: str
    actions: tuple[tuple[str, str], ...]
    lesson: str
    tags: tuple[str, ...]
    by: str = "alert"
    shown: str = ""
    floors: tuple[str, ...] = ()
    tlp: str = "AMBER"
    twist: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the partners it affects."""
        return tuple(PARTNERS[initial] for initial in self.partners)

    @property
    def partner_title(self) -> str:
        """What partners read above their view of it."""
        return self.shown or self.title


@dataclass(frozen=True)
class Noise:
    """An alert or a suspicion that was none, and why; `duplicate_of` names a story by its title."""

    title: str
    category: str
    axes: tuple[int, int, int]
    reason: str
    by: str = "alert"
    duplicate_of: str = ""
