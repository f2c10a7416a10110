"""What is exchanged with partners in the demo: requests, a thread, procedures."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial

from django.core.files.base import ContentFile

from cases import procedures, requests, thread
from cases.models import Involvement, Request
from incidentdesk.demo.agenda import Agenda, between
from incidentdesk.demo.cast import Cast
from incidentdesk.demo.life import Life

QUESTION = "Which of your order flows used the affected service between {:%H:%M} and {:%H:%M} UTC?"
IDS = "Please send us the ids of the orders that were priced while it lasted."
LOGS = "Please keep your session logs, and send us those from {:%H:%M} to {:%H:%M} UTC."
WHY = "We compare your list with ours before we tell you that it is over."
ANSWERS = (
    "The retail flow used it, about 140 orders; the institutional flow did not.",
    "Two desks did. Their order ids are in the file.",
    "None of ours: we had switched over before.",
)

# Minutes ago, who (the desk has no code), what.
THREAD = (
    (16, "HELIX", "Our screens show the old prices since {:%H:%M} too. Shall we stop quoting?"),
    (13, "", "Please use EU-1 only; it serves correct prices. There is no need to stop."),
    (6, "HELIX", "Done, 14 of 16 screens are on EU-1. The other two follow."),
)

# Code, title, version, what it covers, days ago, days until its last day. Tidewater has none.
PROCEDURES = (
    ("HELIX", "Market-data disruption", "2", "Retail users of streamed prices.", 330, 35),
    ("HELIX", "Market-data disruption", "3", "All users of streamed prices.", 40, 320),
    ("HELIX", "Login trouble", "1", "Users of the web and mobile login.", 200, 24),
    ("NORRBANK", "Incident notices to clients", "5", "Clients of all desks.", 350, -5),
)


def plan_procedures(agenda: Agenda, cast: Cast, *, now: datetime) -> None:
    """One renewed, one that expires soon, one that has expired."""
    held: dict[tuple[str, str], int] = {}

    def keep(code: str, title: str, version: str, scope: str, left: int, at: datetime) -> None:
        made = procedures.keep(
            title=title,
            version=version,
            scope=scope,
            valid_until=now.date() + timedelta(days=left),
            attested_by="Head of operations",
            link=f"https://{code.lower()}.example/procedures/{version}",
            replaces_id=held.get((code, title)),
            by=cast.contacts[code],
            at=at,
        )
        held[code, title] = made.pk

    for code, title, version, scope, ago, left in PROCEDURES:
        step = partial(keep, code, title, version, scope, left)
        agenda.add(now - timedelta(days=ago), step)


def plan_past(life: Life) -> None:
    """Of what is over: the first partner was asked, answered, and was thanked."""
    if not life.story.codes or life.severity > 2:
        return
    rng = random.Random(f"asked {life.story.title}")  # noqa: S311 -- the same year each time
    asked = _Asked(life, life.story.codes[0])
    start, end = life.plan.contained, life.plan.in_review
    share = rng.uniform(0.55, 0.7) if rng.random() < 0.1 else rng.uniform(0.1, 0.45)
    given = between(start, end, share)
    life.agenda.add(start + timedelta(minutes=2), partial(asked.ask, between(start, end, 0.5)))
    life.agenda.add(given, partial(asked.answer, rng.choice(ANSWERS), is_whole=True))
    life.agenda.add(between(given, end, 0.4), asked.accept)


def plan_open(lives: list[Life], *, now: datetime) -> None:
    """Of what is open: one waits, one is answered in part with more time asked for, one is late."""
    stale, mismatch, rejects = lives[:3]
    helix = _Asked(stale, "HELIX")
    stale.agenda.add(now - timedelta(minutes=12), partial(helix.ask, now + timedelta(hours=2)))
    norrbank = _Asked(mismatch, "NORRBANK")
    mismatch.agenda.add(
        now - timedelta(minutes=90), partial(norrbank.ask, now + timedelta(hours=1))
    )
    mismatch.agenda.add(
        now - timedelta(minutes=50), partial(norrbank.answer, ANSWERS[1], is_whole=False)
    )
    mismatch.agenda.add(now - timedelta(minutes=20), norrbank.ask_for_time)
    for minutes, code, text in THREAD:
        stale.agenda.add(now - timedelta(minutes=minutes), partial(_write, stale, code, text))
    ids, logs = _Asked(stale, "HELIX"), _Asked(stale, "HELIX")
    due = now + timedelta(hours=1)
    stale.agenda.add(now - timedelta(minutes=18), partial(ids.ask, due, question=IDS))
    stale.agenda.add(now - timedelta(minutes=9), partial(ids.answer, ANSWERS[1], is_whole=True))
    stale.agenda.add(now - timedelta(minutes=15), partial(logs.ask, due, question=LOGS))
    stale.agenda.add(now - timedelta(minutes=8), logs.withdraw)
    late = _Asked(rejects, rejects.story.codes[0])
    rejects.agenda.add(now - timedelta(hours=20), partial(late.ask, now - timedelta(hours=3)))


def _write(life: Life, code: str, text: str, at: datetime) -> None:
    """One message of the thread with Helix."""
    shown = Involvement.objects.filter(
        incident_id=life.incident_id, partner__code="HELIX", disclosed_at__isnull=False
    ).first()
    if shown is None:
        return
    text = text.format(life.plan.occurred)
    if code:
        by = life.cast.contacts[code]
        thread.reply(involvement_id=shown.pk, text=text, by=by, at=at)
    else:
        thread.write(
            incident_id=life.incident_id,
            involvement_id=shown.pk,
            text=text,
            by=life.comms,
            at=at,
        )


class _Asked:
    """One request on its way."""

    def __init__(self, life: Life, code: str) -> None:
        self.life, self.code = life, code
        self.request: Request | None = None

    def ask(self, due: datetime, at: datetime, *, question: str = "") -> None:
        """By communications; only a partner that sees the incident is asked."""
        shown = Involvement.objects.filter(
            incident_id=self.life.incident_id,
            partner__code=self.code,
            disclosed_at__isnull=False,
        ).first()
        if shown is None:
            return
        plan = self.life.plan
        self.request = requests.ask(
            incident_id=self.life.incident_id,
            involvement_id=shown.pk,
            question=(question or QUESTION).format(plan.occurred, plan.begun),
            why=WHY,
            due_at=due,
            by=self.life.comms,
            at=at,
        )

    def answer(self, text: str, at: datetime, *, is_whole: bool) -> None:
        """By the partner's contact."""
        if self.request is not None:
            began = self.life.plan.occurred
            rows = f"order;sent at\n4711;{began:%H:%M}:21\n4712;{began:%H:%M}:47\n"
            file = ContentFile(rows.encode(), name="orders.csv")
            requests.answer(
                request_id=self.request.pk,
                text=text,
                is_whole=is_whole,
                uploads=[file] if "file" in text else [],
                by=self.life.cast.contacts[self.code],
                at=at,
            )

    def ask_for_time(self, at: datetime) -> None:
        """The rest comes later."""
        if self.request is not None:
            requests.ask_for_time(
                request_id=self.request.pk,
                until=self.request.due_at + timedelta(hours=3),
                reason="The second desk works in another time zone and starts later.",
                by=self.life.cast.contacts[self.code],
                at=at,
            )

    def withdraw(self, at: datetime) -> None:
        """What was asked for was found elsewhere."""
        if self.request is not None:
            reason = "We found what we need in our own logs."
            requests.withdraw(request_id=self.request.pk, reason=reason, by=self.life.comms, at=at)

    def accept(self, at: datetime) -> None:
        """With thanks."""
        if self.request is not None:
            requests.accept(
                request_id=self.request.pk, words="Thank you.", by=self.life.comms, at=at
            )
