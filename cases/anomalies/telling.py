"""Anomalies become alerts of the desk itself: through the door that every alert goes through.

What began within a minute, in however many series, is one group and so one incident. Which incident
that is stands with the alert, which moves when incidents are merged or split; an anomaly keeps only
the group. A drift is a note and is not told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from cases import queries
from cases.detection.alarm import Alarm, Kind
from cases.detection.together import TOGETHER, grouped
from cases.intake import alerts, desk, sources
from cases.intake.signal import Action, Signal
from cases.models import Alert, Anomaly, Incident, Source
from incidentdesk.kernel.access import Actor

A_RUN = 500
URGENT = 3
URGENCY = 2


def tell(*, at: datetime) -> None:
    """Tell what began, then what is over; each in a transaction of its own.

    One worker at a time tells beginnings: the next one has to see which minutes have a group.
    """
    source = sources.the_desk()
    _tell_beginnings(source, at=at)
    _tell_ends(source, at=at)


def alerts_of(anomalies: Iterable[Anomaly], by: Actor) -> dict[int, Alert]:
    """The alert of each anomaly whose incident this person may read. One query."""
    told = [one for one in anomalies if one.group]
    known = {one.key: one.pk for one in told}
    rows = queries.alerts_visible_to(by).filter(
        source__format=Source.Format.DESK,
        group_key__in={one.group for one in told},
        external_key__in=list(known),
    )
    return {known[row.external_key]: row for row in rows.select_related("incident")}


@transaction.atomic
def _tell_beginnings(source: Source, *, at: datetime) -> None:
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    untold = Anomaly.objects.filter(group="").exclude(kind=Anomaly.Kind.DRIFT)
    rows = _locked(untold)
    if not rows:
        return
    by_key = {str(one.pk): one for one in rows}
    signals = []
    for group in grouped((str(one.pk), _alarm(one)) for one in rows):
        members = [by_key[key] for key in group.series]
        began_at = _open_group(group.began_at)
        for one in members:
            one.group, one.group_began_at = _named(began_at), began_at
            signals.append(_signal(one, Action.FIRE))
    alerts.receive(source=source, raw=desk.written(signals), signals=signals, at=at)
    Anomaly.objects.bulk_update(rows, ["group", "group_began_at"])


@transaction.atomic
def _tell_ends(source: Source, *, at: datetime) -> None:
    over = Anomaly.objects.filter(ended_at__isnull=False, is_end_told=False).exclude(group="")
    rows = _locked(over.exclude(kind=Anomaly.Kind.DRIFT))
    if not rows:
        return
    signals = [_signal(one, Action.RESOLVE) for one in rows]
    alerts.receive(source=source, raw=desk.written(signals), signals=signals, at=at)
    Anomaly.objects.filter(pk__in=[one.pk for one in rows]).update(is_end_told=True)


def _locked(rows: QuerySet[Anomaly]) -> list[Anomaly]:
    found = rows.select_related("series__system", "series__partner").order_by("id")
    return list(found.select_for_update(skip_locked=True, of=("self",))[:A_RUN])


def _open_group(began_at: datetime) -> datetime:
    """When the group began that this beginning belongs to; it may be one that was told before."""
    around = (began_at - TOGETHER, began_at + TOGETHER)
    near = Anomaly.objects.filter(group_began_at__gt=around[0], group_began_at__lt=around[1])
    found = near.order_by("-group_began_at").values_list("group_began_at", flat=True).first()
    return found or began_at


def _named(began_at: datetime) -> str:
    return f"anomalies of {began_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _alarm(one: Anomaly) -> Alarm:
    return Alarm(Kind(one.kind), one.began_at, one.words, one.model)


def _signal(one: Anomaly, action: Action) -> Signal:
    series = one.series
    url = settings.SITE_URL + reverse("admin:cases_series_change", args=[series.pk])
    labels = {**series.labels, "metric": series.metric}
    if series.system is not None:
        labels["system"] = series.system.name
    if series.partner is not None:
        labels["partner"] = series.partner.name
    return Signal(
        action=action,
        key=one.key,
        group=one.group,
        title=f"{series.name}: {one.words}"[:200],
        body="\n".join(filter(None, (*_why(one), url))),
        urgency=URGENT if one.kind == Anomaly.Kind.LIMIT else URGENCY,
        started_at=one.began_at,
        labels=labels,
        systems=(series.system_id,) if series.system_id else (),
        partners=(series.partner_id,) if series.partner_id else (),
        detection=Incident.Detection.ANOMALY,
    )


def _why(one: Anomaly) -> list[str]:
    """What a person is told of why, a line a fact."""
    facts = [f"{one.series.name} {one.get_kind_display()}: {one.words}."]
    if one.p is not None:
        facts.append(f"Something as strange has a probability of {one.p:.2g} here.")
    if one.window:
        facts.append(f"Looked at: {one.window}.")
    return facts
