"""“Needs you now”: what waits for this person, by what its roles let it do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time

from django.db.models import F, Prefetch, Q
from django.utils import timezone

from cases import correspondence, queries, roster
from cases.models import Deadline, Notice, NoticeCopy, Phase, Report, Request, Task
from incidentdesk.dashboard import promised, reported
from incidentdesk.dashboard.need import EACH, Need, about
from incidentdesk.dashboard.remaining import since, until
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from reviews import queries as reviews
from reviews.models.preventive_action import OPEN

SHOWN = 12


@dataclass(frozen=True)
class Needs:
    """The lines that are shown, and how many more there are; long if it is more than the first."""

    lines: list[Need]
    more: int
    is_long: bool


def of(by: Actor, *, at: datetime, is_whole: bool = False) -> Needs:
    """What waits for `by`, or the first of it; at most sixteen queries."""
    found = [
        *_notices(by, at=at),
        *promised.of(by, at=at),
        *reported.of(by, at=at),
        *_offers(by, at=at),
        *_incidents(by, at=at),
        *_tasks(by, at=at),
        *_reports(by, at=at),
        *_requests(by, at=at),
        *_remarks(by, at=at),
        *_reviews(by, at=at),
        *_actions(by, at=at),
        *_fixes(by, at=at),
    ]
    found.sort(key=lambda need: need.rank)
    shown = len(found) if is_whole else SHOWN
    return Needs(found[:shown], len(found[shown:]), is_whole and len(found) > SHOWN)


def _notices(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Drafts of others for those who approve; approved ones for those who send."""
    wanted = Q(pk__in=())
    if access.allows(by, Permission.NOTICE_APPROVE):
        wanted |= Q(state=Notice.State.DRAFT) & ~Q(drafted_by=by.user_id)
    if access.allows(by, Permission.NOTICE_SEND):
        wanted |= Q(state=Notice.State.APPROVED)
    copies = NoticeCopy.objects.select_related("partner").order_by("partner__name")
    rows = list(
        queries.notices_visible_to(by)
        .filter(wanted, incident__in=queries.visible_to(by).open())
        .select_related("incident")
        .prefetch_related(Prefetch("copies", queryset=copies))
        .order_by("drafted_at")[:EACH]
    )
    first = _deadlines((n.incident_id for n in rows if n.kind == Notice.Kind.FIRST), "first_notice")
    for notice in rows:
        names = ", ".join(copy.partner.name for copy in notice.copies.all())
        step = "awaits your approval" if notice.state == Notice.State.DRAFT else "can be sent"
        due_at = first.get(notice.incident_id) if notice.kind == Notice.Kind.FIRST else None
        yield about(
            notice.incident,
            f"{notice.get_kind_display()} to {names} {step}",
            until(due_at, at=at) if due_at else since(notice.drafted_at, at=at),
            began_at=notice.drafted_at,
        )


def _offers(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Roles on incidents that this person was asked to take."""
    for offer in queries.offers_to(by).select_related("incident", "offered_by")[:EACH]:
        yield about(
            offer.incident,
            f"{offer.offered_by or 'the desk'} {offer.asks}",
            since(offer.offered_at, at=at),
            began_at=offer.offered_at,
        )


def _incidents(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Nobody acknowledged it, or nobody commands it."""
    wanted = Q(pk__in=())
    if access.allows(by, Permission.INCIDENT_ACKNOWLEDGE):
        wanted |= Q(acknowledged_at=None)
    if access.allows(by, Permission.INCIDENT_COMMAND):
        wanted |= Q(commander=None)
    rows = list(
        queries.visible_to(by).open().filter(wanted).order_by("severity", "-opened_at")[:EACH]
    )
    acknowledge = _deadlines((i.pk for i in rows if i.acknowledged_at is None), "acknowledge")
    for incident in rows:
        waits = incident.acknowledged_at is None
        due_at = acknowledge.get(incident.pk)
        yield about(
            incident,
            "nobody has acknowledged it" if waits else "has no commander",
            until(due_at, at=at) if due_at else since(incident.opened_at, at=at),
            began_at=incident.opened_at,
        )


def _tasks(by: Actor, *, at: datetime) -> Iterator[Need]:
    """This person's own open tasks of the phase in which their incident is."""
    rows = (
        queries.tasks_visible_to(by)
        .filter(owner=by.user_id, state=Task.State.OPEN, phase=F("incident__phase"))
        .select_related("incident")
        .order_by(F("due_at").asc(nulls_last=True), "id")
    )
    for task in rows[:EACH]:
        began_at = task.incident.opened_at
        remaining = until(task.due_at, at=at) if task.due_at else since(began_at, at=at)
        yield about(task.incident, f"task: {task.text}", remaining, began_at=began_at)


def _reports(by: Actor, *, at: datetime) -> Iterator[Need]:
    """What partners reported and nobody has triaged."""
    if not access.allows(by, Permission.REPORT_TRIAGE):
        return
    rows = queries.reports_visible_to(by).filter(state=Report.State.NEW).select_related("partner")
    for report in rows.order_by("reported_at")[:EACH]:
        yield Need(
            reference=report.reference,
            title=f"{report.partner}: {report.title}",
            url=f"/admin/cases/report/{report.pk}/change/",
            what="partner report to triage",
            remaining=since(report.reported_at, at=at),
            began_at=report.reported_at,
        )


def _requests(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Answers of partners to look at, wishes for more time, and what partners owe."""
    if not access.allows(by, Permission.NOTICE_DRAFT):
        return
    rows = correspondence.requests_to_handle(by) | correspondence.overdue_requests(by, at)
    for request in rows.select_related("partner", "involvement__incident").order_by("due_at")[
        :EACH
    ]:
        incident = request.involvement.incident
        if request.extension_until is not None:
            what = f"{request.partner} asks for more time"
        elif request.state == Request.State.ANSWERED:
            what = f"{request.partner} answered; accept it or ask again"
        else:
            what = f"the answer of {request.partner} is overdue"
        began_at = request.answered_at or request.due_set_at
        is_owed = request.state == Request.State.OPEN
        yield Need(
            reference=request.reference,
            title=incident.heading,
            url=f"/admin/cases/request/{request.pk}/change/",
            what=what,
            remaining=until(request.due_at, at=at) if is_owed else since(began_at, at=at),
            began_at=began_at,
            severity=incident.severity,
        )


def _remarks(by: Actor, *, at: datetime) -> Iterator[Need]:
    """What partners wrote and nobody has answered; one line for each thread."""
    if not access.allows(by, Permission.NOTICE_DRAFT):
        return
    rows = correspondence.unanswered_remarks(by).select_related("partner", "involvement__incident")
    oldest = {row.involvement_id: row for row in rows.order_by("-at", "-id")}
    for remark in list(oldest.values())[:EACH]:
        incident = remark.involvement.incident
        need = about(
            incident,
            f"{remark.partner} wrote and waits for an answer",
            since(remark.at, at=at),
            began_at=remark.at,
        )
        yield replace(need, url=f"{incident.url}?tab=partners")


def _reviews(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Reviews that wait for approval, of incidents that this person never commanded."""
    if not access.allows(by, Permission.REVIEW_APPROVE):
        return
    rows = list(
        queries.visible_to(by)
        .filter(phase=Phase.REVIEW, review__state="in_review")
        .exclude(roster.ever_led_by(by.user_id) | Q(review__commander=by.user_id))
        .order_by("severity", "-opened_at")[:EACH]
    )
    held = _deadlines((incident.pk for incident in rows), "review")
    for incident in rows:
        due_at = held.get(incident.pk)
        yield about(
            incident,
            "the review awaits your approval",
            until(due_at, at=at) if due_at else since(incident.opened_at, at=at),
            began_at=incident.opened_at,
            is_after=True,
        )


def _actions(by: Actor, *, at: datetime) -> Iterator[Need]:
    """This person's own preventive actions that are overdue and not done."""
    mine = reviews.overdue_actions(by, at).filter(owner=by.user_id, state__in=OPEN)
    for action in mine.select_related("review__incident")[:EACH]:
        due_at = timezone.make_aware(datetime.combine(action.due_on, time.max))
        yield Need(
            reference=action.review.incident.reference,
            title=action.title,
            url=f"/admin/reviews/preventiveaction/{action.pk}/change/",
            what="your preventive action is overdue",
            remaining=until(due_at, at=at),
            began_at=action.agreed_at,
            severity=action.review.incident.severity,
            is_after=True,
        )


def _fixes(by: Actor, *, at: datetime) -> Iterator[Need]:
    """Temporary fixes past their day that this person owns, or whose incident it commanded."""
    mine = Q(owner=by.user_id) | Q(incident__commander=by.user_id)
    rows = queries.overdue_fixes(by, at).filter(mine).select_related("incident")
    for fix in rows.order_by("expires_on")[:EACH]:
        due_at = timezone.make_aware(datetime.combine(fix.expires_on or at.date(), time.max))
        yield Need(
            reference=fix.incident.reference,
            title=fix.text.splitlines()[0][:120],
            url=f"/admin/cases/fix/{fix.pk}/change/",
            what="temporary fix is overdue: replace it or have it accepted",
            remaining=until(due_at, at=at),
            began_at=fix.proposed_at,
            severity=fix.incident.severity,
            is_after=True,
        )


def _deadlines(incident_ids: Iterable[int], kind: str) -> dict[int, datetime]:
    """When one kind of deadline falls due, by incident."""
    rows = Deadline.objects.filter(
        incident__in=list(incident_ids), kind=kind, met_at=None, is_dropped=False
    )
    return dict(rows.values_list("incident_id", "due_at"))
