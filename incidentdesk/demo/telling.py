"""What partners are told in a story: drafted, approved by a second person, sent, acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from cases import deciding, notices
from cases.models import Involvement, Notice, NoticeCopy
from incidentdesk.demo import phrases
from incidentdesk.demo.agenda import between

if TYPE_CHECKING:
    from incidentdesk.demo.life import Life

Kind = Notice.Kind


def decide(life: Life, when: datetime) -> None:
    """The commander decides who is notified; what is mild waits for the digest."""
    if life.story.codes:
        life.agenda.add(when, partial(_decide, life))


def _is_for_digest(life: Life) -> bool:
    """So mild that its partners read of it in the monthly digest, unless one reported it."""
    return life.severity == 4 and life.story.by != "partner" and not life.is_open


def _told(life: Life) -> tuple[str, ...]:
    """The codes of the partners that are told by a notice."""
    return () if _is_for_digest(life) else life.story.codes


def _decide(life: Life, at: datetime) -> None:
    rows = Involvement.objects.filter(incident_id=life.incident_id)
    choice = "digest" if _is_for_digest(life) else "notify"
    deciding.decide(
        incident_id=life.incident_id,
        involvement_ids=list(rows.values_list("pk", flat=True)),
        choice=choice,
        reason=phrases.DECISIONS[choice],
        by=life.commander,
        at=at,
    )


def first(life: Life) -> None:
    """The first notice; of three partners, the third is told apart and later."""
    begun, told, contained = life.plan.begun, life.plan.told, life.plan.contained
    codes = _told(life)
    decide(life, between(begun, told, 0.05))
    at_once, later = (codes[:2], codes[2:]) if len(codes) > 2 else (codes, ())
    body = life.story.first
    if life.severity == 1:
        early = (between(begun, told, share) for share in (0.1, 0.3, 0.35))
        _tell(life, Kind.FIRST, phrases.EARLY_NOTICE, codes[:1], early)
        _tell(life, Kind.UPDATE, body, codes[:1], _three(begun, told, contained))
        at_once = at_once[1:]
    if at_once:
        _tell(life, Kind.FIRST, body, at_once, _three(begun, told, contained))
    if later:
        shares = (between(told, contained, share) for share in (0.15, 0.6, 0.65))
        _tell(life, Kind.FIRST, body, later, shares)


def update(life: Life) -> None:
    """In the middle of mitigation, where it was bad enough."""
    if life.severity == 1 or life.is_open:
        start, end = life.plan.contained, life.plan.fixed
        moments = (between(start, end, share) for share in (0.2, 0.35, 0.4))
        _tell(life, Kind.UPDATE, phrases.UPDATE_NOTICE, _told(life), moments)


def all_clear(life: Life) -> None:
    """After recovery, to everybody who was told."""
    if _told(life):
        start, end = life.plan.recovered, life.plan.in_review
        moments = (between(start, end, share) for share in (0.35, 0.5, 0.6))
        _tell(life, Kind.ALL_CLEAR, life.story.clear, _told(life), moments)


def _three(begun: datetime, told: datetime, contained: datetime) -> Sequence[datetime]:
    return between(begun, told, 0.4), between(begun, told, 0.85), told


def _tell(
    life: Life, kind: Notice.Kind, body: str, codes: Sequence[str], moments: Iterable[datetime]
) -> None:
    """Plan draft, approval and sending; and that some partners acknowledge."""
    if not codes:
        return
    notice = _Notice(life, kind, body, codes)
    drafted, approved, sent = moments
    life.agenda.add(drafted, notice.draft)
    life.agenda.add(approved, notice.approve)
    life.agenda.add(sent, notice.send)
    for code in codes:
        if code in life.reads:
            wait = timedelta(minutes=life.rng.uniform(2, 40) if not life.is_open else 5)
            life.agenda.add(sent + wait, partial(notice.acknowledge, code))


class _Notice:
    """One notice on its way."""

    def __init__(self, life: Life, kind: Notice.Kind, body: str, codes: Sequence[str]) -> None:
        self.life, self.kind, self.body, self.codes = life, kind, body, codes
        self.by, self.approver = life.comms, life.approver
        self.notice_id = 0

    def draft(self, at: datetime) -> None:
        """By communications, with the promise of a next one unless it is the last."""
        involved = Involvement.objects.filter(
            incident_id=self.life.incident_id, partner__code__in=self.codes
        )
        minutes = {1: 30, 2: 60, 3: 24 * 60, 4: 48 * 60}[self.life.severity]
        minutes *= 4 if self.kind == Kind.UPDATE else 1
        is_last = self.kind == Kind.ALL_CLEAR
        self.notice_id = notices.draft(
            incident_id=self.life.incident_id,
            kind=self.kind,
            body=self.body,
            involvement_ids=list(involved.values_list("pk", flat=True)),
            next_update_at=None if is_last else at + timedelta(minutes=minutes),
            by=self.by,
            at=at,
        ).pk

    def approve(self, at: datetime) -> None:
        """By a second person."""
        notices.approve(notice_id=self.notice_id, by=self.approver, at=at)

    def send(self, at: datetime) -> None:
        """By who wrote it."""
        notices.send(notice_id=self.notice_id, by=self.by, at=at)

    def acknowledge(self, code: str, at: datetime) -> None:
        """By the partner's contact."""
        copy = NoticeCopy.objects.get(notice_id=self.notice_id, partner__code=code)
        notices.acknowledge(copy_id=copy.pk, by=self.life.cast.contacts[code], at=at)
