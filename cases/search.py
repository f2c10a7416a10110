"""Finding incidents: by partner, by system, by a clock that has run out, and by words.

Words are those of titles, descriptions, references and all that timelines say. PostgreSQL keeps
those of each row in a column (migration 0070), in English, so that “price” finds “prices”. All
words of a question have to stand in one place: in the incident's own words, or in one entry. What
holds a hyphen or a dot, `quote-gw-eu-2` or a reference, is taken as a phrase.

A few words are in so many incidents that reading them all would take seconds. Those are looked for
among the newest incidents only, and the page says so.

An entry is found by the words that its reader reads: where it names an incident that is hidden from
this person, that name is none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from cases import queries
from cases.models import AffectedSystem, Deadline, Incident, Involvement, System
from cases.reading import UNNAMED
from incidentdesk.kernel.access import Actor
from partners.models import Partner

FEW = 6_000  # up to so many places that hold the words are all read
NEWEST = 30_000  # among so many incidents is looked for words that are in more places

_JOINED = re.compile(r"\w+(?:[-_./:@]\w+)+")
_QUERY = "websearch_to_tsquery('english', %s)"
# An entry that holds the words. The second is for a person from whom incidents are hidden; it looks
# again at the few entries that name one of them.
_SAYS = f"said.words @@ {_QUERY}"
_READS = f"""
    ({_SAYS} AND (NOT {_SAYS} OR
        cases_words(regexp_replace(said.body, %s, '{UNNAMED}', 'gi')) @@ {_QUERY}))
"""
_FOUND = f"""
    (SELECT 'own', id FROM cases_incident WHERE words @@ {_QUERY} LIMIT {FEW + 1})
    UNION ALL
    (SELECT 'said', incident_id FROM cases_entry AS said WHERE {{says}} LIMIT {FEW + 1})
    UNION ALL SELECT 'named', id FROM cases_incident WHERE reference = %s
    UNION ALL SELECT 'named', incident_id FROM cases_involvement
        WHERE reference = %s AND reference <> ''
    UNION ALL SELECT 'named', incident_id FROM cases_report
        WHERE reference = %s AND incident_id IS NOT NULL
"""  # noqa: S608 -- constants of ours
_HELD = f"""
    (cases_incident.words @@ {_QUERY} OR EXISTS (
        SELECT FROM cases_entry AS said WHERE said.incident_id = cases_incident.id AND {{says}}))
"""  # nosec B608 -- constants of ours


def overdue(incidents: QuerySet[Incident], at: datetime) -> QuerySet[Incident]:
    """Those with a running clock that was due before `at`."""
    late = Deadline.objects.filter(met_at=None, is_dropped=False, due_at__lt=at)
    return incidents.filter(pk__in=late.order_by().values("incident"))


def of_partner(incidents: QuerySet[Incident], named: str) -> QuerySet[Incident]:
    """Those that list the partner of this code or name, whatever its capitals."""
    partners = Partner.objects.filter(Q(code=named.upper()) | Q(name__iexact=named))
    return _of(incidents, Involvement.objects.filter(partner__in=_ids(partners)))


def of_system(incidents: QuerySet[Incident], named: str) -> QuerySet[Incident]:
    """Those in which the system of this name is affected, whatever its capitals."""
    systems = System.objects.filter(name__iexact=named)
    return _of(incidents, AffectedSystem.objects.filter(system__in=_ids(systems)))


def _of(incidents: QuerySet[Incident], rows: QuerySet[Any]) -> QuerySet[Incident]:
    """The incidents of these rows. Few are named one by one: PostgreSQL would rather walk through
    all incidents, newest first, until a page of those is found."""
    owners = rows.order_by().values("incident")
    few = list(owners.values_list("incident", flat=True)[: FEW + 1])
    if len(few) <= FEW:
        return incidents.filter(pk__in=few)
    return incidents.filter(pk__in=owners)


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def narrow(
    incidents: QuerySet[Incident], words: str, *, actor: Actor
) -> tuple[QuerySet[Incident], bool]:
    """Those of `incidents` that hold `words` as this person reads them, and whether only the newest
    were looked at."""
    asked, name = as_asked(words), words.strip().upper()
    says, values = _said(asked, actor)
    with connection.cursor() as cursor:
        cursor.execute(_FOUND.format(says=says), [asked, *values, name, name, name])
        rows = cursor.fetchall()
    parts = Counter(part for part, _ in rows)
    if max(parts["own"], parts["said"]) <= FEW:
        return incidents.filter(pk__in={pk for _, pk in rows}), False
    newest = Incident.objects.order_by("-opened_at", "-id").values_list("opened_at", flat=True)
    held = incidents.extra(where=[_HELD.format(says=says)], params=[asked, *values])  # noqa: S610
    since = newest[NEWEST : NEWEST + 1].first()
    return (held.filter(opened_at__gt=since) if since else held), since is not None


def _said(asked: str, actor: Actor) -> tuple[str, list[str]]:
    """The condition on an entry that holds the words, and its values."""
    hidden = list(queries.hidden_from(actor).values_list("reference", flat=True))
    if not hidden:
        return _SAYS, [asked]
    named = " or ".join(f'"{name.replace("-", " ")}"' for name in hidden)
    return _READS, [asked, named, f"({'|'.join(hidden)})(?![0-9])", asked]


def as_asked(words: str) -> str:
    """As PostgreSQL is asked: the words were split at the same signs when they were kept."""
    if '"' in words:
        return re.sub(r"(?<=\w)[-_./:@](?=\w)", " ", words)
    return _JOINED.sub(lambda m: '"' + re.sub(r"[-_./:@]", " ", m[0]) + '"', words)
