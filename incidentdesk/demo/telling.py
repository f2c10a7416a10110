"""What partners are told in a story: drafted, approved by a second person, sent, acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from cases import deciding, labels, notices, wording
from cases.models import Incident, Involvement, Notice, NoticeCopy
from incidentdesk.demo import figures, phrases, reporting
from incidentdesk.demo.agenda import between
from partners.models import Contact

if TYPE_CHECKING:
    from incidentdesk.demo.life import Life

Kind = Notice.Kind
# One that the commander sent alone, and one that is for named people.
ALONE = "Order gateway EU out of memory"
NAMED = "Password spraying against the portal"


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
    figures.plan(life, codes)
    reporting.plan(life, codes)
    if life.severity == 1:
        early = (between(begun, told, share) for share in (0.1, 0.3, 0.35))
        is_alone = life.story.title == ALONE
        _tell(life, Kind.FIRST, phrases.EARLY_NOTICE, codes[:1], early, is_alone=is_alone)
        _tell(life, Kind.UPDATE, body, codes[:1], _three(begun, told, contained))
        at_once = at_once[1:]
    if at_once:
        _tell(life, Kind.FIRST, body, at_once, _three(begun, told, contained))
    if later:
        shares = (between(told, contained, share) for share in (0.15, 0.6, 0.65))
        _tell(life, Kind.FIRST, body, later, shares)


def update(life: Life) -> None:
    """In the middle of mitigation, where it was bad enough."""
    start, end = life.plan.contained, life.plan.fixed
    if life.story.title == NAMED:
        moments = (between(start, end, share) for share in (0.45, 0.5, 0.55))
        _tell(life, Kind.UPDATE, phrases.NAMED_NOTICE, _told(life)[:1], moments, is_named=True)
    if life.severity == 1 or life.is_open:
        moments = (between(start, end, share) for share in (0.2, 0.35, 0.4))
        _tell(life, Kind.UPDATE, phrases.UPDATE_NOTICE, _told(life), moments)


def all_clear(life: Life) -> None:
    """After recovery, to everybody who was told."""
    if _told(life):
        start, end = life.plan.recovered, life.plan.in_review
        moments = (between(start, end, share) for share in (0.35, 0.5, 0.6))
        _tell(life, Kind.ALL_CLEAR, life.story.clear, _told(life), moments)
    if _told(life) and life.severity == 1:
        closed = life.plan.closed
        moments = (closed + timedelta(hours=hours) for hours in (2, 4, 5))
        _tell(life, Kind.REPORT, life.story.clear, _told(life), moments)


def _three(begun: datetime, told: datetime, contained: datetime) -> Sequence[datetime]:
    return between(begun, told, 0.4), between(begun, told, 0.85), told


def _tell(
    life: Life,
    kind: Notice.Kind,
    body: str,
    codes: Sequence[str],
    moments: Iterable[datetime],
    *,
    is_alone: bool = False,
    is_named: bool = False,
) -> None:
    """Plan draft, approval and sending; and that some partners acknowledge."""
    if not codes:
        return
    notice = _Notice(life, kind, body, codes, is_named=is_named)
    drafted, approved, sent = moments
    life.agenda.add(drafted, notice.draft)
    if is_alone:
        life.agenda.add(sent, notice.send_alone)
    else:
        life.agenda.add(approved, notice.approve)
        life.agenda.add(sent, notice.send)
    for code in codes:
        if code in life.reads:
            wait = timedelta(minutes=life.rng.uniform(2, 40) if not life.is_open else 5)
            life.agenda.add(sent + wait, partial(notice.acknowledge, code))


class _Notice:
    """One notice on its way."""

    def __init__(
        self, life: Life, kind: Notice.Kind, body: str, codes: Sequence[str], *, is_named: bool
    ) -> None:
        self.life, self.kind, self.body, self.codes = life, kind, body, codes
        self.by, self.approver, self.commander = life.comms, life.approver, life.commander
        self.is_named = is_named
        self.notice_id = 0

    def draft(self, at: datetime) -> None:
        """By communications, with the promise of a next one unless it is the last."""
        involved = Involvement.objects.filter(
            incident_id=self.life.incident_id, partner__code__in=self.codes
        )
        minutes = {1: 30, 2: 60, 3: 24 * 60, 4: 48 * 60}[self.life.severity]
        minutes *= 4 if self.kind == Kind.UPDATE else 1
        is_last = self.kind in (Kind.ALL_CLEAR, Kind.REPORT)
        named = Contact.objects.filter(partner__code__in=self.codes, user__isnull=False)
        self.notice_id = notices.draft(
            incident_id=self.life.incident_id,
            kind=self.kind,
            body=self._text(),
            tlp=labels.Tlp.RED if self.is_named else None,
            contact_ids=list(named.values_list("pk", flat=True)) if self.is_named else [],
            involvement_ids=list(involved.values_list("pk", flat=True)),
            next_update_at=None if is_last else self._promise(at, minutes),
            by=self.by,
            at=at,
        ).pk

    def _promise(self, at: datetime, minutes: int) -> datetime:
        """By the cadence; one who sees that it takes longer mostly says so."""
        life, usual = self.life, at + timedelta(minutes=minutes)
        if life.is_open or life.rng.random() < 0.15:
            return usual
        is_next_update = self.kind == Kind.FIRST and life.severity == 1
        start, end = life.plan.recovered, life.plan.in_review
        if is_next_update:
            start, end = life.plan.contained, life.plan.fixed
        return max(usual, between(start, end, 0.7))

    def _text(self) -> str:
        """Updates and reports follow their templates; what is written there stands in its gap."""
        if self.is_named or self.kind not in (Kind.UPDATE, Kind.REPORT):
            return self.body
        category_id = Incident.objects.values_list("category").get(pk=self.life.incident_id)[0]
        text = wording.template(self.kind, category_id)
        story = self.life.story
        gaps = {
            "Since our last notice: ": self.body,
            "What happened: ": self.body,
            "The cause: ": story.cause,
            "does not return: ": " ".join(words for _, words in story.actions[:1]),
        }
        for gap, words in gaps.items():
            text = text.replace(gap, f"{gap}{words}")
        return text

    def send_alone(self, at: datetime) -> None:
        """By the commander: nobody who approves was awake."""
        notices.send_in_emergency(
            notice_id=self.notice_id,
            reason=phrases.ALONE,
            is_checked=True,
            by=self.commander,
            at=at,
        )

    def approve(self, at: datetime) -> None:
        """By a second person."""
        notices.approve(notice_id=self.notice_id, is_checked=True, by=self.approver, at=at)

    def send(self, at: datetime) -> None:
        """By who wrote it."""
        notices.send(notice_id=self.notice_id, by=self.by, at=at)

    def acknowledge(self, code: str, at: datetime) -> None:
        """By the partner's contact."""
        copy = NoticeCopy.objects.get(notice_id=self.notice_id, partner__code=code)
        notices.acknowledge(copy_id=copy.pk, by=self.life.cast.contacts[code], at=at)
