"""One incident as its partner sees it: how far it is, what was said, acknowledging a notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cases import notices, receipts, restoring, visibility
from cases.models import Involvement, NoticeCopy, Phase
from cases.models.incident import OVER, STEPS
from incidentdesk.kernel import clocks, standby
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners.portal.forms import RemarkForm
from partners.portal.views.requests import require_acting, shown
from partners.portal.views.shelves import moment

# What a phase that is done is called: identification ends when the incident is confirmed.
DONE = {
    Phase.IDENTIFICATION: "confirmed",
    Phase.CONTAINMENT: "contained",
    Phase.MITIGATION: "mitigated",
    Phase.RECOVERY: "found stable",
    Phase.REVIEW: "reviewed",
}


@dataclass(frozen=True)
class Step:
    """A phase as the stepper shows it."""

    label: str
    state: str  # done, now, ahead
    words: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Update:
    """A notice with its number, counted from the first that this partner was sent."""

    number: int
    notice: NoticeCopy


@require_safe
def detail(request: ScopedRequest, reference: str) -> HttpResponse:
    """One incident: how far it is, what this partner was told, what it means for it."""
    return page(request, incident_of(request.actor, reference), RemarkForm())


def page(request: ScopedRequest, involvement: Involvement, remark: RemarkForm) -> HttpResponse:
    """The same, with what was typed into the thread."""
    updates = _updates(request.actor, involvement)
    newest = updates[-1].notice if updates else None
    if updates:  # the desk proves who saw what; once the scope is left
        seen = [update.notice.pk for update in updates]
        note = partial(receipts.note_opened, copy_ids=seen, by=request.actor, at=clocks.now())
        request.after_scope.append(standby.or_next_time(note))
    context = {
        "involvement": involvement,
        "steps": steps_of(involvement),
        "is_dismissed": involvement.phase == Phase.DISMISSED,
        "is_open": involvement.phase not in OVER,
        "over_at": moment(involvement, involvement.phase),
        "updates": updates[::-1],
        "waiting": [update for update in updates if update.notice.acknowledged_at is None],
        "newest": newest,
        "is_restoring": involvement.phase in restoring.ASKED_IN,
        "is_confirmed": _is_confirmed(involvement),
        "requests": shown(
            visibility.requests_for(request.actor).filter(involvement_id=involvement.pk)
        ),
        "procedures": visibility.procedures_for(request.actor).filter(
            ended_at=None, valid_until__gte=clocks.now().date()
        ),
        "packages": visibility.packages_for(request.actor).filter(involvement_id=involvement.pk),
        "remarks": visibility.remarks_for(request.actor).filter(involvement_id=involvement.pk),
        "remark": remark,
        "now": clocks.now(),
        **_timings(involvement, [update.notice for update in updates]),
    }
    status = 422 if remark.errors else 200
    return render(request, "portal/incidents/detail.html", context, status=status)


@require_POST
def acknowledge(request: ScopedRequest, reference: str, number: int) -> HttpResponse:
    """Somebody at the partner has read a notice."""
    actor = request.actor
    updates = _updates(actor, incident_of(actor, reference))
    if not 1 <= number <= len(updates):
        raise Http404
    require_acting(request)
    copy_id = updates[number - 1].notice.pk

    def run() -> str:
        notices.acknowledge(copy_id=copy_id, by=actor, at=clocks.now())
        return "Thank you. The response team sees that you have read it."

    return Afterwards(run, to=reverse("portal:incident", args=[reference]))


@require_POST
def confirm(request: ScopedRequest, reference: str) -> HttpResponse:
    """Somebody at the partner sees the service working again."""
    actor = request.actor
    involvement_id = incident_of(actor, reference).pk
    require_acting(request)

    def run() -> str:
        restoring.confirm(involvement_id=involvement_id, by=actor, at=clocks.now())
        return "Thank you. The response team sees that it works again for you."

    return Afterwards(run, to=reverse("portal:incident", args=[reference]))


def _is_confirmed(involvement: Involvement) -> bool:
    """Whether this partner said so of the present recovery, and not of one that did not last."""
    confirmed, began = involvement.recovery_confirmed_at, moment(involvement, Phase.RECOVERY)
    return confirmed is not None and began is not None and confirmed >= began


def incident_of(actor: Actor, reference: str) -> Involvement:
    """The incident of this reference as it concerns this partner; any other is a 404."""
    found = visibility.involvements_for(actor).filter(reference=reference).first()
    if found is None:
        raise Http404
    return found


def _updates(actor: Actor, involvement: Involvement) -> list[Update]:
    """What this partner was sent about the incident, oldest first."""
    copies = visibility.marked_for(actor).filter(involvement_id=involvement.pk)
    sent = copies.order_by("sent_at", "id")
    return [Update(number, notice) for number, notice in enumerate(sent, start=1)]


def steps_of(involvement: Involvement) -> list[Step]:
    """The five phases; none for an incident that was dismissed."""
    if involvement.phase == Phase.DISMISSED:
        return []
    reached = [*STEPS, Phase.CLOSED].index(Phase(involvement.phase))
    found = []
    for place, (phase, then) in enumerate(zip(STEPS, [*STEPS[1:], Phase.CLOSED], strict=True)):
        if place < reached:
            found.append(Step(phase.label, "done", DONE[phase], moment(involvement, then)))
        elif place == reached:
            found.append(Step(phase.label, "now", "in progress"))
        else:
            found.append(Step(phase.label, "ahead"))
    return found


def _timings(involvement: Involvement, sent: list[NoticeCopy]) -> dict[str, object]:
    """When it began, when we told this partner, when it acknowledged: the first of each."""
    told_at = sent[0].sent_at if sent else None
    read = [notice for notice in sent if notice.acknowledged_at]
    first = min(read, key=lambda notice: notice.acknowledged_at or clocks.now(), default=None)
    return {
        "told_at": told_at,
        "told_after": _after(involvement.started_at, told_at),
        "first_read": first,
        "read_after": _after(told_at, first.acknowledged_at if first else None),
    }


def _after(start: datetime | None, end: datetime | None) -> str:
    """The time between, in words; nothing if one is not known or they lie the other way round."""
    return clocks.words(end - start) if start and end and end >= start else ""
