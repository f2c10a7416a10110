"""Nobody has decided yet whether an incident is major under DORA: whoever classifies is paged.

When is in `Incident.classify_at`; for whom it is open is looked up when that time comes (see
`regulation.undecided`). Called is the commander, or else an administrator, who finds somebody.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from cases import moving, owed, timeline
from cases.models import Entry, Incident
from cases.regulation import clocks as regulators
from cases.regulation import undecided
from incidentdesk.kernel import clocks, due
from incidentdesk.kernel.access import SYSTEM

LIMIT = 100


def chase(*, at: datetime) -> int:
    """Page about every incident whose time has come; answers how many were looked at."""
    rows = Incident.objects.open().filter(classify_at__lte=at)
    order = ("classify_at", "pk")
    return len(due.each(rows, partial(_page_one, at=at), most=LIMIT, order=order))


def _page_one(incident: Incident, *, at: datetime) -> None:
    """Where it is open for somebody: paged. When it is looked at again is set in any case."""
    open_for = undecided.parties(incident)
    aware = incident.aware_at
    if open_for and aware is not None:
        _page(incident, [regulators.whose(one) for one in open_for], since=aware, at=at)
    incident.classify_at = undecided.next_page(aware, after=at)
    incident.save(update_fields=["classify_at"])


def _page(incident: Incident, names: list[str], *, since: datetime, at: datetime) -> None:
    people = owed.responsible(incident, incident.commander)
    if not people:
        return
    waited = clocks.words(at - since)
    moving.page(
        incident,
        by_name=SYSTEM.name,
        note=f"We are aware of it for {waited}, and nobody has decided whether it is major under "
        "DORA. Classify it.",
        is_plain=True,
        url=f"{incident.url}?tab=clocks",
        user_ids=[person.pk for person in people],
        once=f"classify:{incident.classify_at:%Y%m%d%H%M%S}",
        at=at,
    )
    called = ", ".join(person.name for person in people)
    text = f"Not classified under DORA {waited} after we became aware, for {', '.join(names)}; "
    timeline.record(incident, Entry.Kind.PAGE, f"{text}{called} is paged.", by=SYSTEM, at=at)
