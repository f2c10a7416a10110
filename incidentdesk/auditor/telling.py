"""How the auditor tells: past the outbox and the worker, which may be what is dead, the last resort
of every escalation: the administrators. Each by mail, and by every chat and phone of theirs at the
same time, since the mail server may be what is gone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from incidentdesk.kernel.models import Finding
from notifications import ladder, ways
from notifications.channels import Answer, Outcome
from notifications.channels.apprise import ChatCall
from notifications.channels.email import EmailChannel
from notifications.models import ContactMethod, Message

URL = "/admin/kernel/finding/"
DATABASE_AWAY = "Incident desk: the database does not answer"
ENOUGH = 2  # tries at the start, of ten seconds at most, that tell of the server itself
AT_ONCE = 8  # chats that are called side by side
CHAT_LENGTH = 1_000  # letters; some services take no more
_AWAY = {Outcome.LATER, Outcome.UNSURE}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Administrator:
    """Who is told, with all that is needed for it: by then there may be no database to ask."""

    address: str
    chats: tuple[ContactMethod, ...] = ()


def administrators(*, at: datetime) -> list[Administrator]:
    """All of them, with the chats and phones by which they want the worst at this hour.

    Two queries.
    """
    people = ladder.administrators()
    known = ways.usable([person.pk for person in people])
    return [
        Administrator(person.email, tuple(_chats(known.get(person.pk, ()), at=at)))
        for person in people
    ]


def _chats(methods: Collection[ContactMethod], *, at: datetime) -> list[ContactMethod]:
    chat = ContactMethod.Channel.CHAT
    return [one for one in methods if one.channel == chat and one.covers(1, at)]


def of_findings(rows: Sequence[Finding], people: Collection[Administrator]) -> bool:
    """Tell what was found; whether at least one administrator's server took it.

    The same findings told again for want of an answer have the same Message-ID.
    """
    key = ",".join(f"{row.pk}:{row.pages}" for row in rows)
    lines = [f"- {row.words} {row.mended}".rstrip() for row in rows]
    number = "something" if len(rows) == 1 else f"{len(rows)} things"
    text = [
        f"The desk's auditor found {number} wrong:",
        "",
        *lines,
        "",
        f"What it finds, and what is over: {settings.SITE_URL}{URL}",
    ]
    return _tell(f"Incident desk: {number} wrong with the desk itself", text, people, key=key)


def of_the_database(why: str, people: Collection[Administrator], *, key: str) -> bool:
    """Tell that nothing can be stored or read, hence nobody be paged."""
    text = [
        f"The desk's database does not answer ({why}).",
        "",
        "While that lasts the desk takes nothing in and pages nobody.",
    ]
    return _tell(DATABASE_AWAY, text, people, key=key)


def _tell(subject: str, text: list[str], people: Collection[Administrator], *, key: str) -> bool:
    if not people:
        logger.critical("nobody can be told, there is no administrator: %s", " ".join(text))
        return False
    body = "\n".join(text)
    letter = Message(body_text=body[:CHAT_LENGTH])
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        chats = [
            pool.submit(ChatCall(letter, chat.address).answer)
            for person in people
            for chat in person.chats
        ]
        mails = _mail([_letter(subject, body, person.address, key=key) for person in people])
        answers = [*mails, *(chat.result() for chat in chats)]
    for answer in answers:
        if answer.outcome is not Outcome.ACCEPTED:
            logger.error("what the auditor tells was not taken: %s", answer.words)
    return any(answer.outcome is Outcome.ACCEPTED for answer in answers)


def _mail(letters: Sequence[Message]) -> list[Answer]:
    channel, answers = EmailChannel(), list[Answer]()
    try:
        for letter in letters:
            answers.append(channel.send(letter))
            if len(answers) == ENOUGH and {one.outcome for one in answers} <= _AWAY:
                break  # the server is away or hangs, for the others too: the next round tries again
    finally:
        channel.close()
    return answers


def _letter(subject: str, text: str, address: str, *, key: str) -> Message:
    """A message that is no row: there may be no database."""
    mark = hashlib.sha256(f"{key} {address}".encode()).hexdigest()[:32]
    host = urlsplit(settings.SITE_URL).hostname
    return Message(
        to_address=address, subject=subject, body_text=text, message_id=f"<auditor.{mark}@{host}>"
    )
