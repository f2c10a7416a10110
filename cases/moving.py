"""What every move does once it is allowed: save, note, tell the timeline, show it to partners.

Also the refusals that moves share, and who is paged about an incident. It decides nothing;
`workflow` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import TypedDict

from cases import deadlines, events, facts, gates, moments, paths, queries, sight, timeline
from cases.models import Entry, Fix, Incident, Move, NoticeCopy, Phase
from cases.paths import NOTHING, Hit
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from incidentdesk.kernel.prepared import Inserted
from notifications import escalation
from notifications.rotas import oncall

Kind = Entry.Kind
_MOVES = Inserted(Move)
LONGEST_REASON = 4_000  # characters


class Facts(TypedDict):
    """What the post office is told of an incident."""

    about: str
    severity: int
    category: str
    title: str
    reference: str
    url: str


def escalation_facts(incident: Incident, category_key: str = "") -> Facts:
    """The plain facts that an escalation path matches on and a page shows.

    Of a restricted incident a page says nothing but that it is one: mails are read over shoulders.
    """
    key = category_key or (incident.category.key if incident.category else "")
    closed = incident.is_restricted
    return {
        "about": incident.about,
        "severity": incident.severity,
        "category": key,
        "title": "A restricted incident needs you" if closed else incident.heading,
        "reference": "Restricted" if closed else incident.reference,
        "url": incident.url,
    }


def pages_people(incident: Incident) -> bool:
    """A drill pages nobody unless that was ticked when it was declared."""
    return not incident.is_exercise or incident.exercise_pages


def escalate(
    incident: Incident, *, category_key: str = "", hit: Hit = NOTHING, at: datetime
) -> None:
    """Somebody has to look at it: its path begins. `hit` is known already and listed next."""
    if pages_people(incident):
        facts = escalation_facts(incident, category_key)
        escalation.start(**facts, **asdict(hit), at=at)


def escalate_again(incident: Incident, *, at: datetime) -> None:
    """What pages are about has changed, or nobody works on it: its path begins anew."""
    if pages_people(incident):
        facts = escalation_facts(incident)
        escalation.restart(**facts, **asdict(paths.hit(incident)), at=at)


def page(
    incident: Incident,
    *,
    note: str,
    by_name: str,
    user_ids: Iterable[int] = (),
    group_ids: Iterable[int] = (),
    is_plain: bool = False,
    url: str = "",
    once: str = "",
    at: datetime,
) -> list[User]:
    """Page these people about it now; returns whom. Of a restricted incident a page says a note
    that `is_plain` alone, which names nothing of it."""
    facts = escalation_facts(incident)
    return escalation.page(
        about=facts["about"],
        title=facts["title"],
        reference=facts["reference"],
        severity=facts["severity"],
        url=url or facts["url"],
        note=note if is_plain or not incident.is_restricted else "",
        by_name=by_name,
        user_ids=user_ids,
        group_ids=group_ids,
        once=once,
        at=at,
    )


def page_let_in(incident: Incident, *, at: datetime) -> bool:
    """Page those who may open a restricted incident and nobody else, whatever its path says: who
    it is kept from may be on it. Why stands on its timeline. False where there is nobody."""
    people = list(sight.let_in(incident))
    if not oncall.pageable().filter(pk__in=people).exists():
        return False
    page(incident, note="", by_name=access.SYSTEM.name, user_ids=people, at=at)
    return True


def arrive(
    incident: Incident, origin: Phase, *, by: Actor, at: datetime, reason: str = ""
) -> Incident:
    """Save a move that the lifecycle allowed, note it, and let its partners see the new phase."""
    incident.let_through_to = ""
    incident.save()
    note_move(incident, origin, by=by, at=at, reason=reason)
    why = f" Reason: {reason.strip()}" if reason.strip() else ""
    text = f"{origin.label} → {incident.get_phase_display()}.{why}"
    timeline.record(incident, Kind.MOVE, text, by=by, at=at)
    shown = list(incident.involvements.all())
    for involvement in shown:
        involvement.phase = incident.phase
        involvement.phase_times = {**involvement.phase_times, incident.phase: at.isoformat()}
    incident.involvements.bulk_update(shown, ["phase", "phase_times"])
    events.moved(incident, shown, at=at)
    return incident


def note_move(
    incident: Incident, origin: str, *, by: Actor, at: datetime, reason: str = ""
) -> None:
    """Keep who moved it, when, from, to, why."""
    _MOVES.add(
        Move(
            incident=incident,
            at=at,
            from_phase=origin,
            to_phase=incident.phase,
            reason=reason.strip(),
            actor=by.name,
            user_id=by.user_id,
        )
    )


def end(incident: Incident, *, why: str, at: datetime) -> None:
    """The incident is over: clocks and pages stop, offers lapse, firing alerts are let go."""
    deadlines.drop(incident)
    chased = NoticeCopy.objects.filter(notice__incident=incident, remind_at__isnull=False)
    chased.update(remind_at=None)
    escalation.stop(about=incident.about, at=at, why=why)
    incident.assignments.filter(accepted_at=None, ended_at=None).update(ended_at=at)
    if incident.phase == Phase.CLOSED:
        queries.lock_alerts(incident).filter(resolved_at=None).update(resolved_at=at)


def how_it_got_there(incident: Incident) -> str:
    """Who moved it last, where to and when: a sentence for somebody who came too late."""
    move = incident.moves.order_by("-id").first()
    if move is None or not move.from_phase:  # it has only been opened
        return ""
    label = Phase(move.to_phase).label
    return f" {move.actor} moved it to {label} at {move.at:%H:%M} on {move.at:%-d %b}."


def require_phase(incident: Incident, phase: Phase) -> None:
    """Refuse, in words, what does not fit the phase it is in by now."""
    if incident.phase != phase:
        raise Conflict(
            f"{incident.reference} is in {incident.get_phase_display()} by now, not in "
            f"{phase.label}; look at the page again.{how_it_got_there(incident)}"
        )


def require_gates(incident: Incident, move: str, *, words: str, at: datetime) -> None:
    """Refuse the move, naming every gate that is neither met nor waived; else let it through."""
    gates.require(move, incident, facts.of(incident, at=at), words=words)


def require_open(incident: Incident) -> None:
    """Refuse what needs an open incident."""
    if not incident.is_open:
        raise Conflict(
            f"{incident.reference} is {incident.phase}; reopen it first."
            f"{how_it_got_there(incident)}"
        )


def require_responding(incident: Incident) -> None:
    """Refuse to add in Review what its gates no longer ask for: restored, told, confirmed."""
    require_open(incident)
    if not incident.is_responding:
        raise Conflict(
            f"{incident.reference} is in Review, where no gate asks for what is added now; "
            "go back to Recovery first."
        )


def require_second_person(incident: Incident, person_id: int) -> None:
    """Refuse who proposed a fix to pass its gate alone while it waits for somebody else."""
    fix = incident.fixes.filter(state=Fix.State.PROPOSED, proposed_by_id=person_id).first()
    if fix is not None:
        raise InvalidInput(
            f"You proposed {fix}, which waits for a second person: somebody else approves it or "
            "lets it pass, or you withdraw it."
        )


def require_reason(reason: str, what: str, *, where: str = "it goes on the timeline") -> None:
    """Refuse what needs a reason and has none, or one that nobody would read."""
    if not reason.strip():
        raise InvalidInput(f"{what} needs a reason; {where}.")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(
            f"The reason is {len(reason)} characters long; {LONGEST_REASON} is the most."
        )


def take_back_recovery(incident: Incident, system: str, *, by: Actor, at: datetime) -> None:
    """A system is affected after the recovery was recorded: it did not last. The clock of recovery
    runs again, the soak and the review's clock begin with the next one. A step of use cases."""
    former = incident.recovered_at
    if former is None:
        return
    moments.put(incident, {"recovered_at": None}, by=by, at=at)
    incident.save(update_fields=["recovered_at"])
    deadlines.run_again(incident, "recover")
    text = f"The recovery of {former:%d %b %H:%M} UTC is taken back: {system} is affected."
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
