"""What a review needs before it may be approved, in words. Pure; one table, like `cases.gates`.

The page lists it, the refusal names what lacks, and so does the gate `Review complete` of the
incident.
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
    is_led_by_another: bool  # than its commander
    rooted: int  # causes that are marked as root causes
    looked_at: int  # controls and policies
    agreed: int  # actions
    preventing: int  # of them
    listed: int  # documents
    undone: int  # of them
    learned: int  # lessons


@dataclass(frozen=True)
class Requirement:
    """One thing a complete review has: its words, what lacks without it, and the dialogs for it."""

    words: str
    lacks: str
    met: Callable[[Facts], bool]
    ways: tuple[str, ...]
    applies: Callable[[Facts], bool] = lambda facts: True


@dataclass(frozen=True)
class Checked:
    """A requirement held against the facts."""

    requirement: Requirement
    is_met: bool


TABLE = (
    Requirement(
        "Facilitator named who does not command (SEV-1 and SEV-2)",
        "no facilitator who does not command",
        lambda f: f.is_led_by_another,
        ("write",),
        applies=lambda f: f.severity in GRAVE,
    ),
    Requirement(
        "Whys asked down to a root cause (SEV-1 and SEV-2)",
        "no root cause marked among the whys",
        lambda f: f.rooted > 0,
        ("add_cause",),
        applies=lambda f: f.severity in GRAVE,
    ),
    Requirement("Root cause written", "no root cause", lambda f: f.has_root_cause, ("write",)),
    Requirement(
        "Contributing factors written",
        "no contributing factors",
        lambda f: f.has_contributing_factors,
        ("write",),
    ),
    Requirement(
        "At least one control or policy looked at",
        "no control or policy looked at",
        lambda f: f.looked_at > 0,
        ("add_control",),
    ),
    Requirement(
        "At least one preventive action, with owner and due day",
        "no preventive action agreed",
        lambda f: f.agreed > 0,
        ("agree",),
    ),
    Requirement(
        "At least one action of kind “prevent” (SEV-1 and SEV-2)",
        "no action of kind “prevent” agreed",
        lambda f: f.preventing > 0,
        ("agree",),
        applies=lambda f: f.severity in GRAVE,
    ),
    Requirement(
        "Documents to update listed, or said why none is",
        "no document listed, and not said why none needs updating",
        lambda f: f.listed > 0 or f.has_no_documents_reason,
        ("add_document", "no_documents"),
    ),
    Requirement(
        "Every document that is listed is updated",
        "a document not updated yet",
        lambda f: f.undone == 0,
        (),
        applies=lambda f: f.listed > 0,
    ),
    Requirement("At least one lesson", "no lesson", lambda f: f.learned > 0, ("add_lesson",)),
)


def check(facts: Facts) -> list[Checked]:
    """Every requirement that applies at this severity, held against the facts."""
    return [
        Checked(requirement, requirement.met(facts))
        for requirement in TABLE
        if requirement.applies(facts)
    ]


def lacking(facts: Facts) -> list[str]:
    """What lacks, in words; empty when the review may be approved."""
    return [checked.requirement.lacks for checked in check(facts) if not checked.is_met]
