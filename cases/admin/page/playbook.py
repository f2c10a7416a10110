"""What changed between two versions of a playbook, line by line; pure, and words only."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from cases.models import PlaybookTask
from cases.models.playbook import PHASES

ALIKE = 0.6  # two lines that share this much are one line, reworded
_MARKS = (
    ("needs_evidence", "evidence"),
    ("needs_second_person", "a second person"),
    ("is_partner_facing", "partner-facing"),
)


@dataclass(frozen=True)
class Change:
    """One difference: `added`, `removed`, `reworded`, `marks` or `moved`."""

    kind: str
    phase: str
    text: str
    detail: str = ""


def changes(before: Sequence[PlaybookTask], after: Sequence[PlaybookTask]) -> list[Change]:
    """Every difference, phase by phase, in the order of the newer version."""
    found = []
    for phase, label in PHASES:
        old = [line for line in before if line.phase == phase]
        new = [line for line in after if line.phase == phase]
        found += _of_phase(label, old, new)
    return found


def _of_phase(label: str, old: Sequence[PlaybookTask], new: Sequence[PlaybookTask]) -> list[Change]:
    by_text = {line.text: line for line in old}
    texts = {line.text for line in new}
    gone = {text: line for text, line in by_text.items() if text not in texts}
    stayed = _in_order(
        [t for t in by_text if t in texts], [x.text for x in new if x.text in by_text]
    )
    found = []
    for place, line in enumerate(new, start=1):
        former = by_text.get(line.text)
        if former is None:
            alike = difflib.get_close_matches(line.text, list(gone), n=1, cutoff=ALIKE)
            former = gone.pop(alike[0]) if alike else None
            kind, detail = ("reworded", former.text) if former else ("added", "")
            found.append(Change(kind, label, line.text, detail))
        elif line.text not in stayed:
            found.append(Change("moved", label, line.text, f"to place {place}"))
        if former is not None and (words := _marks(former, line)):
            found.append(Change("marks", label, line.text, words))
    return found + [Change("removed", label, text) for text in gone]


def _in_order(old: list[str], new: list[str]) -> set[str]:
    """The lines that kept their order among those that are in both."""
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return {text for block in blocks for text in new[block.b : block.b + block.size]}


def _marks(old: PlaybookTask, new: PlaybookTask) -> str:
    """Which marks came and which went."""
    pairs = [(getattr(old, name), getattr(new, name), words) for name, words in _MARKS]
    came = [f"now {words}" for was, now, words in pairs if now and not was]
    went = [f"no longer {words}" for was, now, words in pairs if was and not now]
    return ", ".join(came + went)
