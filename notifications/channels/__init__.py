"""The ways out of the house, one file each. A further channel is its file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from notifications.channels.channel import Answer, Channel, Outcome
from notifications.channels.email import EmailChannel
from notifications.channels.webhook import WebhookChannel

__all__ = ["CHANNELS", "Answer", "Channel", "Outcome"]

CHANNELS: dict[str, Callable[[], Channel]] = {"email": EmailChannel, "webhook": WebhookChannel}
