"""Gates: what must be true before a move, each with its words. Imports no model.

The page, the refusal and the lifecycle all read the one table. A move is made in two steps that
only belong together: `require` holds every gate against the facts and marks the incident as let
through; the transition refuses an incident that does not carry that mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from cases.gates.rule import Checked, Facts, Gate
from cases.gates.table import STATEMENTS, TABLE
from incidentdesk.kernel.errors import GateNotMet

__all__ = [
    "STATEMENTS",
    "TABLE",
    "Checked",
    "Facts",
    "Gate",
    "check",
    "in_force",
    "let_through",
    "require",
]


class Subject(Protocol):
    """What moves; in practice the incident."""

    let_through_to: str


# Which phase, counted from the first, a statement is about: the one that its gate's move leaves.
_ABOUT = {
    gate.statement: step
    for step, gates in enumerate(TABLE.values())
    for gate in gates
    if gate.statement
}


def in_force(signed: Iterable[tuple[str, int]], *, stay: int, step: int) -> frozenset[str]:
    """Of the statements (key and stay in which it was signed), those that count.

    In the phase `step` and for what lies ahead only those of the present `stay`: a step back asks
    for them anew. What was signed for phases that lie behind goes on counting.
    """
    return frozenset(key for key, then in signed if then == stay or _ABOUT.get(key, step) < step)


def check(move: str, facts: Facts) -> list[Checked]:
    """Every gate of `move` that applies, held against the facts; some moves have none."""
    return [_held(gate, facts) for gate in TABLE.get(move, ()) if gate.applies(facts)]


def _held(gate: Gate, facts: Facts) -> Checked:
    is_met = gate.met(facts) or bool(gate.statement and gate.statement in facts.statements)
    is_waived = not is_met and gate.may_waive and gate.key in facts.waivers
    return Checked(gate, is_met, is_waived, "" if is_met or is_waived else gate.progress(facts))


def require(move: str, subject: Subject, facts: Facts, *, words: str) -> list[Checked]:
    """Raise GateNotMet naming each gate neither met nor waived; else let `subject` through.

    `words` name the move in the refusal.
    """
    checked = check(move, facts)
    unmet = [held.words for held in checked if not held.is_open]
    if unmet:
        raise GateNotMet(words, unmet)
    subject.let_through_to = move
    return checked


def let_through(move: str) -> Callable[[Any], bool]:
    """The FSM's condition of `move`: `require` just let this incident through to it."""

    def condition(subject: Any) -> bool:
        return bool(subject.let_through_to == move)

    condition.__name__ = f"gates_of_{move}"
    return condition
