"""The ways out of the house, one file each. A further channel is its file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from notifications.channels.apprise import AppriseChannel
from notifications.channels.channel import Answer, Call, CallingChannel, Channel, Outcome
from notifications.channels.email import EmailChannel
from notifications.channels.webhook import WebhookChannel
from notifications.models import ContactMethod

__all__ = ["CALLING", "CHANNELS", "Answer", "Call", "CallingChannel", "Channel", "Outcome"]

# Those that wait on other people's servers are sent by `turns`, all others by `delivery`.
CALLING: dict[str, Callable[[], CallingChannel]] = {
    ContactMethod.Channel.WEBHOOK.value: WebhookChannel,
    ContactMethod.Channel.CHAT.value: AppriseChannel,
}
CHANNELS: dict[str, Callable[[], Channel]] = {
    ContactMethod.Channel.EMAIL.value: EmailChannel,
    **CALLING,
}
