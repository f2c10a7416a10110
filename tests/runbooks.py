"""The runbooks of the night shift, as a test reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.fenced import DOCS, blocks_of

FOLDER = DOCS / "runbooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")


@dataclass
class Runbook:
    """One page of docs/runbooks, as the night shift reads it."""

    text: str

    @classmethod
    def called(cls, name: str) -> Runbook:
        """The page of that name."""
        return cls((FOLDER / f"{name}.md").read_text(encoding="utf-8"))

    @property
    def title(self) -> str:
        """Its first line."""
        return self.text.splitlines()[0].removeprefix("# ")

    def section(self, title: str) -> str:
        """What stands below one heading."""
        return self.text.split(f"\n## {title}\n")[1].split("\n## ")[0]

    @property
    def quoted(self) -> list[str]:
        """The sentences that it says one sees, one a line that begins with `>`."""
        lines = self.text.splitlines()
        return [line[2:].strip() for line in lines if line.startswith("> ")]

    def unseen(self, shown: str) -> list[str]:
        """Those that are not shown; `…` stands for whatever differs from time to time."""
        return [one for one in self.quoted if not re.search(pattern(one), shown)]

    def commands(self, title: str) -> list[str]:
        """What it says one types, a command each."""
        text = "\n".join(block.text for block in blocks_of(self.section(title)))
        lines = text.replace("\\\n", " ").splitlines()
        return [line.partition("  # ")[0].strip() for line in lines if line.strip()]


def pattern(sentence: str) -> str:
    """A sentence as an expression; `…` is anything within a line."""
    return ".*?".join(re.escape(part) for part in sentence.split("…"))
