"""What a gate is, and what it asks about an incident. Imports no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What the gates ask about an incident at one moment; `cases.facts` counts it."""

    severity: int
    has_category: bool
    is_confirmed: bool
    axes_answered: int
    axes_supported: int  # of them, with what the value rests on
    has_times: bool
    has_commander: bool
    has_cause: bool
    has_exposure: bool  # the residual exposure is named
    is_recovered: bool
    soak_minutes: int
    soak_left: int  # minutes that service still has to stay in band; 0 when it did
    systems: int
    systems_affected: int
    systems_unproven: int  # isolated or restored without a word how
    systems_restored: int
    partners: int
    partners_decided: int  # with the decision to notify it or not
    partners_owed: int  # to be notified, and not told yet
    partners_told: int
    partners_cleared: int
    partners_unconfirmed: tuple[str, ...]  # by name
    alerts_firing: int
    evidence: int
    fixes_proposed: int
    fixes_approved: int
    checks: int
    checks_failed: int
    reconciliations: int
    tasks: Mapping[str, tuple[int, int]]  # phase → (ended, total)
    statements: frozenset[str]
    waivers: frozenset[str]
    clocks_open: int  # of regulators, without an outcome
    review_missing: tuple[str, ...]
    review_approved: bool


@dataclass(frozen=True)
class Gate:
    """One condition of a move. `do` is the dialog in which it is met."""

    key: str
    words: str
    met: Callable[[Facts], bool] = lambda facts: False
    progress: Callable[[Facts], str] = lambda facts: ""
    do: str = ""
    statement: str = ""
    may_waive: bool = True
    applies: Callable[[Facts], bool] = lambda facts: True


@dataclass(frozen=True)
class Checked:
    """A gate held against the facts."""

    gate: Gate
    is_met: bool
    is_waived: bool
    progress: str

    @property
    def is_open(self) -> bool:
        """It lets the move pass."""
        return self.is_met or self.is_waived

    @property
    def words(self) -> str:
        """The gate's words with how far it is."""
        return f"{self.gate.words} ({self.progress})" if self.progress else self.gate.words
