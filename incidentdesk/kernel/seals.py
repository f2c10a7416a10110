"""The audit trail's chain: putting seals under its lines, and verifying that they still fit.

Sealing never holds anybody up. A line gets its number when it is written and is seen when its
transaction ends, so a higher number may be seen first: a stretch is sealed only once everybody
who was writing when its last line was seen has ended. Nothing can come between its lines then.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, QuerySet, TextField
from django.db.models.functions import Cast

from incidentdesk.kernel import trail
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.hashing import sha256, stamp
from incidentdesk.kernel.models import AuditEvent, AuditSeal
from incidentdesk.kernel.trail import Line, Mark

A_SEAL = 1_000  # lines at most
PATIENCE = 5.0  # seconds for those who are writing; after that the next run tries again
OLD = "audittrail:old"  # about this is the line that says up to which seal lines were let go of
# A writer locks the table before the line has its number, and until the transaction ends.
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'kernel_auditevent'::regclass AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND pid IS DISTINCT FROM pg_backend_pid()
"""
_A_PAGE = 20  # seals in memory at once; one with all its lines has 80 KB
_EXPORTED = re.compile(r'^\{"seal": \{"number": (\d{1,12}), .*"hash": "([0-9a-f]{64})"\}\}$', re.M)
_TOLD = re.compile(r"Audit seal:\s*(\d{1,12})\b.*?\bSeal hash:\s*([0-9a-f]{64})\b", re.S)


# --- sealing --------------------------------------------------------------------------------------


def seal(*, at: datetime, most: int = 1_000) -> int:
    """Seal what nobody can add to any more, in at most so many seals. Answers how many it took.

    Not inside a transaction: what is committed meanwhile has to be seen.
    """
    last = AuditEvent.objects.aggregate(n=Max("id"))["n"] or 0
    newest = newest_seal()
    if last <= (newest.last_id if newest else 0) or not _writers_ended():
        return 0
    made = 0
    while made < most and _add(last, at=at):
        made += 1
    return made


def _writers_ended() -> bool:
    """Wait for those who are writing now; not for who comes after them."""
    writing, until = _writers(), time.monotonic() + PATIENCE
    while writing & _writers():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS)
        return {name for (name,) in cursor.fetchall()}


def _add(last: int, *, at: datetime) -> bool:
    """One more seal over lines up to `last`; False if there are none, or another was faster."""
    try:
        with transaction.atomic(durable=True):
            before = newest_seal()
            after = before.last_id if before else 0
            lines = read(after, last, most=A_SEAL)
            if lines:
                _write(lines, before, at=at)
    except IntegrityError:  # the number is given once
        return False
    return bool(lines)


def _write(lines: list[Line], before: AuditSeal | None, *, at: datetime) -> None:
    covers = trail.covered(lines)
    seal = AuditSeal(
        number=before.number + 1 if before else 1,
        sealed_at=at,
        after_id=before.last_id if before else 0,
        last_id=lines[-1].id,
        begin_at=min(line.at for line in lines),
        end_at=max(line.at for line in lines),
        lines=len(lines),
        lines_hash=sha256(covers),
        previous_hash=before.hash if before else "",
        covers=covers,
    )
    seal.hash = mark(seal).hash
    seal.save(force_insert=True)


# --- reading --------------------------------------------------------------------------------------


def read(after: int, last: int, *, most: int) -> list[Line]:
    """The lines behind one and up to another, by their numbers."""
    rows = AuditEvent.objects.filter(pk__gt=after, pk__lte=last).order_by("pk")
    rows = rows.annotate(text=Cast("detail", TextField()))
    names = [name for name in Line._fields if name != "detail"]
    return [Line(*row) for row in rows.values_list(*names, "text")[:most]]


def newest_seal() -> AuditSeal | None:
    """The last one made."""
    return AuditSeal.objects.order_by("-number").defer("covers").first()


def unsealed() -> QuerySet[AuditEvent]:
    """The lines that have no seal yet."""
    newest = newest_seal()
    return AuditEvent.objects.filter(pk__gt=newest.last_id if newest else 0)


def walk(first: int, last: int) -> Iterator[AuditSeal]:
    """The seals from one number to another, in order, a few in memory at once."""
    while True:
        rows = AuditSeal.objects.filter(number__gte=first, number__lte=last).order_by("number")
        page = list(rows[:_A_PAGE])
        yield from page
        if len(page) < _A_PAGE:
            return
        first = page[-1].number + 1


def mark(seal: AuditSeal) -> Mark:
    """What a seal's hash covers."""
    return Mark(
        number=seal.number,
        sealed_at=stamp(seal.sealed_at),
        after_id=seal.after_id,
        last_id=seal.last_id,
        begin_at=stamp(seal.begin_at),
        end_at=stamp(seal.end_at),
        lines=seal.lines,
        lines_hash=seal.lines_hash,
        previous_hash=seal.previous_hash,
    )


# --- verifying ------------------------------------------------------------------------------------


class Broken(NamedTuple):
    """A seal that is not as it was, or whose lines are not; `words` say what comes first."""

    number: int
    words: str


def faults(first: int = 1, last: int | None = None) -> Iterator[Broken]:
    """What is wrong with each broken seal from one number to another, in words; of lines, the first
    that is not as it was. It reads and never writes."""
    newest = newest_seal()
    end = min(last or newest.number, newest.number) if newest else 0
    before = AuditSeal.objects.filter(number=first - 1).first()
    gone, number = let_go(), first - 1
    if before is None and 1 < first <= end + 1:
        yield missing(number)
    for seal in walk(first, end):
        number += 1
        if seal.number != number:
            yield missing(number)
            number, before = seal.number, None
        if said := _fault(seal, before, is_gone=number <= gone):
            yield Broken(number, f"Seal {number} of the audit trail: {said}")
        before = seal
    if number < end:
        yield missing(number + 1)


def missing(number: int) -> Broken:
    """A seal that was taken out; of some in a row, the first."""
    return Broken(number, f"Seal {number} of the audit trail is missing.")


def let_go() -> int:
    """The seal up to which lines were let go of, as the trail itself says; 0 if all are kept."""
    line = AuditEvent.objects.filter(about=OLD).order_by("-id").first()
    number = line.detail.get("up_to") if line else 0
    return number if isinstance(number, int) else 0


def _fault(seal: AuditSeal, before: AuditSeal | None, *, is_gone: bool) -> str:
    known = (before.hash, before.last_id) if before else ("", 0)
    if (before or seal.number == 1) and (seal.previous_hash, seal.after_id) != known:
        return "it does not follow from the one before it."
    if sha256(seal.covers) != seal.lines_hash or mark(seal).hash != seal.hash:
        return "it was changed itself."
    if is_gone:
        return ""
    lines = read(seal.after_id, seal.last_id, most=seal.lines + 1)
    return trail.first_fault(seal.covers, lines)


class Told(NamedTuple):
    """A seal as somebody kept it; `label` names the file."""

    label: str
    number: int
    hash: str


def told(path: Path) -> Told:
    """The newest seal that a file names: the mail of a checkpoint, or an export of the trail."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from error
    found = [*_TOLD.findall(text), *_EXPORTED.findall(text)]
    if not found:
        raise InvalidInput(f"{path} names no seal: neither a checkpoint's mail nor an export.")
    number, value = max((int(number), value) for number, value in found)
    return Told(path.name, number, value)


def fault_against(kept: Told) -> str:
    """Whether the table still holds the seal that somebody kept; what is wrong, in words."""
    row = AuditSeal.objects.filter(number=kept.number).first()
    if row is None:
        return f"Seal {kept.number} of the audit trail is gone; {kept.label} names it."
    if row.hash != kept.hash:
        return (
            f"Seal {kept.number} of the audit trail is not the one that {kept.label} names; the "
            "trail was written anew."
        )
    return ""
