"""What the post office and others know by name alone, such as `incident:12`, and a person may not
read. Asked through kernel.sealed, since they know no incident."""

from __future__ import annotations

from functools import lru_cache

from django.db.models import Q
from django.db.models.expressions import RawSQL

from cases import queries, sight
from cases.models import Report
from incidentdesk.kernel.access import Actor


def from_(actor: Actor) -> Q:
    """What the post office names by an `about` string, and this actor may not read.

    It asks by settings.SEALED, since it knows no incident. What it names otherwise than is known
    here is sealed as well, until somebody says here whom it belongs to.
    """
    if queries.reads_all(actor):
        return Q(pk__in=())
    known = Q(about="") | Q(about__regex="^(incident|report|procedure|partner):")
    return ~known | Q(about__in=_hidden_names(actor))


def among(actor: Actor, column: str) -> Q:
    """The same of what the post office names together, in an array: asked by
    settings.SEALED_AMONG. One that is hidden hides it."""
    if queries.reads_all(actor):
        return Q(pk__in=())
    hidden = _hidden_names(actor)
    together = RawSQL(f"ARRAY({hidden.sql})", hidden.params)  # noqa: S611 -- our own statement
    return Q(**{f"{column}__overlap": together})


@lru_cache(maxsize=1024)
def _hidden_names(actor: Actor) -> RawSQL:
    """How the post office names those incidents, and the reports that belong to them."""
    incidents = queries.hidden_from(actor).values_list(sight.named("incident"))
    reports = Report.objects.filter(incident__in=queries.hidden_ids(actor)).order_by()
    return queries.in_sql(incidents.union(reports.values_list(sight.named("report")), all=True))
