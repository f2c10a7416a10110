"""Webhooks, as Standard Webhooks has them: an id, the time of the try, and a signature of both with
the body, by each secret that is good just now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import standardwebhooks
from django.conf import settings
from django.utils.module_loading import import_string

from incidentdesk.kernel import clocks, outgoing
from notifications.channels.channel import Answer, Outcome
from notifications.models import Message

# Its id and the secrets that sign it, the present one first; None if it is not wanted any more.
Target = tuple[str, list[str]]
UNREADABLE = "The desk cannot read the secret that signs this any more: a new one has to be made."
CAPS = outgoing.CAPS
logger = logging.getLogger(__name__)


@dataclass
class Call:
    """One message that is ready to be posted: nothing but the network is needed any more."""

    message: Message
    url: str
    target: Target | None
    failed: set[str]  # what did not answer in this run

    def answer(self) -> Answer:
        """Post it; whatever goes wrong is an answer, never an exception."""
        if self.target is None:
            return Answer(Outcome.REFUSED, "It was switched off before this was sent.")
        if not self.target[1][0]:
            return Answer(Outcome.LATER, UNREADABLE)
        server = f"{self.url} {self.target[1][0]}"  # one webhook's: others learn none
        if server in self.failed:
            return Answer(Outcome.LATER, "Not tried: this server failed a moment ago.")
        try:
            answer = _answer(_post(self.url, self.message, self.target, clocks.now()))
        except Exception as error:  # noqa: BLE001 -- one bad server must not stop those behind it
            answer = _answer_to(error)
        if answer.outcome is Outcome.LATER:
            self.failed.add(server)
        return answer


class WebhookChannel:
    """Posts messages to their addresses; a server that failed is left alone until the next run."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def prepared(self, message: Message) -> Call:
        """All that the database has to say about a call, so that threads can make it."""
        if message.method is not None:
            return Call(message, message.method.address, _own(message), self._failed)
        target = _target(message, clocks.now())
        return Call(message, message.to_address, target, self._failed)

    def send(self, message: Message) -> Answer:
        """Post one message; see `Channel`."""
        try:
            return self.prepared(message).answer()
        except Exception as error:  # noqa: BLE001 -- the database's, say
            return _answer_to(error)

    def after(self, message: Message, answer: Answer, *, at: datetime) -> None:
        """Tell whose it is that the address is gone for good; nothing else has to be told."""
        if answer.is_gone and message.method_id is None:
            import_string(settings.WEBHOOK_GONE)(message, at=at)

    def close(self) -> None:
        """Nothing stays open between two calls."""


def _target(message: Message, now: datetime) -> Target | None:
    find = cast(Callable[..., Target | None], import_string(settings.WEBHOOK_TARGET))
    return find(message, at=now)


def _own(message: Message) -> Target | None:
    """The same for a person's own program, whose id is that of the message."""
    method = message.method
    if method is None or method.removed_at is not None:
        return None
    return f"msg_{message.pk}", [method.secret]


def _post(url: str, message: Message, target: Target, now: datetime) -> int:
    event_id, secrets = target
    body = message.body_text
    signed = [standardwebhooks.Webhook(secret).sign(event_id, now, body) for secret in secrets]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "incidentdesk-webhooks/1",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }
    answer = outgoing.call(
        "POST", url, outgoing.PUBLIC, body=body.encode(), headers=headers, caps=CAPS
    )
    return answer.status


def _answer(status: int) -> Answer:
    words = f"HTTP {status}"
    if 200 <= status < 300:
        return Answer(Outcome.ACCEPTED, words)
    if status == 410:
        words = f"{words}: the server says that this address is gone."
        return Answer(Outcome.REFUSED, words, is_gone=True)
    if 300 <= status < 400:
        return Answer(Outcome.LATER, f"{words}: redirects are not followed; give the last address.")
    return Answer(Outcome.LATER, words)


def _answer_to(error: Exception) -> Answer:
    """In words that tell a partner nothing of the desk's own network."""
    if isinstance(error, outgoing.Failed):
        return Answer(Outcome.LATER, str(error))
    logger.error("a webhook could not be posted", exc_info=error)
    return Answer(Outcome.LATER, "Something went wrong at the desk.")
