"""What a page says: one message for one person, urgent, with a link to acknowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import User
from notifications import acknowledgement, outbox
from notifications.models import Escalation, Message, Severity
from notifications.outbox import Draft

KIND = "page"


@dataclass(frozen=True)
class Subject:
    """What the page is about, in plain facts; without a severity none is shown."""

    about: str
    reference: str
    title: str
    url: str
    severity: int | None = None


def subject_of(escalation: Escalation) -> Subject:
    """The facts that an escalation carries."""
    return Subject(
        escalation.about,
        escalation.reference,
        escalation.title,
        escalation.url,
        escalation.severity,
    )


def for_step(
    escalation: Escalation, person: User, *, key: str, why: str, words: str, at: datetime
) -> Draft:
    """The page of one step for one person; `key` tells this page from any other."""
    return draft(
        subject_of(escalation),
        person,
        key=key,
        why=why,
        step=words,
        ack_link=ack_link(escalation, person, at=at),
    )


def why(escalation: Escalation, *, at: datetime) -> str:
    """How long nobody has acknowledged it; who had, if this is not the first time. One query."""
    waited = at - escalation.started_at
    waits = f"for {clocks.words(waited)}." if waited.total_seconds() >= 60 else ""
    earlier = Escalation.objects.filter(about=escalation.about, pk__lt=escalation.pk)
    former = earlier.order_by("-pk").first()
    if former is None or former.acknowledged_at is None:
        return f"Nobody has acknowledged it {waits}" if waits else "It has just begun."
    when = clocks.words(at - former.acknowledged_at)
    said = f"{former.acknowledged_by} acknowledged it {when} ago"
    if escalation.severity < former.severity:
        said = f"{said} as {former.get_severity_display()}, and it has become worse."
    else:
        said = f"{said}, and nobody is seen to work on it."
    return f"{said} Nobody has acknowledged it again {waits}" if waits else said


def for_outsider(escalation: Escalation, address: str, *, key: str, words: str) -> Draft:
    """What an outside contact or list is told of a step: no link, since it has no login."""
    return draft(subject_of(escalation), address, key=key, why="It has just begun.", step=words)


def draft(
    subject: Subject,
    person: User | str,
    *,
    key: str,
    why: str,
    step: str = "",
    ack_link: str = "",
    by_name: str = "",
    note: str = "",
) -> Draft:
    """A page for one person, or for an address outside."""
    context = {
        "severity_label": Severity(subject.severity).label if subject.severity else "",
        "severity": subject.severity,
        "reference": subject.reference,
        "title": subject.title,
        "url": subject.url,
        "why": why,
        "step": step,
        "ack_link": ack_link,
        "by_name": by_name,
        "note": note,
        "person": person.name if isinstance(person, User) else "",
    }
    return Draft(KIND, person, subject.about, key, context, is_page=True)


def call_off(escalation: Escalation, words: str, *, at: datetime) -> None:
    """The pages of its steps that still wait are not sent any more."""
    steps = Message.objects.filter(
        about=escalation.about,
        state=Message.State.QUEUED,
        dedupe_key__startswith=f"{KIND}:{escalation.pk}:",
    )
    outbox.end(steps, Message.State.SUPERSEDED, words, at=at)


def step_of(dedupe_key: str) -> int | None:
    """The escalation of whose step a page with this key is; None where it is of none."""
    kind, _, rest = dedupe_key.partition(":")
    pk = rest.partition(":")[0]
    return int(pk) if kind == KIND and pk.isdecimal() else None


def ack_link(escalation: Escalation, person: User, *, at: datetime) -> str:
    """This person's link to acknowledge this escalation."""
    return acknowledgement.link(escalation_id=escalation.pk, user_id=person.pk, at=at)
