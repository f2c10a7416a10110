"""The fenced blocks of a page of the documentation, so that tests can run what it tells to type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[1] / "docs"
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block: its language, its text, and the line on which it begins."""

    language: str
    text: str
    line: int


def blocks(page: str, language: str = "sh") -> list[Block]:
    """All blocks of this language on a page of docs/, in the order in which they stand."""
    return blocks_of((DOCS / page).read_text(encoding="utf-8"), language)


def blocks_of(text: str, language: str = "sh") -> list[Block]:
    """The same of a text."""
    found = []
    for match in _FENCE.finditer(text):
        indent, named, body = match.groups()
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        found.append(Block(named, "\n".join(lines), text.count("\n", 0, match.start()) + 1))
    return [block for block in found if block.language == language]
