"""What became of a mail after its provider took it: delivered, or it came back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from notifications import failover, outbox
from notifications.channels.receipts import Receipt
from notifications.models import Message

_State = Message.State


@transaction.atomic
def note(receipt: Receipt, *, at: datetime) -> bool:
    """Write down one report; False if it is of no mail of ours, or told nothing new.

    A page that came back goes on by its person's next way at once.
    """
    mails = Message.objects.select_for_update(of=("self",), no_key=True)
    message = mails.filter(provider_id=receipt.provider_id).exclude(provider_id="").first()
    if message is None:
        return False
    if receipt.is_delivered and message.state == _State.SENT:
        outbox.end(mails.filter(pk=message.pk), _State.DELIVERED, receipt.words, at=at)
        return True
    if not receipt.is_delivered and message.state in (_State.SENT, _State.DELIVERED):
        words = receipt.words or "It came back."
        outbox.end(mails.filter(pk=message.pk), _State.BOUNCED, words, at=at)
        failover.refused(message, words, at=at)
        return True
    return False
