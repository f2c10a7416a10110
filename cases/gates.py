"""Gates: what must be true before a move, each with its words. Imports no model.

The page, the refusal and the FSM's conditions all read this one table. `statement` names what the
commander may sign instead where the table of the framework allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from incidentdesk.kernel.errors import GateNotMet


@dataclass(frozen=True)
class Facts:
    """What the gates ask about an incident, counted by the database."""

    has_category: bool
    is_confirmed: bool
    is_evaluated: bool
    has_times: bool
    has_commander: bool
    has_cause: bool
    is_recovered: bool
    systems: int
    systems_affected: int
    systems_restored: int
    partners: int
    partners_told: int
    partners_cleared: int
    alerts_firing: int
    tasks: Mapping[str, tuple[int, int]]  # phase → (ended, total)
    statements: frozenset[str]
    review_missing: tuple[str, ...]
    review_approved: bool


class HasFacts(Protocol):
    """Anything that can say its facts; in practice the incident."""

    def facts(self) -> Facts:
        """The facts now."""


@dataclass(frozen=True)
class Gate:
    """One condition of a move. `do` is the dialog in which it is met."""

    key: str
    words: str
    met: Callable[[Facts], bool]
    progress: Callable[[Facts], str] = lambda facts: ""
    do: str = ""
    statement: str = ""


@dataclass(frozen=True)
class Checked:
    """A gate held against the facts."""

    gate: Gate
    is_met: bool
    progress: str

    @property
    def words(self) -> str:
        """The gate's words with how far it is."""
        return f"{self.gate.words} ({self.progress})" if self.progress else self.gate.words


def _tasks(phase: str) -> Gate:
    """All tasks of a phase have ended."""

    def counts(facts: Facts) -> tuple[int, int]:
        return facts.tasks.get(phase, (0, 0))

    return Gate(
        f"{phase}_tasks",
        f"Every {phase} task done, or waived with a reason",
        lambda facts: counts(facts)[0] == counts(facts)[1],
        lambda facts: "{} of {}".format(*counts(facts)) if counts(facts)[1] else "",
        do="end_tasks",
    )


# What the commander may sign: key → the words that the signature stands under.
STATEMENTS: dict[str, str] = {
    "no_systems": "No system is affected",
    "no_partners": "No partner is affected",
    "not_isolated": "Not every affected system can or need be isolated",
    "no_growth": "The incident no longer grows",
    "notice_not_needed": "Partners need no notice",
    "fix_approved": "The fix has a change reference, a second person's approval and a way back",
    "reconciled": "Data were reconciled; differences are zero or listed",
    "all_clear_not_needed": "Partners need no all-clear",
}

TABLE: dict[str, tuple[Gate, ...]] = {
    "begin_containment": (
        Gate("category", "Category set", lambda f: f.has_category, do="evaluate"),
        Gate("nature", "Nature confirmed", lambda f: f.is_confirmed, do="evaluate"),
        Gate(
            "axes",
            "Impact, scope and urgency answered",
            lambda f: f.is_evaluated,
            do="evaluate",
        ),
        Gate(
            "times",
            "Known when it occurred, was detected, and we became aware",
            lambda f: f.has_times,
            do="evaluate",
        ),
        Gate(
            "systems",
            "Affected systems listed, or none signed",
            lambda f: f.systems > 0,
            do="add_system",
            statement="no_systems",
        ),
        Gate(
            "partners",
            "Affected partners listed, or none signed",
            lambda f: f.partners > 0,
            do="add_partner",
            statement="no_partners",
        ),
        Gate("commander", "Commander named", lambda f: f.has_commander, do="take_command"),
    ),
    "begin_mitigation": (
        _tasks("containment"),
        Gate(
            "isolated",
            "Every affected system isolated, or a reason why not",
            lambda f: f.systems_affected == 0,
            lambda f: f"{f.systems - f.systems_affected} of {f.systems}",
            do="isolate",
            statement="not_isolated",
        ),
        Gate(
            "no_growth",
            "Signed that it no longer grows",
            lambda f: False,
            statement="no_growth",
        ),
        Gate(
            "notified",
            "Affected partners notified, or signed why not",
            lambda f: f.partners_told == f.partners,
            lambda f: f"{f.partners_told} of {f.partners}" if f.partners else "",
            do="draft_notice",
            statement="notice_not_needed",
        ),
    ),
    "begin_recovery": (
        _tasks("mitigation"),
        Gate(
            "cause", "Cause or best hypothesis recorded", lambda f: f.has_cause, do="record_cause"
        ),
        Gate(
            "fix",
            "Signed that the fix is referenced, approved by a second person, and reversible",
            lambda f: False,
            statement="fix_approved",
        ),
    ),
    "begin_review": (
        _tasks("recovery"),
        Gate(
            "restored",
            "Every affected system restored",
            lambda f: f.systems_restored == f.systems,
            lambda f: f"{f.systems_restored} of {f.systems}" if f.systems else "",
            do="restore",
        ),
        Gate(
            "alerts",
            "Every alert cleared",
            lambda f: f.alerts_firing == 0,
            lambda f: f"{f.alerts_firing} still firing" if f.alerts_firing else "",
            do="clear_alerts",
        ),
        Gate("recovered", "Time of recovery recorded", lambda f: f.is_recovered, do="recovered"),
        Gate(
            "reconciled",
            "Signed that data were reconciled",
            lambda f: False,
            statement="reconciled",
        ),
        Gate(
            "all_clear",
            "All-clear sent to the partners, or signed why not",
            lambda f: f.partners_cleared == f.partners,
            lambda f: f"{f.partners_cleared} of {f.partners}" if f.partners else "",
            do="draft_notice",
            statement="all_clear_not_needed",
        ),
    ),
    "close": (
        Gate(
            "review_complete",
            "Review complete",
            lambda f: not f.review_missing,
            lambda f: ", ".join(f.review_missing),
        ),
        Gate(
            "review_approved",
            "Review approved by someone who did not command",
            lambda f: f.review_approved,
        ),
    ),
}


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
    """Every gate of `move` held against the facts; a move without gates has none."""
    return [
        Checked(
            gate,
            (met := gate.met(facts) or bool(gate.statement and gate.statement in facts.statements)),
            "" if met else gate.progress(facts),
        )
        for gate in TABLE.get(move, ())
    ]


def require(move: str, subject: HasFacts, *, words: str) -> None:
    """Raise GateNotMet naming every gate of `move` that is not met; `words` name the move."""
    unmet = [checked.words for checked in check(move, subject.facts()) if not checked.is_met]
    if unmet:
        raise GateNotMet(words, unmet)


def open_for(move: str) -> Callable[[Any], bool]:
    """The gates of `move` as one condition for the FSM."""

    def condition(subject: Any) -> bool:
        return all(checked.is_met for checked in check(move, subject.facts()))

    condition.__name__ = f"gates_of_{move}"
    return condition
