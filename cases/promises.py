"""What each involved partner was promised: by contract its first notice and its facts packages, by
the severity a report of the cause, and the next update.

All are deadlines of the incident that name the partner's involvement. The wait for an approval is
part of their time: they are met by sending, or handing over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Min

from cases.models import (
    Deadline,
    Incident,
    Involvement,
    Notice,
    NoticeCopy,
    Phase,
    RegulatoryClock,
    Target,
)
from cases.models.deadline import AFTERWARDS, FACTS, NEXT_UPDATE, PARTNER_NOTICE, ROOT_CAUSE
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput
from partners import directory

OWED = (PARTNER_NOTICE, *AFTERWARDS)
FACTS_SEVERITY = 2  # what is milder has its facts when the partner asks for them


def require_ahead(next_update_at: datetime | None, *, at: datetime) -> None:
    """Refuse to promise a time that has passed."""
    if next_update_at is not None and next_update_at <= at:
        raise InvalidInput(
            "The next update lies in the past; promise a later time, or none.",
            field="next_update_at",
        )


def reset(incident: Incident, kinds: Collection[str] = OWED) -> None:
    """Recompute when each partner is to be told and to have its facts; what is met stays.

    By the severity for the partner. Notice counts from detection, facts from confirmation, the
    report of the cause from recovery. Without an agreed time none runs. `kinds` are those that are
    looked at.
    """
    involved = list(incident.involvements.select_related("partner__terms"))
    if not involved:
        return
    of_partners = Deadline.objects.filter(incident=incident, kind__in=kinds)
    known = {(row.kind, row.involvement_id): row for row in of_partners}
    every = (*_wanted(incident, involved), *_reports(incident, involved))
    found = [row for row in every if row.kind in kinds]
    wanted = {(row.kind, row.involvement_id) for row in found}
    gone = [row.pk for key, row in known.items() if key not in wanted and row.met_at is None]
    if gone:
        of_partners.filter(pk__in=gone).delete()
    changed = [row for row in found if _differs(row, known.get((row.kind, row.involvement_id)))]
    if changed:
        Deadline.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["incident", "kind", "involvement"],
            update_fields=["anchor_at", "due_at", "warn_at"],
        )


def _wanted(incident: Incident, involved: Iterable[Involvement]) -> Iterable[Deadline]:
    for row in involved:
        terms = directory.terms_of(row.partner)
        spans = {PARTNER_NOTICE: terms.notice_within(row.severity)}
        if row.severity <= FACTS_SEVERITY and not incident.is_exercise:
            spans |= {FACTS[stage]: span for stage, span in terms.facts_within().items()}
        for kind, span in spans.items():
            anchor = incident.detected_at if kind == PARTNER_NOTICE else incident.confirmed_at
            if span is not None and anchor is not None:
                yield _clock(incident, row, kind, anchor, anchor + span)


def _reports(incident: Incident, involved: Collection[Involvement]) -> Iterable[Deadline]:
    """When each partner is to know the cause and what changes. A drill has none to tell."""
    if incident.recovered_at is None or incident.is_exercise:
        return
    targets = {target.severity: target for target in Target.objects.filter(kind=ROOT_CAUSE)}
    reports = NoticeCopy.objects.filter(involvement__in=involved, kind=Notice.Kind.REPORT)
    first = reports.order_by().values("involvement").annotate(at=Min("sent_at"))
    sent = dict(first.values_list("involvement", "at"))
    for row in involved:
        target = targets.get(row.severity)
        anchor: datetime | None = getattr(incident, target.anchor) if target else None
        if target is not None and anchor is not None:
            due_at = clocks.add(anchor, target.amount, target.counting)
            clock = _clock(incident, row, ROOT_CAUSE, anchor, due_at)
            clock.met_at = sent.get(row.pk)  # to a milder one it goes on request
            yield clock


def _clock(
    incident: Incident, row: Involvement, kind: str, anchor_at: datetime, due_at: datetime
) -> Deadline:
    is_over = incident.phase == Phase.DISMISSED
    return Deadline(
        incident=incident,
        involvement=row,
        kind=kind,
        anchor_at=anchor_at,
        due_at=due_at,
        is_dropped=is_over or row.decision in Involvement.NOT_TOLD,
        warn_at=clocks.first_reminder(anchor_at, due_at),
    )


def _differs(row: Deadline, known: Deadline | None) -> bool:
    if known is None:
        return True
    if known.met_at is not None:  # a severity that changes later makes nothing late
        return known.anchor_at != row.anchor_at
    return (known.anchor_at, known.due_at) != (row.anchor_at, row.due_at)


def settle(incident: Incident) -> None:
    """Who is not to be told has no clock; who is has one again."""
    running = Deadline.objects.filter(incident=incident, kind__in=OWED, met_at=None)
    running.filter(involvement__decision__in=Involvement.NOT_TOLD).update(is_dropped=True)
    if incident.is_open:
        running.exclude(involvement__decision__in=Involvement.NOT_TOLD).update(is_dropped=False)


def keep(
    involvement: Involvement,
    next_update_at: datetime | None,
    *,
    is_report: bool = False,
    at: datetime,
) -> None:
    """The partner was sent a notice: what was promised is kept by it, what it promises runs."""
    report = (ROOT_CAUSE,) if is_report else ()
    _meet(involvement, (PARTNER_NOTICE, NEXT_UPDATE, *report), at=at)
    if next_update_at is None:
        return
    promise = Deadline(
        incident_id=involvement.incident_id,
        involvement=involvement,
        kind=NEXT_UPDATE,
        anchor_at=at,
        due_at=next_update_at,
        warn_at=clocks.first_reminder(at, next_update_at),
    )
    Deadline.objects.bulk_create(
        [promise],
        update_conflicts=True,
        unique_fields=["incident", "kind", "involvement"],
        update_fields=["anchor_at", "due_at", "met_at", "is_dropped", "warn_at"],
    )


def keep_facts(involvement: Involvement, stage: str, *, at: datetime) -> None:
    """The partner was handed its facts: this stage is met, and those before it, which it holds."""
    stages = list(FACTS)
    _meet(involvement, [FACTS[one] for one in stages[: stages.index(stage) + 1]], at=at)


def _meet(involvement: Involvement, kinds: Collection[str], *, at: datetime) -> None:
    mine = Deadline.objects.filter(incident=involvement.incident_id, involvement=involvement)
    running = mine.filter(kind__in=kinds, met_at=None)
    running.update(met_at=at, warn_at=None, is_dropped=False)


def follow(involvement: Involvement) -> None:
    """The involvement went on in another incident, and its clocks with it."""
    for clocked in (Deadline, RegulatoryClock):
        mine = clocked._default_manager.filter(involvement=involvement)
        mine.update(incident=involvement.incident_id)
