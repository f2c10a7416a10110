"""What the seals of the audit trail cover, and whether lines are those that a seal saw. Pure.

Lines are written freely, many at once; a seal is put under a stretch of them a little later, and
each seal names the one before it. `docs/audit.md` has it as a recipe without the desk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from incidentdesk.kernel.hashing import listed, sha256, stamp


class Line(NamedTuple):
    """A line of the audit trail; `detail` is its JSON as the database writes it."""

    id: int
    at: datetime
    actor: str
    user_id: int | None
    action: str
    about: str
    detail: str

    @property
    def digest(self) -> str:
        """One hash over all of it."""
        who: list[object] = [self.actor, self.user_id]
        return sha256(listed([self.id, stamp(self.at), *who, self.action, self.about, self.detail]))


class Mark(NamedTuple):
    """What a seal's hash covers, in this order; times as `stamp` writes them."""

    number: int
    sealed_at: str
    after_id: int
    last_id: int
    begin_at: str
    end_at: str
    lines: int
    lines_hash: str
    previous_hash: str

    @property
    def hash(self) -> str:
        """The seal's own hash."""
        return sha256(listed(list(self)))


def covered(lines: Iterable[Line]) -> str:
    """What a seal keeps of its lines, `<id> <digest>` each; `lines_hash` is the hash over this."""
    return "".join(f"{line.id} {line.digest}\n" for line in lines)


def first_fault(covers: str, lines: Iterable[Line]) -> str:
    """The first line that is not as the seal saw it, in words; empty if all are."""
    seen = deque(pair.split(" ") for pair in covers.splitlines())
    for line in lines:
        number, digest = (int(seen[0][0]), seen[0][1]) if seen else (0, "")
        if seen and number < line.id:
            return f"line {number} is missing."
        if number != line.id:
            return f"line {line.id} was added afterwards."
        if digest != line.digest:
            return f"line {number} was changed."
        seen.popleft()
    return f"line {seen[0][0]} is missing." if seen else ""
