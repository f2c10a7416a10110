"""Label mappings: what the labels of a source's alerts say of systems, partners and urgency.

A system is listed as affected, so that its partners are proposed; a partner is listed and sees
nothing: only a person discloses. A severity hint overrules the word that the source sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache

from django.db.models import QuerySet

from cases import disclosure, response
from cases.intake.signal import Signal
from cases.models import Incident, LabelMapping, Source, System
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.prepared import Asked
from partners.models import Partner

TITLE = "title"  # the alert's title, where no label is called so


def of(source: Source) -> list[LabelMapping]:
    """All mappings of a source: one statement, or none where it is known to have none."""
    if not source.has_mappings:
        return []
    return _asked().rows(source_id=source.pk)


def hinted(mappings: Iterable[LabelMapping], signal: Signal) -> Signal:
    """The signal, as urgent as its labels say; the most urgent hint counts."""
    hints = [one.urgency for one in fitting(mappings, signal) if one.urgency]
    return replace(signal, urgency=max(hints), is_hinted=True) if hints else signal


def systems(mappings: Iterable[LabelMapping], signals: Sequence[Signal]) -> list[System]:
    """The systems that the alerts know or that their labels name, each once."""
    known = {pk for signal in signals for pk in signal.systems}
    found = list(System.objects.filter(pk__in=known).order_by("pk")) if known else []
    for signal in signals:
        found += [one.system for one in fitting(mappings, signal) if one.system]
    return list({one.pk: one for one in found if one.is_active}.values())


def partners(mappings: Iterable[LabelMapping], signals: Sequence[Signal]) -> list[Partner]:
    """The partners that the alerts know or that their labels name, each once."""
    known = {pk for signal in signals for pk in signal.partners}
    found = list(Partner.objects.filter(pk__in=known).order_by("pk")) if known else []
    for signal in signals:
        found += [one.partner for one in fitting(mappings, signal) if one.partner]
    return list({one.pk: one for one in found if one.is_active}.values())


def place(
    incident: Incident,
    source: Source,
    mappings: Sequence[LabelMapping],
    signals: Sequence[Signal],
    *,
    at: datetime,
) -> None:
    """List on a locked incident the systems and partners that alerts of it name; none twice.

    In Review nothing is added any more: no gate asks for it.
    """
    is_known = any(signal.systems or signal.partners for signal in signals)
    if not (mappings or is_known) or not incident.is_responding:
        return
    if named := systems(mappings, signals):
        listed = set(incident.systems.values_list("system_id", flat=True))
        for system in named:
            if system.pk not in listed:
                response.add_system(incident_id=incident.pk, system_id=system.pk, by=SYSTEM, at=at)
    if concerned := partners(mappings, signals):
        known = set(incident.involvements.values_list("partner_id", flat=True))
        for partner in concerned:
            if partner.pk not in known:
                why = f"an alert of source {source.name} names it"
                disclosure.list_named(incident, partner, why=why, by=SYSTEM, at=at)


def fitting(mappings: Iterable[LabelMapping], signal: Signal) -> list[LabelMapping]:
    """The mappings whose label this alert has with a value that fits."""
    labels = {TITLE: signal.title, **signal.labels}
    return [one for one in mappings if one.label in labels and fits(one.pattern, labels[one.label])]


def fits(pattern: str, value: str) -> bool:
    """Whether a value is meant: `*` stands for anything, `?` for one sign; letters in any case."""
    return fnmatchcase(value.casefold(), pattern.casefold().replace("[", "[[]"))


def _rows(source_id: int) -> QuerySet[LabelMapping]:
    return LabelMapping.objects.filter(source_id=source_id).select_related("system", "partner")


@cache
def _asked() -> Asked[LabelMapping]:
    return Asked(_rows, "source_id")
