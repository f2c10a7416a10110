"""What the auditor finds: a fault as a check answers it, and the rows in which it is kept.

A fault that is there in one round after the other is one row. Nothing here looks for any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from incidentdesk.kernel import sealed, worker
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import Finding

PAGE_AGAIN = timedelta(hours=1)  # one page of a fault, however often it comes and goes
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('kernel.findings'))"


@dataclass(frozen=True)
class Fault:
    """Something that is wrong now, in a sentence, and what mends it and says in words what it did.

    A page carries the sentence, so it names nothing of a restricted incident.
    """

    kind: str
    words: str
    about: str = ""
    mend: Callable[[], str] | None = None


def waking(words: str, jobs: Mapping[str, str]) -> Callable[[], str]:
    """A mend that wakes jobs, each named with its queue; `words` say no more than is done, since a
    broker that is away is no error."""

    def wake() -> str:
        for name, queue in jobs.items():
            worker.wake(name, queue=queue)
        return words

    return wake


def number(rows: Sized, one: str, many: str, *, most: int) -> str:
    """`1 escalation`, `12 messages`, or, of rows that were counted up to `most`, `1000 or more`."""
    count = len(rows)
    return f"{count}{' or more' if count == most else ''} {one if count == 1 else many}"


@transaction.atomic
def keep(faults: Sequence[tuple[Fault, str]], *, at: datetime) -> None:
    """Write down what a round found, each with what was done; what it found no more is over."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    known = {(row.kind, row.about): row for row in Finding.objects.filter(cleared_at=None)}
    for fault, mended in faults:
        row = known.pop((fault.kind, fault.about), None) or _begun(fault, at=at)
        row.rounds += row.pk is not None
        row.words, row.mended, row.last_at = fault.words, mended or row.mended, at
        row.save()
    over = [row.pk for row in known.values()]
    Finding.objects.filter(pk__in=over).update(cleared_at=at)


def _begun(fault: Fault, *, at: datetime) -> Finding:
    """A new row; one that comes back soon counts as paged when it was before."""
    row = Finding(kind=fault.kind, about=fault.about, first_at=at)
    lately = Finding.objects.filter(
        kind=fault.kind, about=fault.about, paged_at__gt=at - PAGE_AGAIN
    )
    row.paged_at = lately.values_list("paged_at", flat=True).first()
    return row


def to_page(*, at: datetime) -> list[Finding]:
    """What is wrong now and was not paged lately, the oldest first."""
    fresh = Q(paged_at=None) | Q(paged_at__lte=at - PAGE_AGAIN)
    return list(Finding.objects.filter(fresh, cleared_at=None).order_by("id"))


@transaction.atomic
def note_paged(rows: Sequence[Finding], *, at: datetime) -> None:
    """The administrators were told of these."""
    for row in rows:
        row.paged_at, row.pages = at, row.pages + 1
        row.save(update_fields=["paged_at", "pages"])


def of_the_desk() -> list[str]:
    """What is wrong now with the desk itself, the oldest first; it names no incident."""
    own = Q(about="") | Q(about__startswith="auditseal:")
    rows = Finding.objects.filter(own, cleared_at=None).order_by("id")
    return list(rows.values_list("words", flat=True))


def visible_to(actor: Actor) -> QuerySet[Finding]:
    """The findings that this actor may read: not those about what is sealed from it."""
    return Finding.objects.exclude(sealed.from_(actor))
