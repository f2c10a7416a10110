"""Reports of partners: told by a partner, triaged by staff into an incident or an answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cases import bases, disclosure, moving, queries, timeline, workflow
from cases.models import Entry, Incident, Report
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications import outbox
from partners import directory
from partners.models import Partner

SECOND_CLICK = timedelta(minutes=5)


@transaction.atomic
def report(
    *,
    title: str,
    description: str,
    noticed_at: datetime,
    happened_at: datetime | None = None,
    category_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Report:
    """A partner tells us of something. It gets a reference at once and waits for triage.

    The same words from the same person within a few minutes are a second click, and refused.
    """
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_ACT, partner)
    if partner is None:
        raise NotFound("There is no such partner.")
    _check_times(happened_at, noticed_at, at=at)
    if not title.strip() or not description.strip():
        raise InvalidInput("Say in a few words what is wrong, and describe what you see.")
    title, description = title.strip()[:200], description.strip()
    # Taking the number makes the second of two clicks wait until the first is stored.
    reference = directory.next_reference(partner, kind="report", year=at.year)
    _refuse_twice(partner, title, description, by=by, at=at)
    made = Report.objects.create(
        partner=partner,
        reference=reference,
        title=title,
        description=description,
        category_id=category_id,
        happened_at=happened_at,
        noticed_at=noticed_at,
        reported_at=at,
        reported_by_id=by.person_id,
        reporter=by.name,
    )
    _queue_confirmation(made, at=at)
    return made


@transaction.atomic
def accept(
    *,
    report_id: int,
    impact: int | None,
    scope: int | None,
    urgency: int | None,
    by: Actor,
    at: datetime,
) -> Incident:
    """Open an incident from a report; the partner is listed and sees the incident as its own."""
    made = _to_triage(report_id)
    access.require(by, Permission.REPORT_TRIAGE)
    opening = workflow.Opening(
        title=made.title,
        description=made.description,
        category_id=made.category_id,
        detection=Incident.Detection.PARTNER,
        detected_by=f"{made.partner} · {made.reference}",
        detected_at=made.reported_at,
        occurred_at=made.happened_at,
        impact=impact,
        scope=scope,
        urgency=urgency,
    )
    incident = workflow.open_incident(opening=opening, by=by, at=at)
    _attach(made, incident, Report.State.ACCEPTED, by=by, at=at)
    support = bases.Support(f"{made.partner} reported it", report_id=made.pk)
    bases.put(incident, dict.fromkeys(bases.LABELS, support), by=by, at=at)
    return incident


@transaction.atomic
def attach(*, report_id: int, reference: str, by: Actor, at: datetime) -> Incident:
    """The report belongs to an incident that is open already."""
    made = _to_triage(report_id)
    access.require(by, Permission.REPORT_TRIAGE)
    seen = queries.visible_to(by).open().filter(reference=reference.strip().upper())
    pk = seen.values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidInput(f"There is no open incident {reference}; check the reference.")
    incident = queries.locked(pk, by=by)
    moving.require_open(incident)
    _attach(made, incident, Report.State.ATTACHED, by=by, at=at)
    return incident


@transaction.atomic
def decline(*, report_id: int, answer: str, by: Actor, at: datetime) -> Report:
    """It is no incident; the partner reads the answer."""
    made = _to_triage(report_id)
    access.require(by, Permission.REPORT_TRIAGE)
    if not answer.strip():
        raise InvalidInput("Declining needs an answer; the partner reads it.")
    _triaged(made, Report.State.DECLINED, by=by, at=at)
    made.answer = answer.strip()
    made.save()
    return made


def _check_times(happened_at: datetime | None, noticed_at: datetime, *, at: datetime) -> None:
    if noticed_at > at:
        raise InvalidInput("You cannot have noticed it in the future; times are in UTC.")
    if happened_at and happened_at > noticed_at:
        raise InvalidInput("It cannot have happened after you noticed it; check the two times.")


def _refuse_twice(
    partner: Partner, title: str, description: str, *, by: Actor, at: datetime
) -> None:
    same = Report.objects.filter(
        partner=partner,
        reported_by_id=by.user_id,
        reported_at__range=(at - SECOND_CLICK, at),
        title=title,
        description=description,
    ).first()
    if same is not None:
        raise Conflict(f"You reported this a moment ago; it is {same.reference}.")


def _to_triage(report_id: int) -> Report:
    made = (
        Report.objects.select_for_update(of=("self",))
        .select_related("partner")
        .filter(pk=report_id)
        .first()
    )
    if made is None:
        raise NotFound("There is no such report.")
    if made.state != Report.State.NEW:
        raise Conflict(f"{made.reference} was triaged already: {made.get_state_display()}.")
    return made


def _triaged(made: Report, state: str, *, by: Actor, at: datetime) -> None:
    made.state, made.triaged_at, made.triaged_by_id = state, at, by.user_id


def _attach(made: Report, incident: Incident, state: str, *, by: Actor, at: datetime) -> None:
    _triaged(made, state, by=by, at=at)
    made.incident = incident
    made.save()
    text = f"{made.partner} reported ({made.reference}): {made.title}"
    timeline.record(incident, Entry.Kind.PARTNER, text, by=by, at=at, partner_id=made.partner_id)
    disclosure.list_reporter(incident, made, by=by, at=at)


def _queue_confirmation(made: Report, *, at: datetime) -> None:
    outbox.queue(
        kind="report_received",
        to=made.reported_by,
        about=f"report:{made.pk}",
        dedupe_key=f"report_received:{made.pk}",
        context={
            "reference": made.reference,
            "title": made.title,
            "url": f"{settings.SITE_URL}/portal/reports/{made.reference}/",
        },
        at=at,
    )
