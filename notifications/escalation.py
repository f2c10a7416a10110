"""Escalations: begin, page step after step, stop when somebody acknowledges.

The next step is a time in a column, never a countdown in a broker. All but `run_due` are called
inside the caller's transaction; `run_due` is the worker's and has one transaction an escalation.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NotRequired, TypedDict, Unpack

from django.db import models
from django.db.models import Q

from incidentdesk.kernel import clocks, due, errors, failpoints, worker
from incidentdesk.kernel.models import User
from incidentdesk.kernel.prepared import Prepared
from notifications import bundling, ladder, outbox, pages, routing
from notifications.models import Escalation, EscalationEvent
from notifications.rotas import oncall

logger = logging.getLogger(__name__)
RUN_LIMIT = 200
_Event = EscalationEvent.Event

# Without a path that fits, administrators are paged. What runs already is left as it is. What is to
# begin now begins by the database's clock, by which steps fall due (`clocks.by_database`).
_START = Prepared(
    "start_escalation",
    f"""
    WITH path AS ({routing.MATCH}), start AS (
        SELECT CASE WHEN %(is_present)s THEN clock_timestamp() ELSE %(at)s END AS at
    )
    INSERT INTO notifications_escalation (
        about, reference, title, severity, category, url, path_id, state, started_at,
        next_position, round, acknowledged_by, next_action_at
    )
    SELECT
        %(about)s, %(reference)s, %(title)s, %(severity)s, %(category)s, %(url)s,
        (SELECT id FROM path), %(state)s, start.at, 0, 0, '',
        CASE WHEN %(state)s = 'running' THEN start.at
            + make_interval(mins => coalesce((SELECT first_after FROM path), 0)) END
    FROM start
    ON CONFLICT (about) WHERE state IN ('running', 'suppressed') DO NOTHING
    RETURNING id, path_id, started_at, next_action_at
    """,  # noqa: S608 -- a part of a statement, with no value in it
    about="text",
    reference="text",
    title="text",
    url="text",
    state="text",
    is_present="boolean",
    **routing.TYPES,
)


class Facts(TypedDict):
    """What is escalated, in plain strings, of which a path may ask any (`routing`).

    `url` is the path of a page on the desk; systems are named, partners told by their code.
    """

    about: str
    severity: int
    category: str
    title: str
    reference: str
    url: str
    systems: NotRequired[Collection[str]]
    partners: NotRequired[Collection[str]]


def start(*, at: datetime, **facts: Unpack[Facts]) -> Escalation:
    """Begin to escalate; a second start while one runs returns the one that runs.

    One statement finds the path, the first active one that fits, and inserts the row. Nobody is
    paged here: the worker is woken for the first step.
    """
    outbox.require_transaction()
    row = Escalation(
        about=facts["about"],
        severity=facts["severity"],
        category=facts["category"],
        title=facts["title"][:250],
        reference=facts["reference"],
        url=facts["url"],
        state=Escalation.State.SUPPRESSED if outbox.is_quiet() else Escalation.State.RUNNING,
    )
    systems, partners = list(facts.get("systems", ())), list(facts.get("partners", ()))
    asked = {**facts, "systems": systems, "partners": partners, "title": row.title}
    now = {"at": at, "is_present": clocks.is_present(at)}
    inserted = _START.rows({**asked, **now, "state": row.state})
    if not inserted:
        return _live(row.about).get()
    row.pk, row.path_id, row.started_at, row.next_action_at = inserted[0]
    row._state.adding = False
    if row.next_action_at == row.started_at:
        worker.wake("notifications.jobs.escalate", queue="page")
    return row


def restart(*, at: datetime, **facts: Unpack[Facts]) -> Escalation:
    """It is worse, or nobody works on it: end what runs, begin its path at the first step."""
    stop(about=facts["about"], at=at, why="Its path begins anew.")
    return start(at=at, **facts)


def acknowledge(*, about: str, by_user_id: int | None, by_name: str, at: datetime) -> bool:
    """Somebody took it: no further step. True for the first who acknowledges, False after."""
    outbox.require_transaction()
    row = _live(about).select_for_update().first()
    if row is None:
        return False
    row.state = Escalation.State.ACKNOWLEDGED
    row.acknowledged_at = at
    row.acknowledged_by = by_name
    row.acknowledged_by_user_id = by_user_id
    row.next_action_at = None
    who = ("acknowledged_at", "acknowledged_by", "acknowledged_by_user")
    row.save(update_fields=["state", "next_action_at", *who])
    _log(row, _Event.ACKNOWLEDGED, f"Acknowledged by {by_name}", at=at)
    pages.call_off(row, f"{by_name} acknowledged it before this was sent.", at=at)
    return True


def stop(*, about: str, at: datetime, why: str) -> bool:
    """It is over without an acknowledgement (`why` goes into the log). False if none was live."""
    outbox.require_transaction()
    row = _live(about).select_for_update().first()
    if row is None:
        return False
    row.state = Escalation.State.STOPPED
    row.next_action_at = None
    row.save(update_fields=["state", "next_action_at"])
    _log(row, _Event.STOPPED, why, at=at)
    pages.call_off(row, f"It was over before this was sent: {why}", at=at)
    return True


def page(
    *,
    about: str,
    by_name: str,
    note: str,
    title: str,
    reference: str,
    url: str,
    at: datetime,
    user_ids: Iterable[int] = (),
    group_ids: Iterable[int] = (),
    severity: int | None = None,
    once: str = "",
) -> list[User]:
    """Page these people now, whatever the ladder does; returns whom.

    The same twice in a minute is one page; with `once`, at any time. InvalidInput without anybody.
    """
    outbox.require_transaction()
    chosen = Q(pk__in=list(user_ids)) | Q(notification_groups__in=list(group_ids))
    people = list(oncall.pageable().filter(chosen).distinct().order_by("id"))
    if not people:
        raise errors.InvalidInput("Nobody would be paged; choose a person or a group with members.")
    running = _live(about).first()
    mark = f"{about}:{once or _mark(by_name, note, at)}"
    drafts = [
        pages.draft(
            pages.Subject(about, reference, title, url, severity),
            person,
            key=f"page-now:{mark}:{person.pk}",
            why=f"{by_name} asks for you.",
            ack_link=pages.ack_link(running, person, at=at) if running else "",
            by_name=by_name,
            note=note,
        )
        for person in people
    ]
    outbox.queue_many(drafts, at=at)
    return people


def _mark(by_name: str, note: str, at: datetime) -> str:
    """By which the same page twice within a minute is known."""
    said = hashlib.sha256(f"{by_name}\n{note}".encode()).hexdigest()[:12]
    return f"{at:%Y%m%d%H%M}:{said}"


def run_due(*, at: datetime) -> int:
    """Take every step that is due; the number of escalations that moved, RUN_LIMIT at most.

    Bounded, so that the pages already queued go out in between.
    """
    running = Escalation.objects.filter(state=Escalation.State.RUNNING, next_action_at__lte=at)
    rows, order = running.select_related("path"), ("next_action_at", "id")
    return len(due.each(rows, partial(_take_steps, at=at), most=RUN_LIMIT, order=order))


def _take_steps(row: Escalation, *, at: datetime) -> None:
    """Page everybody who is due, each person once, and set the time of the next step."""
    climb = ladder.climb(row, at=at)
    told: set[int] = set()
    drafts: list[outbox.Draft] = []
    everybody = {person.pk for rung in climb.rungs for person in rung.people}
    waiting = bundling.who_waits(everybody, row.severity, at=at)
    why = pages.why(row, at=at)
    for rung in climb.rungs:
        fresh = [person for person in rung.people if person.pk not in told]
        told.update(person.pk for person in fresh)
        drafts += [replace(_page(row, rung, p, why, at), is_held=p.pk in waiting) for p in fresh]
        drafts += [_word_outside(row, rung, address) for address in rung.addresses]
        _log_rung(row, rung, fresh, at=at)
    if climb.rungs and not told:
        logger.critical("nobody can be paged about %s: no step has anybody, no administrator", row)
    outbox.queue_many(drafts, at=at)
    failpoints.reach("escalation.stepping")
    row.next_position, row.next_action_at = climb.next_position, climb.next_action_at
    row.round += climb.is_round_over
    row.save(update_fields=["next_position", "next_action_at", "round"])


def _page(row: Escalation, rung: ladder.Rung, to: User, why: str, at: datetime) -> outbox.Draft:
    key = f"{pages.KIND}:{row.pk}:{rung.key}:{row.round}:{to.pk}"
    return pages.for_step(row, to, key=key, why=why, words=rung.words, at=at)


def _word_outside(row: Escalation, rung: ladder.Rung, address: str) -> outbox.Draft:
    """Told once and not with every repeat: whoever it is cannot acknowledge."""
    key = f"{pages.KIND}:{row.pk}:outside:{address}"
    return pages.for_outsider(row, address, key=key, words=rung.words)


def _log_rung(row: Escalation, rung: ladder.Rung, fresh: list[User], *, at: datetime) -> None:
    if rung.addresses:
        _log(row, _Event.PAGED, f"{rung.words}: {', '.join(rung.addresses)} (outside)", at=at)
    if not rung.people:
        _log(row, _Event.EMPTY, f"{rung.words}: there is nobody to page", at=at)
        return
    names = ", ".join(person.name for person in fresh) or "nobody who was not paged just now"
    _log(row, _Event.PAGED, f"{rung.words}: {names}", at=at)


def _live(about: str) -> models.QuerySet[Escalation]:
    return Escalation.objects.filter(about=about, state__in=Escalation.LIVE)


def _log(row: Escalation, event: EscalationEvent.Event, detail: str, *, at: datetime) -> None:
    EscalationEvent.objects.create(escalation=row, at=at, event=event, detail=detail)
