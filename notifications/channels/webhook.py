"""Webhooks, as Standard Webhooks has them: an id, the time of the try, and a signature of both with
the body, by each secret that is good just now.
"""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import cast

import standardwebhooks
from django.conf import settings
from django.utils.module_loading import import_string

from incidentdesk.kernel import clocks
from notifications.channels import guarded
from notifications.channels.channel import Answer, Outcome
from notifications.models import Message

# Its id and the secrets that sign it; None if it is not wanted any more.
Target = tuple[str, list[str]]
logger = logging.getLogger(__name__)


class WebhookChannel:
    """Posts messages to their addresses; a server that failed is left alone until the next run."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def send(self, message: Message) -> Answer:
        """Post one message; see `Channel`."""
        server = ""
        try:
            now = clocks.now()
            target = _target(message, now)
            if target is None:
                return Answer(Outcome.REFUSED, "It was switched off before this was sent.")
            server = f"{message.to_address} {target[1][0]}"  # one webhook's: others learn nothing
            if server in self._failed:
                return Answer(Outcome.LATER, "Not tried: this server failed a moment ago.")
            answer = _answer(_post(message, target, now))
        except Exception as error:  # noqa: BLE001 -- one bad server must not stop those behind it
            answer = _answer_to(error)
        if answer.outcome is Outcome.LATER and server:
            self._failed.add(server)
        return answer

    def close(self) -> None:
        """Nothing stays open between two calls."""


def _target(message: Message, now: datetime) -> Target | None:
    find = cast(Callable[..., Target | None], import_string(settings.WEBHOOK_TARGET))
    return find(message, at=now)


def _post(message: Message, target: Target, now: datetime) -> int:
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
    return guarded.post(message.to_address, body=body.encode(), headers=headers)


def _answer(status: int) -> Answer:
    words = f"HTTP {status}"
    if 200 <= status < 300:
        return Answer(Outcome.ACCEPTED, words)
    if status == 410:
        return Answer(Outcome.REFUSED, f"{words}: the server says that this address is gone.")
    if 300 <= status < 400:
        return Answer(Outcome.LATER, f"{words}: redirects are not followed; give the last address.")
    return Answer(Outcome.LATER, words)


def _answer_to(error: Exception) -> Answer:
    """In words that tell a partner nothing of the desk's own network."""
    if isinstance(error, guarded.NotPublic):
        return Answer(Outcome.LATER, "The name leads to no address of the public internet.")
    if isinstance(error, ssl.SSLError):
        return Answer(Outcome.LATER, "No safe connection: the server's certificate does not hold.")
    if isinstance(error, TimeoutError):
        return Answer(Outcome.LATER, "The server did not answer in time.")
    if isinstance(error, OSError | http.client.HTTPException):
        return Answer(Outcome.LATER, "The server could not be reached, or hung up.")
    logger.error("a webhook could not be posted", exc_info=error)
    return Answer(Outcome.LATER, "Something went wrong at the desk.")
