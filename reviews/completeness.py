"""What a review needs before it may be approved, in words. Pure; one table, like the gates of cases.

The page lists it, the refusal names what lacks, and the incident's gate `Review complete` shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

GRAVE = (1, 2)  # severities whose review agrees at least one action that prevents a return


@dataclass(frozen=True)
class Facts:
    """What is asked about a review, counted by the database. Dropped actions do not count."""

    severity: int
    has_root_cause: bool
    has_contributing_factors: bool
    has_no_documents_reason: bool
    controls: int
    actions: int
    preventing: int
    documents: int
    lessons: int


@dataclass(frozen=True)
class Requirement:
    """One thing a complete review has: its words when listed, what lacks, and the dialog for it."""

    words: str
    lacks: str
    met: Callable[[Facts], bool]
    do: str


@dataclass(frozen=True)
class Checked:
    """A requirement held against the facts."""

    requirement: Requirement
    is_met: bool


TABLE = (
    Requirement("Root cause written", "no root cause", lambda f: f.has_root_cause, "write"),
    Requirement(
        "Contributing factors written",
        "no contributing factors",
        lambda f: f.has_contributing_factors,
        "write",
    ),
    Requirement(
        "At least one control or policy looked at",
        "no control or policy looked at",
        lambda f: f.controls > 0,
        "add_control",
    ),
    Requirement(
        "At least one preventive action, with owner and due day",
        "no preventive action agreed",
        lambda f: f.actions > 0,
        "agree",
    ),
    Requirement(
        "At least one action of kind “prevent” (SEV-1 and SEV-2)",
        "no action of kind “prevent” agreed",
        lambda f: f.preventing > 0 or f.severity not in GRAVE,
        "agree",
    ),
    Requirement(
        "Documents to update listed, or said why none is",
        "no document listed, and not said why none needs updating",
        lambda f: f.documents > 0 or f.has_no_documents_reason,
        "add_document",
    ),
    Requirement("At least one lesson", "no lesson", lambda f: f.lessons > 0, "add_lesson"),
)


def check(facts: Facts) -> list[Checked]:
    """Every requirement that applies at this severity, held against the facts."""
    return [
        Checked(requirement, requirement.met(facts))
        for requirement in TABLE
        if "SEV-1" not in requirement.words or facts.severity in GRAVE
    ]


def lacking(facts: Facts) -> list[str]:
    """What lacks, in words; empty when the review may be approved."""
    return [checked.requirement.lacks for checked in check(facts) if not checked.is_met]
