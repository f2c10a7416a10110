"""The audit trail as files: a sheet to read, and lines with their seals that a stranger can verify.

Nothing is counted and nothing held in memory: both come a stretch at a time. `docs/audit.md` has
the recipe by which the second is checked with nothing of the desk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from incidentdesk.kernel import audit, keyset, seals, sheets
from incidentdesk.kernel.hashing import stamp
from incidentdesk.kernel.models import AuditEvent, AuditSeal

FORMAT = 1
HEADINGS = ("line", "at (UTC)", "who", "action", "about", "detail")
WITHHELD = "named to auditors only"


def of_period(since: datetime, until: datetime, words: str = "") -> QuerySet[AuditEvent]:
    """The lines of a period, the newest first; with `words`, those that hold them."""
    found = AuditEvent.objects.filter(at__gte=since, at__lt=until).order_by("-id")
    if words:
        holds = [Q(**{f"{name}__icontains": words}) for name in ("actor", "action", "about")]
        found = found.filter(holds[0] | holds[1] | holds[2])
    return found


def sheet(lines: QuerySet[AuditEvent], *, is_named: bool) -> Iterator[str]:
    """A sheet, line by line; not `is_named`: without the names of what was read."""
    rows = (_cells(line, is_named=is_named) for line in keyset.walk(lines))
    return sheets.lines(HEADINGS, rows)


def _cells(line: AuditEvent, *, is_named: bool) -> tuple[str, ...]:
    detail = json.dumps(line.detail, ensure_ascii=False) if line.detail else ""
    if not is_named and line.action in audit.READINGS:
        detail = WITHHELD
    moment = f"{line.at:%Y-%m-%d %H:%M:%S}"
    return (str(line.pk), moment, line.actor, line.action, line.about, detail)


def sealed(since: datetime, until: datetime, *, at: datetime) -> Iterator[str]:
    """JSON Lines: what it is, then whole seals, each behind its lines, and how many there were.

    A chain has no holes: all lines of each seal that has one of the period, whatever about.
    """
    head = {"export": "audit trail", "format": FORMAT, "taken_at": stamp(at)}
    yield _json(head | {"since": stamp(since), "until": stamp(until)})
    count = lines = 0
    for seal in _seals(since, until):
        for line in seals.read(seal.after_id, seal.last_id, most=seal.lines + 1):
            lines += 1
            yield _json({"line": line._asdict() | {"at": stamp(line.at)}})
        count += 1
        yield _json({"seal": seals.mark(seal)._asdict() | {"hash": seal.hash}})
    yield _json({"end": {"seals": count, "lines": lines}})


def _seals(since: datetime, until: datetime) -> Iterator[AuditSeal]:
    """From the first that has a line since then to the last that has one before `until`."""
    first = AuditSeal.objects.filter(end_at__gte=since).order_by("number").first()
    last = AuditSeal.objects.filter(begin_at__lt=until).order_by("-number").first()
    if first is not None and last is not None:
        yield from seals.walk(first.number, last.number)


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
