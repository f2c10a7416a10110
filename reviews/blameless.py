"""Blameless wording: what in a text points at people instead of at what let them down. Pure.

A plain hint below a text and never more: whoever writes decides. English, and short on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What is said of people → what to ask instead.
_WORDS = (
    (
        r"(?:should|could|ought to|must) (?:not )?have\b|(?:should|could)n['’]t have\b",
        "say what was known at that time",
    ),
    (r"failed to\b|neglected to\b|forgot(?:ten)?\b", "say what would have reminded or helped"),
    (r"careless\w*|negligen\w+|sloppy|lazy|stupid\w*|incompeten\w+", "say what made it likely"),
    (r"human error|operator error|user error", "say what let one slip become an incident"),
    (r"(?:to|at|his|her|their|whose|your) (?:blame|fault)\b|blam(?:ed?|ing)\b", "say what failed"),
    (r"obvious(?:ly)?\b|of course\b", "it is obvious only afterwards"),
)
_HINTS = tuple((re.compile(rf"\b(?:{found})", re.IGNORECASE), ask) for found, ask in _WORDS)


def hints(text: str, people: Iterable[str] = ()) -> list[str]:
    """A sentence for each thing in a text that may sound like blame, in its order.

    `people` are the names of those who work at the desk: a role says more than a name.
    """
    found: dict[str, int] = {}
    for pattern, ask in _HINTS:
        for match in pattern.finditer(text):
            found.setdefault(f"“{_plain(match[0])}”: {ask}.", match.start())
    for name in named(text, people):
        said = f"It names {name}: say which role, and what they could see."
        found.setdefault(said, text.casefold().find(name.casefold()))
    return sorted(found, key=lambda sentence: found[sentence])


def named(text: str, people: Iterable[str]) -> list[str]:
    """The people whose whole name stands in a text, in any case."""
    seen = " ".join(text.split())
    return [
        name
        for name in dict.fromkeys(people)
        if name.strip() and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", seen, re.IGNORECASE)
    ]


def _plain(words: str) -> str:
    return " ".join(words.split()).lower()
