"""Checkpoints: taking one, writing it to a file, mailing it, and reading one back.

A checkpoint is what a timeline is held against when even the owner of the database is not
trusted: the file and the mail lie where that hand does not reach.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError

from cases import timeline, verification
from cases.chain import Head, Mark, Ordered
from cases.models import Checkpoint, CheckpointHead, CheckpointRecipient
from incidentdesk.kernel import seals, snapshot
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.hashing import stamp
from notifications import outbox

BATCH = 2000
MAILED = re.compile(r"Checkpoint:\s*(\d{1,9})\b.*?\bHash:\s*([0-9a-f]{64})\b", re.S)


def take_daily(*, at: datetime) -> Checkpoint | None:
    """Take today's checkpoint unless it was taken; None if there is nothing to do."""
    newest = verification.newest_checkpoint()
    if newest and newest.taken_at.astimezone(UTC).date() >= at.astimezone(UTC).date():
        return None
    try:
        return take(at=at)
    except IntegrityError:  # another worker was first; the number is given once
        return None


def take(*, at: datetime) -> Checkpoint:
    """Verify all timelines and the audit trail, write down the heads and one hash over them, and
    mail it with the newest seal.

    Everything is of one moment. Broken timelines do not stop it: it says how many there are.
    """
    with snapshot.one_moment(writes=True):
        newest = verification.newest_checkpoint()
        faults = _faults(newest)
        heads = verification.hash_of(verification.heads_now())
        mark = Mark(
            number=newest.number + 1 if newest else 1,
            taken_at=stamp(at),
            incidents=heads.incidents,
            entries=heads.entries,
            broken=len(faults),
            heads_hash=heads.hash,
            previous_hash=newest.hash if newest else "",
        )
        checkpoint = Checkpoint.objects.create(**mark._asdict() | {"taken_at": at}, hash=mark.hash)
        _keep_moved(checkpoint, newest)
        trail = [broken.words for broken in seals.faults()]
        _mail(checkpoint, [*faults, *trail], at=at)
    return checkpoint


def _faults(newest: Checkpoint | None) -> list[str]:
    against = [held(newest)] if newest else []
    found = [said] if (said := verification.fault_of_checkpoints()) else []
    return [*found, *verification.faults(against)]


def held(checkpoint: Checkpoint) -> verification.Against:
    """A checkpoint of the table, to verify against."""
    return verification.Against(str(checkpoint), verification.heads_at(checkpoint))


def _keep_moved(checkpoint: Checkpoint, former: Checkpoint | None) -> None:
    """Keep the heads that are not what they were at the checkpoint before."""
    before = Ordered(
        (head.incident_id, head.hash) for head in (verification.heads_at(former) if former else ())
    )
    moved = (head for head in verification.heads_now() if not _is_known(head, before))
    rows = (CheckpointHead(checkpoint=checkpoint, **head._asdict()) for head in moved)
    while batch := list(islice(rows, BATCH)):
        CheckpointHead.objects.bulk_create(batch)


def _is_known(head: Head, before: Ordered[str]) -> bool:
    for _ in before.before(head.incident_id):
        pass  # gone since; verifying says so
    return head.hash in list(before.of(head.incident_id))


def _sealed() -> dict[str, Any] | None:
    """The newest seal of the audit trail, to be kept with the rest."""
    newest = seals.newest_seal()
    return {"number": newest.number, "hash": newest.hash} if newest else None


def _mail(checkpoint: Checkpoint, faults: list[str], *, at: datetime) -> None:
    count = len(faults)
    found = f"{timeline.counted(count, 'fault')} found" if count else "Every chain was whole."
    context = {
        "reference": f"Timeline checkpoint {checkpoint.number}",
        "title": found,
        "checkpoint": checkpoint,
        "faults": faults[:20],
        "file": file_name(checkpoint),
        "seal": _sealed(),
        "url": f"/admin/cases/checkpoint/{checkpoint.pk}/change/",
    }
    outbox.queue_many(
        [
            outbox.Draft(
                kind="checkpoint",
                to=recipient.email,
                about=f"checkpoint:{checkpoint.number}",
                dedupe_key=f"checkpoint:{checkpoint.number}:{recipient.pk}",
                context={**context, "name": recipient.name},
            )
            for recipient in CheckpointRecipient.objects.filter(is_active=True)
        ],
        at=at,
    )


# --- files ----------------------------------------------------------------------------------------


def folder() -> Path:
    """Where the files of checkpoints lie."""
    return Path(settings.DATA_DIR) / "checkpoints"


def file_name(checkpoint: Checkpoint) -> str:
    """The name of a checkpoint's file."""
    return f"checkpoint-{checkpoint.number:06}-{checkpoint.taken_at.astimezone(UTC):%Y-%m-%d}.jsonl"


def write_newest() -> Path | None:
    """Write the newest checkpoint to its file unless it is there: what it is, then its heads."""
    with snapshot.one_moment():
        checkpoint = verification.newest_checkpoint()
        if checkpoint is None:
            return None
        path = folder() / file_name(checkpoint)
        if not path.exists():
            first = verification.mark(checkpoint)._asdict() | {"hash": checkpoint.hash}
            heads = (head._asdict() for head in verification.heads_at(checkpoint))
            write_lines(path, _first_then({"checkpoint": first}, heads))
    return path


def _first_then(first: dict[str, Any], rest: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """JSON Lines that only this account may read; the file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with open(part, "w", encoding="utf-8", opener=_private) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    part.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Seen(NamedTuple):
    """A checkpoint as a file has it; `heads` is None if the file is a mail, which has none."""

    label: str
    number: int
    hash: str
    heads: list[Head] | None


def read(path: Path) -> Seen:
    """A checkpoint from its file or its mail's text; a damaged one is refused in words."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from error
    if not text.startswith('{"checkpoint"'):
        return _read_mail(path, text)
    try:
        first, *rest = (json.loads(line) for line in text.splitlines())
        named = first["checkpoint"]
        mark = Mark(*(named[name] for name in Mark._fields))
        heads = [Head(**row) for row in rest]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} is not a whole checkpoint; take the file anew.") from error
    if mark.hash != named.get("hash") or verification.hash_of(heads).hash != mark.heads_hash:
        raise InvalidInput(f"{path} was changed: its heads do not give the hash in its first line.")
    return Seen(f"checkpoint {mark.number} in {path.name}", mark.number, mark.hash, heads)


def _read_mail(path: Path, text: str) -> Seen:
    found = MAILED.search(text)
    if not found:
        raise InvalidInput(f"{path} is neither a checkpoint's file nor the text of its mail.")
    number = int(found[1])
    return Seen(f"checkpoint {number} in {path.name}", number, found[2], None)


def fault_against(seen: Seen) -> str | None:
    """Whether the table still holds the checkpoint that somebody kept; what is wrong, in words."""
    row = Checkpoint.objects.filter(number=seen.number).first()
    if row is None:
        return f"The table has no checkpoint {seen.number} any more; {seen.label} was taken."
    if row.hash != seen.hash or verification.mark(row).hash != seen.hash:
        return f"Checkpoint {seen.number} in the table is not {seen.label}; it was written anew."
    if verification.hash_of(verification.heads_at(row)).hash != row.heads_hash:
        return f"The heads of checkpoint {seen.number} in the table are not those of {seen.label}."
    return None


def heads_of(seen: Seen) -> Iterator[Head]:
    """The heads of a checkpoint that somebody kept; those of a mail lie in the table."""
    if seen.heads is not None:
        return iter(seen.heads)
    row = Checkpoint.objects.filter(number=seen.number, hash=seen.hash).first()
    return verification.heads_at(row) if row else iter(())
