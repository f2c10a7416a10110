"""What the auditor looks at in the audit trail: that its lines are sealed, and fit their seals.

A round looks at the newest seals, at some others in turn, and again at each that did not fit once:
what was changed stays found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from incidentdesk.kernel import clocks, seals
from incidentdesk.kernel.findings import Fault
from incidentdesk.kernel.models import Finding

LATE = timedelta(minutes=15)  # in which a line gets its seal, as a rule within one
NEWEST, IN_TURN = 20, 100  # seals that a round looks at
UNSEALED, CHANGED = "audit trail unsealed", "audit trail changed"


def unsealed(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Lines that nobody sealed for too long; a long job that still writes may be why."""
    newest = seals.newest_seal()
    is_idle = newest is None or newest.sealed_at < at - LATE
    old = seals.unsealed().filter(at__lt=at - LATE)
    if at - since >= LATE and is_idle and old.exists():
        words = f"Lines of the audit trail wait for their seal for more than {clocks.words(LATE)}."
        yield Fault(UNSEALED, words, mend=lambda: _sealed(at))


def _sealed(at: datetime) -> str:
    made = seals.seal(at=at, most=NEWEST)
    return "They were sealed." if made else "They cannot be sealed yet: somebody is writing."


def changed(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Lines that are not as they were sealed, each seal with the first of its own."""
    newest = seals.newest_seal()
    last = newest.number if newest else 0
    turn = int(at.timestamp() // 60) % (last // IN_TURN + 1) * IN_TURN + 1
    numbers = {*range(max(last - NEWEST, 0) + 1, last + 1), *range(turn, turn + IN_TURN), *_known()}
    for first, until in _runs({number for number in numbers if number <= last}):
        yield from map(_fault, seals.faults(first, until))
    yield from (_fault(seals.missing(number)) for number in sorted(_known()) if number > last)


def _fault(broken: seals.Broken) -> Fault:
    return Fault(CHANGED, broken.words, about=f"auditseal:{broken.number}")


def _known() -> set[int]:
    """The seals of which something was found before; the last of them, for no one reads more."""
    rows = Finding.objects.filter(kind=CHANGED).order_by("-id")
    return {int(about.partition(":")[2]) for about in rows.values_list("about", flat=True)[:100]}


def _runs(numbers: set[int]) -> Iterator[tuple[int, int]]:
    """Numbers as stretches without a gap."""
    for _, group in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        stretch = [number for _, number in group]
        yield stretch[0], stretch[-1]


CHECKS = (unsealed, changed)
