"""The reporting clock is not the pager clock: when somebody is asked to classify an incident.

What was acknowledged in two minutes still misses DORA if nobody classifies it. So whoever does is
paged two, twelve and twenty hours after we became aware, as long as that is open.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cases.models import Anchor, Incident, Involvement, OwnSupervision, Regime

REGIME = "DORA"
DECIDED = ("classified_major_at", "classified_not_major_at")
HOURS = (2, 12, 20)


def next_page(aware_at: datetime | None, *, after: datetime | None = None) -> datetime | None:
    """When whoever classifies is paged next: the first of the hours, or the first one `after`."""
    if aware_at is None:
        return None
    pages = [aware_at + timedelta(hours=hours) for hours in HOURS]
    return next((one for one in pages if after is None or one > after), None)


def parties(incident: Incident) -> list[Involvement | None]:
    """For whom it is not decided yet whether the incident is major: None is us."""
    if not Regime.objects.filter(code=REGIME, is_on=True).exists():
        return []
    bound: list[Involvement | None] = list(
        incident.involvements.filter(partner__terms__regimes__contains=[REGIME])
        .select_related("partner")
        .order_by("partner__name", "pk")
    )
    if OwnSupervision.objects.filter(regimes__contains=[REGIME]).exists():
        bound.insert(0, None)
    return [one for one in bound if not _is_decided(incident, one)]


def _is_decided(incident: Incident, involvement: Involvement | None) -> bool:
    rows = Anchor.objects.filter(involvement=involvement, name__in=DECIDED)
    if involvement is None:
        rows = rows.filter(incident=incident)
    newest = {row.name: row for row in rows.order_by("id")}
    return any(row.value or row.day for row in newest.values())
