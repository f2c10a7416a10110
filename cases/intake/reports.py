"""Reports of partners: told by a partner, triaged by staff into an incident or an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cases import (
    accuracy,
    bases,
    disclosure,
    drafting,
    files,
    moments,
    moving,
    queries,
    timeline,
    workflow,
)
from cases.files import Upload
from cases.models import Entry, Incident, Report
from cases.paths import Hit
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
    certainty: str = "",
    uploads: Sequence[Upload] = (),
    forgets_draft: bool = True,
    is_confirmed: bool = True,
    by: Actor,
    at: datetime,
) -> Report:
    """A partner tells us of something. It gets a reference at once and waits for triage; the same
    words within minutes are a second click. What the person had begun in the portal is gone with
    it if it came from there. `is_confirmed`: its reporter gets a mail that it has come."""
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_ACT, partner)
    made = Report(
        partner=partner,
        title=title.strip()[:200],
        description=description.strip(),
        category_id=category_id,
        certainty=certainty,
        happened_at=happened_at,
        noticed_at=noticed_at,
        reported_at=at,
        reported_by_id=by.person_id,
        reporter=by.name,
    )
    _keep(made, uploads, by=by, at=at)
    if forgets_draft:
        drafting.forget(by)
    if is_confirmed:
        _queue_confirmation(made, at=at)
    return made


@transaction.atomic
def take_in(
    *,
    partner_id: int,
    title: str,
    description: str,
    reporter: str,
    noticed_at: datetime,
    uploads: Sequence[Upload] = (),
    by: Actor,
    at: datetime,
) -> Report:
    """Staff put down what a partner said elsewhere as its report; the partner reads it as its own.

    `reporter` is who said it, in words. Nobody gets a mail of it.
    """
    access.require(by, Permission.REPORT_TRIAGE)
    partner = Partner.objects.filter(pk=partner_id, is_active=True).first()
    if partner is None:
        raise InvalidInput("Choose the partner whose report it is.", field="partner")
    made = Report(
        partner=partner,
        title=title.strip()[:200],
        description=description.strip(),
        noticed_at=noticed_at,
        reported_at=at,
        reported_by_id=by.person_id,
        reporter=reporter[:120],
    )
    _keep(made, uploads, by=by, at=at)
    return made


@transaction.atomic
def accept(
    *,
    report_id: int,
    impact: int | None,
    scope: int | None,
    urgency: int | None,
    shown_title: str = "",
    shown_severity: int | None = None,
    meaning: str = "",
    by: Actor,
    at: datetime,
) -> Incident:
    """Open an incident from a report; the partner is listed and sees the incident as its own.

    `meaning` is what the partner reads of what it means for it; empty, nothing is said yet.
    `shown_title` is the title for it; empty, the report's. `shown_severity` is how severe it is for
    this partner, 1 to 4, and has to be said: it never reads the incident's.
    """
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
        hit=Hit(partners=(made.partner.code,)),
    )
    incident = workflow.open_incident(opening=opening, by=by, at=at)
    _attach(made, incident, Report.State.ACCEPTED, by=by, at=at)
    disclosure.list_reporter(incident, made, shown_title, meaning, shown_severity, by=by, at=at)
    support = bases.Support(f"{made.partner} reported it", report_id=made.pk)
    bases.put(incident, dict.fromkeys(bases.LABELS, support), by=by, at=at)
    return incident


@transaction.atomic
def attach(
    *,
    report_id: int,
    reference: str,
    shown_title: str = "",
    shown_severity: int | None = None,
    meaning: str = "",
    by: Actor,
    at: datetime,
) -> Incident:
    """The report belongs to an incident that is open already.

    A partner that is listed there in words keeps title, meaning and severity; one that is not gets
    these, as in `accept`.
    """
    made = _to_triage(report_id)
    access.require(by, Permission.REPORT_TRIAGE)
    seen = queries.visible_to(by).open().filter(reference=reference.strip().upper())
    pk = seen.values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidInput(
            f"There is no open incident {reference}; check the reference.", field="reference"
        )
    incident = queries.locked(pk, by=by)
    moving.require_open(incident)
    _attach(made, incident, Report.State.ATTACHED, by=by, at=at)
    disclosure.list_reporter(incident, made, shown_title, meaning, shown_severity, by=by, at=at)
    return incident


@transaction.atomic
def decline(*, report_id: int, answer: str, by: Actor, at: datetime) -> Report:
    """It is no incident; the partner reads the answer."""
    made = _to_triage(report_id)
    access.require(by, Permission.REPORT_TRIAGE)
    if not answer.strip():
        raise InvalidInput("Declining needs an answer; the partner reads it.")
    accuracy.require_own(made.partner, answer)
    _triaged(made, Report.State.DECLINED, by=by, at=at)
    made.answer = answer.strip()
    made.save()
    return made


def _keep(made: Report, uploads: Sequence[Upload], *, by: Actor, at: datetime) -> None:
    """Store it whole, with its reference and its files, or not at all."""
    _require_whole(made)
    with files.kept(uploads, by=by, at=at) as kept:
        made.reference = directory.next_reference(made.partner, kind="report", year=at.year)
        _refuse_twice(made)
        made.save(force_insert=True)
        files.add(kept, partner_id=made.partner_id, at=at, report=made)


def _require_whole(made: Report) -> None:
    if made.happened_at and min(made.noticed_at, made.happened_at) > made.reported_at:
        raise InvalidInput(
            "Neither time can lie in the future; check both and their zone.",
            field="noticed_at",
            others=["happened_at"],
        )
    future = "You cannot have noticed it in the future; check the time and its zone."
    by_then = made.reported_at
    moments.require_happened(made.noticed_at, at=by_then, future=future, field="noticed_at")
    if made.happened_at and made.happened_at > made.noticed_at:
        raise InvalidInput(
            "It cannot have happened after you noticed it; check the two times.",
            field="happened_at",
        )
    moments.require_happened(made.happened_at, at=by_then, future=future, field="happened_at")
    if not made.title or not made.description:
        raise InvalidInput("Say in a few words what is wrong, and describe what you see.")
    if made.certainty and made.certainty not in Report.Certainty.values:
        raise InvalidInput("Say how sure you are by one of the words listed, or leave it open.")


def _refuse_twice(made: Report) -> None:
    """Taking the number has made the second of two clicks wait until the first is stored."""
    same = Report.objects.filter(
        partner_id=made.partner_id,
        reported_by_id=made.reported_by_id,
        reported_at__range=(made.reported_at - SECOND_CLICK, made.reported_at),
        title=made.title,
        description=made.description,
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
    text += "".join(f" File: {one.name}, SHA-256 {one.sha256}." for one in made.files.all())
    timeline.record(incident, Entry.Kind.PARTNER, text, by=by, at=at, partner_id=made.partner_id)


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
