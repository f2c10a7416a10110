"""How the auditor tells: a mail of its own, past the outbox and the worker, which may be what is
dead, to the last resort of every escalation: the administrators.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from django.conf import settings

from incidentdesk.kernel.models import Finding
from notifications.channels import Outcome
from notifications.channels.email import EmailChannel
from notifications.models import Message

URL = "/admin/kernel/finding/"
ENOUGH = 2  # tries at the start, of ten seconds at most, that tell of the server itself
_AWAY = {Outcome.LATER, Outcome.UNSURE}
logger = logging.getLogger(__name__)


def of_findings(rows: Sequence[Finding], addresses: Collection[str]) -> bool:
    """Mail what was found; whether at least one administrator's server took it.

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
    return _mail(f"Incident desk: {number} wrong with the desk itself", text, addresses, key=key)


def of_the_database(why: str, addresses: Collection[str], *, key: str) -> bool:
    """Mail that nothing can be stored or read, hence nobody be paged."""
    text = [
        f"The desk's database does not answer ({why}).",
        "",
        "While that lasts the desk takes nothing in and pages nobody.",
    ]
    return _mail("Incident desk: the database does not answer", text, addresses, key=key)


def _mail(subject: str, text: list[str], addresses: Collection[str], *, key: str) -> bool:
    if not addresses:
        logger.critical("nobody can be told, there is no administrator: %s", " ".join(text))
        return False
    channel, answers = EmailChannel(), []
    try:
        for address in addresses:
            answers.append(channel.send(_letter(subject, "\n".join(text), address, key=key)))
            if len(answers) == ENOUGH and {one.outcome for one in answers} <= _AWAY:
                break  # the server is away or hangs, for the others too: the next round tries again
    finally:
        channel.close()
    for answer in answers:
        if answer.outcome is not Outcome.ACCEPTED:
            logger.error("the auditor's mail was not taken: %s", answer.words)
    return any(answer.outcome is Outcome.ACCEPTED for answer in answers)


def _letter(subject: str, text: str, address: str, *, key: str) -> Message:
    """A message that is no row: there may be no database."""
    mark = hashlib.sha256(f"{key} {address}".encode()).hexdigest()[:32]
    host = urlsplit(settings.SITE_URL).hostname
    return Message(
        to_address=address, subject=subject, body_text=text, message_id=f"<auditor.{mark}@{host}>"
    )
