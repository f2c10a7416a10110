"""What a page says: one message for one person, urgent, with a link to acknowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import User
from notifications import acknowledgement
from notifications.models import Escalation, Severity
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


def for_step(escalation: Escalation, person: User, *, key: str, words: str, at: datetime) -> Draft:
    """The page of one step for one person; `key` tells this page from any other."""
    waited = at - escalation.started_at
    return draft(
        subject_of(escalation),
        person,
        key=key,
        why=f"Nobody has acknowledged it for {clocks.words(waited)}."
        if waited.total_seconds() >= 60
        else "It has just begun.",
        step=words,
        ack_link=ack_link(escalation, person, at=at),
    )


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


def ack_link(escalation: Escalation, person: User, *, at: datetime) -> str:
    """This person's link to acknowledge this escalation."""
    return acknowledgement.link(escalation_id=escalation.pk, user_id=person.pk, at=at)
