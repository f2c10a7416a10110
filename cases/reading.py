"""What is kept as it is read: merged timelines stand together, a hidden incident has no name.

What is stored, and hashed, stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model, Q, QuerySet

from cases.models import CustodyEvent, Entry, Incident, Involvement, Report
from cases.queries import hidden_from, rows_of, visible_to
from incidentdesk.kernel.access import Actor

# What was merged into an incident, and into that; an incident with nothing merged is itself alone.
_FAMILY = """
    WITH RECURSIVE family AS (
        SELECT %s::bigint AS id
        UNION SELECT i.id FROM cases_incident AS i JOIN family AS f ON i.duplicate_of_id = f.id
    ) SELECT id FROM family
"""


def family(incident_id: int) -> list[int]:
    """The ids of an incident and of what was merged into it, and into that."""
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [incident_id])
        return [pk for (pk,) in cursor.fetchall()]


def entries_of(incident: Incident, actor: Actor) -> QuerySet[Entry]:
    """The timeline as it is read: with the entries of what was merged into it, newest first.

    Each chain stays where it is. Keyset: `(at, id)`; see `older_than`.
    """
    together = family(incident.pk)
    rows = Entry.objects.filter(incident_id__in=together)
    if together != [incident.pk]:
        rows = rows.filter(incident__in=visible_to(actor).values("pk"))
    return rows.select_related("partner", "incident").order_by("-at", "-id")


def older_than(entries: QuerySet[Entry], entry_id: int) -> QuerySet[Entry]:
    """The entries that stand behind this one; none if it is not among them."""
    mark = entries.order_by().filter(pk=entry_id)
    return entries.filter(
        Q(at__lt=mark.values("at")[:1]) | Q(at=mark.values("at")[:1], pk__lt=entry_id)
    )


def beginning_with(entries: QuerySet[Entry], incident: Incident, sequence: int) -> QuerySet[Entry]:
    """The entry of the incident's own chain with this number, and those that stand behind it."""
    mark = Entry.objects.filter(incident=incident, sequence=sequence).order_by()
    return entries.filter(
        Q(at__lt=mark.values("at")[:1]) | Q(at=mark.values("at")[:1], pk__lte=mark.values("pk")[:1])
    )


_NAME = re.compile(r"INC-\d{4}-\d{4,}", re.IGNORECASE)
_PARTNERS_NAME = re.compile(r"[A-Z0-9]+-\d{4}-\d{4,}")
UNNAMED = "a restricted incident"


def hidden_among(texts: Iterable[str], actor: Actor) -> set[str]:
    """The references that stand in these texts and that this actor may not know of."""
    named = {name.upper() for text in texts for name in _NAME.findall(text)}
    if not named:
        return set()
    rows = hidden_from(actor).filter(reference__in=named)
    return set(rows.values_list("reference", flat=True))


def unnamed(text: str, hidden: Container[str]) -> str:
    """The text with the hidden references taken out."""
    return _NAME.sub(lambda m: UNNAMED if m[0].upper() in hidden else m[0], text)


def without_hidden_names(entries: Sequence[Entry], actor: Actor) -> Sequence[Entry]:
    """The entries as this actor reads them: a hidden incident that one mentions has no name.

    For reading only; what is stored, and hashed, stays as it was written.
    """
    hidden = hidden_among((entry.body for entry in entries), actor)
    for entry in entries if hidden else ():
        entry.body = unnamed(entry.body, hidden)
    return entries


def custody_without_hidden_names(
    links: Iterable[CustodyEvent], actor: Actor
) -> Sequence[CustodyEvent]:
    """The same of links of chains of custody, which say out of which incident a piece came."""
    found = list(links)
    hidden = hidden_among((link.detail for link in found), actor)
    for link in found if hidden else ():
        link.detail = unnamed(link.detail, hidden)
    return found


@dataclass(frozen=True)
class HistoryNames:
    """What the field history tells this actor: a hidden incident, and what belongs to one, have no
    name. By settings.NAMES."""

    actor: Actor

    def rows(self, model: type[Model], ids: Iterable[Any]) -> Mapping[Any, object]:
        """The rows that values name."""
        wanted = set(ids)
        found: dict[Any, object] = dict.fromkeys(wanted if model is Incident else (), UNNAMED)
        return found | rows_of(model, self.actor).in_bulk(wanted)

    def telling(self, texts: Sequence[str]) -> Callable[[str], str]:
        """How to tell these texts; a partner's reference may be that of a hidden incident, too."""
        hidden = hidden_among(texts, self.actor)
        theirs = {text for text in texts if _PARTNERS_NAME.fullmatch(text)}
        if theirs:
            rows = Involvement.objects.filter(incident__in=hidden_from(self.actor).values("pk"))
            theirs = set(rows.filter(reference__in=theirs).values_list("reference", flat=True))
        return lambda text: UNNAMED if text in theirs else unnamed(text, hidden)


def withheld_from(actor: Actor, partner_id: int) -> frozenset[str]:
    """What of a partner's view this member of staff may not read: parts of hidden incidents, by
    id, and the partner's reference of each incident, which is all that some rows carry.

    Asked by settings.WITHHELD when somebody of the desk views the portal as a partner.
    """
    hidden = hidden_from(actor).values("pk")
    involved, reported = (
        model.objects.filter(partner_id=partner_id, incident__in=hidden).order_by()
        for model in (Involvement, Report)
    )
    rows = list(involved.values_list("pk", "reference"))
    return frozenset(
        [
            *(f"involvement:{pk}" for pk, _ in rows),
            *(f"reference:{reference}" for _, reference in rows if reference),
            *(f"report:{pk}" for pk in reported.values_list("pk", flat=True)),
        ]
    )
