"""Verifying all timelines at one moment: against their own hashes, and against checkpoints.

It reads and never writes. Whoever calls it holds the moment (`kernel.snapshot`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby

from django.db.models import QuerySet

from cases import timeline
from cases.chain import Chain, Head, Heads, Known, Line, Mark, Ordered
from cases.models import Checkpoint, CheckpointHead, Entry, Incident
from incidentdesk.kernel import snapshot
from incidentdesk.kernel.hashing import stamp

Heard = Callable[[int], None]  # told how many timelines are verified


class Against:
    """The heads of one checkpoint, in order of incident, and what the checkpoint is called."""

    def __init__(self, label: str, heads: Iterable[Head]) -> None:
        self.label = label
        self._heads = Ordered((head.incident_id, head) for head in heads)

    def before(self, incident_id: int | None) -> Iterator[str]:
        """The incidents it saw that are not there any more, in words."""
        for head in self._heads.before(incident_id):
            yield f"{head.reference}: it is gone; {self.label} saw {head.sequence} entries of it."

    def of(self, incident_id: int) -> list[Known]:
        """What it saw of an incident."""
        return [Known(self.label, head) for head in self._heads.of(incident_id)]


def faults(
    against: Collection[Against] = (), *, only: Collection[int] = (), heard: Heard = lambda _: None
) -> Iterator[str]:
    """What is wrong with each broken timeline, in words; of all incidents, or of `only` some."""
    entries = Entry.objects.filter(incident__in=only) if only else Entry.objects.all()
    lines = Ordered((line.incident_id, line) for line in timeline.lines(entries))
    number = 0
    for number, (incident_id, reference, head) in enumerate(incidents(only), start=1):
        for other in against:  # if some incidents are wanted, nothing is said of others
            gone = list(other.before(incident_id))
            yield from () if only else gone
        chain = Chain(reference, [known for other in against for known in other.of(incident_id)])
        yield from _strays(lines.before(incident_id))
        for line in lines.of(incident_id):
            chain.add(line)
        if said := chain.end(head):
            yield said
        heard(number)
    yield from _strays(lines.before(None))
    for other in () if only else against:
        yield from other.before(None)


def _strays(lines: Iterable[Line]) -> Iterator[str]:
    for incident_id, group in groupby(lines, key=lambda line: line.incident_id):
        count = sum(1 for _ in group)
        yield f"Incident {incident_id}: it is gone; {count} of its entries are left."


def incidents(only: Collection[int] = ()) -> Iterator[tuple[int, str, Head | None]]:
    """Each incident with what was written down of its newest entry, in order."""
    found = Incident.objects.filter(pk__in=only) if only else Incident.objects.all()
    rows = found.order_by("pk").values_list(
        "pk", "reference", "timeline_head__sequence", "timeline_head__hash"
    )
    for pk, reference, sequence, value in snapshot.streamed(rows, batch=timeline.BATCH):
        yield pk, reference, None if value is None else Head(pk, reference, sequence, value)


def heads_now() -> Iterator[Head]:
    """The newest entry of every timeline, as the database wrote it down, in order of incident."""
    return (head for _, _, head in incidents(()) if head is not None)


def heads_at(checkpoint: Checkpoint) -> Iterator[Head]:
    """All heads as the table has them for a checkpoint, in order of incident."""
    rows: QuerySet[CheckpointHead, tuple[int, str, int, str]] = (
        CheckpointHead.objects.filter(checkpoint__number__lte=checkpoint.number)
        .order_by("incident_id", "-checkpoint_id")
        .distinct("incident_id")
        .values_list(*Head._fields)
    )
    return (Head(*row) for row in snapshot.streamed(rows, batch=timeline.BATCH))


def mark(checkpoint: Checkpoint) -> Mark:
    """What a checkpoint's hash covers."""
    return Mark(
        checkpoint.number,
        stamp(checkpoint.taken_at),
        checkpoint.incidents,
        checkpoint.entries,
        checkpoint.broken,
        checkpoint.heads_hash,
        checkpoint.previous_hash,
    )


def hash_of(heads: Iterable[Head]) -> Heads:
    """One hash over heads, and how many they are."""
    found = Heads()
    for head in heads:
        found.add(head)
    return found


def fault_of_checkpoints() -> str | None:
    """The first checkpoint in the table that was changed or is missing, in words; or None."""
    previous, number, newest = "", 0, None
    every = Checkpoint.objects.order_by("number")
    for newest in snapshot.streamed(every, batch=timeline.BATCH):
        number += 1
        if newest.number != number:
            return f"Checkpoint {number} is missing from the table."
        if newest.previous_hash != previous or newest.hash != mark(newest).hash:
            return f"Checkpoint {number} in the table was changed."
        previous = newest.hash
    if newest is not None and hash_of(heads_at(newest)).hash != newest.heads_hash:
        return f"The heads of checkpoint {number} in the table were changed."
    return None


def newest_checkpoint() -> Checkpoint | None:
    """The last one taken."""
    return Checkpoint.objects.order_by("-number").first()
