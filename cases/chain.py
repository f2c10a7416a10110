"""What the hashes of timelines and checkpoints cover, and whether a chain is whole. Pure.

The database computes the same on insert (`cases_chain_entry`); `docs/timeline.md` says it in a
recipe that needs nothing of the desk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from incidentdesk.kernel.hashing import listed, sha256, stamp

T = TypeVar("T")
BLANKING = "blanking"


class Line(NamedTuple):
    """An entry, as far as its chain is concerned."""

    incident_id: int
    sequence: int
    version: int
    at: datetime
    recorded_at: datetime
    kind: str
    actor: str
    user_id: int | None
    partner_id: int | None
    corrects: int | None
    body: str
    salt: str
    body_digest: str
    previous_hash: str
    hash: str


class Head(NamedTuple):
    """The newest entry of one incident: its number and hash."""

    incident_id: int
    reference: str
    sequence: int
    hash: str


def recompute(line: Line, previous_hash: str) -> tuple[str, str]:
    """The body's digest and the entry's hash as they have to be after `previous_hash`.

    Of a blanked entry nothing is left that its digest could be made from; the one that was kept
    counts, and the hash covers it.
    """
    digest = sha256(line.salt + line.body) if line.body else line.body_digest
    who: list[object] = [line.kind, line.actor, line.user_id, line.partner_id]
    covered: list[object] = [line.incident_id, line.sequence, stamp(line.at)]
    if line.version == 1:
        covered += [*who, digest, previous_hash]
    else:
        covered = [line.version, *covered, stamp(line.recorded_at), *who, line.corrects]
        covered += [digest, previous_hash]
    return digest, sha256(listed(covered))


class Known(NamedTuple):
    """What a checkpoint knows of one incident; `label` names the checkpoint."""

    label: str
    head: Head


@dataclass
class Chain:
    """One incident's chain, checked entry by entry in order of sequence."""

    reference: str
    known: list[Known] = field(default_factory=list)
    number: int = 0
    hash: str = ""
    _version: int = 1
    _fault: str = ""
    _rewritten: str = ""
    _blank: set[int] = field(default_factory=set)  # without a text, and nobody said so yet

    def add(self, line: Line) -> None:
        """The next entry. After the first fault the rest is only counted."""
        self.number += 1
        if line.kind == BLANKING:
            self._blank.discard(line.corrects or 0)
        if self._fault:
            return
        self._fault = self._wrong(line)
        self.hash, self._version = line.hash, line.version
        for known in self.known:
            if line.sequence == known.head.sequence and line.hash != known.head.hash:
                self._rewritten = (
                    f"entry {line.sequence} is not the one that {known.label} saw; the timeline "
                    "was written anew."
                )

    def _wrong(self, line: Line) -> str:
        if line.sequence != self.number:
            return f"entry {self.number} is missing."
        digest, value = recompute(line, self.hash)
        if digest != line.body_digest:
            return f"the text of entry {self.number} was changed."
        is_after = line.previous_hash == self.hash and line.version >= self._version
        if value != line.hash or not is_after:
            return f"entry {self.number} does not follow from the one before it."
        if not line.body and sha256(line.salt) != digest:
            self._blank.add(self.number)
        return ""

    def end(self, head: Head | None) -> str | None:
        """What is wrong, in words, naming the first broken entry; None if the chain is whole.

        `head` is what the database wrote down beside the chain.
        """
        said = self._fault_of_entries() or self._fault_of_heads(head)
        return f"{self.reference}: {said}" if said else None

    def _fault_of_entries(self) -> str:
        if self._blank:  # lower than the fault: entries after it were not looked at
            return f"the text of entry {min(self._blank)} was changed."
        return self._fault

    def _fault_of_heads(self, head: Head | None) -> str:
        if head is None:  # every incident opens with an entry
            return "its timeline is missing."
        if (head.sequence, head.hash) != (self.number, self.hash):
            return f"the newest entries are missing; {head.sequence} were written."
        for known in self.known:
            if known.head.sequence > self.number:
                return f"the newest entries are missing; {known.label} saw {known.head.sequence}."
        return self._rewritten


class Ordered(Generic[T]):
    """A stream of (key, value) in the order of its keys, read alongside another such stream."""

    def __init__(self, rows: Iterable[tuple[int, T]]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def before(self, key: int | None) -> Iterator[T]:
        """The values whose keys come before `key`, or all that are left."""
        while self._next is not None and (key is None or self._next[0] < key):
            yield self._next[1]
            self._next = next(self._rows, None)

    def of(self, key: int) -> Iterator[T]:
        """The values of `key`; those before it must have been read."""
        while self._next is not None and self._next[0] == key:
            yield self._next[1]
            self._next = next(self._rows, None)


class Heads:
    """One hash over all heads: a line `<incident id> <sequence> <hash>` each, ordered by id."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self.incidents = self.entries = 0

    def add(self, head: Head) -> None:
        """The next head, in order of incident."""
        self._sum.update(f"{head.incident_id} {head.sequence} {head.hash}\n".encode())
        self.incidents += 1
        self.entries += head.sequence

    @property
    def hash(self) -> str:
        """The hash over those added so far."""
        return self._sum.hexdigest()


class Mark(NamedTuple):
    """What a checkpoint's hash covers, in this order; `taken_at` as `stamp` writes it."""

    number: int
    taken_at: str
    incidents: int
    entries: int
    broken: int
    heads_hash: str
    previous_hash: str

    @property
    def hash(self) -> str:
        """The checkpoint's own hash."""
        return sha256(listed(list(self)))
