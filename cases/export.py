"""All timelines as JSON Lines that a stranger can verify; `docs/timeline.md` has the recipe.

The first line says what it is, then come each incident's entries and its head, and the last line
counts them all, so that a file that was cut off is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from cases import chain, timeline, verification
from cases.models import Entry
from incidentdesk.kernel.hashing import stamp

FORMAT = 1


def rows(*, at: datetime, only: Collection[int] = ()) -> Iterator[dict[str, Any]]:
    """The export's lines, one after the other; the caller holds the moment."""
    yield {"export": "incident timelines", "format": FORMAT, "taken_at": stamp(at)}
    entries = Entry.objects.filter(incident__in=only) if only else Entry.objects.all()
    lines = chain.Ordered((line.incident_id, line) for line in timeline.lines(entries))
    heads = chain.Heads()
    for incident_id, _, head in verification.incidents(only):
        for line in lines.of(incident_id):
            yield {"entry": _entry(line)}
        if head is not None:
            heads.add(head)
            yield {"head": head._asdict()}
    end = {"incidents": heads.incidents, "entries": heads.entries, "heads_hash": heads.hash}
    yield {"end": end}


def _entry(line: chain.Line) -> dict[str, Any]:
    times = {"at": stamp(line.at), "recorded_at": stamp(line.recorded_at)}
    return line._asdict() | times
