"""What goes to a partner's webhooks: messages of the post office, and what became of each.

Steps of use cases, and what portal and post office ask. Nothing here sends.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from incidentdesk.kernel.access import Actor
from notifications import outbox
from notifications.models import ContactMethod, Message, MessageEvent
from partners.models import Delivery, Webhook

# What the portal's database role may read, of deliveries, their messages and each try.
DELIVERY_COLUMNS = (
    "id",
    "partner_id",
    "webhook_id",
    "message_id",
    "key",
    "event_id",
    "event_type",
    "reference",
    "asked_by",
    "at",
)
MESSAGE_COLUMNS = ("id", "state", "attempts", "created_at", "next_try_at", "sent_at")
LINE_COLUMNS = ("id", "message_id", "at", "event", "detail")


@dataclass(frozen=True)
class Told:
    """What one partner's programs are told; `entry` is what its feed shows of it.

    `severity` is that of the incident for the partner; None is told at any.
    """

    partner_id: int
    event_id: str
    event_type: str
    reference: str
    entry: Mapping[str, Any]
    about: str
    severity: int | None = None


def deliveries_of(actor: Actor) -> QuerySet[Delivery]:
    """What was sent to them, newest first, each with every try; of a withheld incident nothing."""
    lines = MessageEvent.objects.only(*LINE_COLUMNS).order_by("id")
    begin = "reference:"
    withheld = [one.removeprefix(begin) for one in actor.withheld if one.startswith(begin)]
    return (
        Delivery.objects.filter(partner_id=actor.tenant_id)
        .exclude(reference__in=withheld)
        .select_related("message")
        .only(*DELIVERY_COLUMNS, *(f"message__{name}" for name in MESSAGE_COLUMNS))
        .prefetch_related(Prefetch("message__events", queryset=lines))
        .order_by("-id")
    )


def tell(told: Iterable[Told], *, at: datetime) -> None:
    """Write the messages to every webhook that asked for these, and for incidents of that severity;
    inside a use case."""
    by_partner = {one.partner_id: one for one in told}
    if not by_partner:
        return
    on = Webhook.objects.filter(
        partner_id__in=by_partner, off_since=None, partner__is_active=True
    ).select_related("partner__terms")
    pairs = [(row, by_partner[row.partner_id]) for row in on.order_by("pk")]
    send([(row, one) for row, one in pairs if _is_told(row, one)], at=at)


def _is_told(webhook: Webhook, told: Told) -> bool:
    """It asked for this; what the contract agrees a time for it need not ask for."""
    if told.event_type not in webhook.events:
        return False
    if told.severity is None or told.severity in webhook.severities:
        return True
    return webhook.partner.terms.notice_within(told.severity) is not None


def target_of(message: Message, *, at: datetime) -> tuple[str, list[str]] | None:
    """What the post office needs to send one: its id, and the secrets that sign it, the present
    one first, empty if it can be read no more. None if the webhook was switched off, or its
    partner was."""
    found = Delivery.objects.select_related("webhook__partner").filter(message=message).first()
    if found is None or not found.webhook.is_on or not found.webhook.partner.is_active:
        return None
    webhook, signing = found.webhook, [found.webhook.secret]
    is_former_good = webhook.former_until is not None and at < webhook.former_until
    if is_former_good and webhook.former_secret:
        signing.append(webhook.former_secret)
    return found.event_id, signing


def switch_off(webhook: Webhook, because: str, *, how: str, at: datetime) -> None:
    """It is told nothing more, nor what waits for it; inside a use case that audits it.

    `because` is an `OffBecause`, or empty where an administrator of theirs did it by hand.
    """
    webhook.off_since, webhook.off_because = at, because
    webhook.save(update_fields=["off_since", "off_because"])
    call_off(webhook, how, at=at)


def call_off(webhook: Webhook, how: str, *, at: datetime) -> None:
    """Nothing that waits for it is sent any more; inside a use case. `how` it ended: “deleted”."""
    theirs = Delivery.objects.filter(webhook=webhook, message__state=Message.State.QUEUED)
    waiting = Message.objects.filter(state=Message.State.QUEUED, pk__in=theirs.values("message"))
    words = f"It was {how} before this was sent."
    outbox.end(waiting, Message.State.SUPPRESSED, words, at=at)


def send(
    pairs: Collection[tuple[Webhook, Told]], *, asked_by: str = "", key: str = "", at: datetime
) -> list[Delivery]:
    """Write one message for each pair, and that it goes there; `key` tells a repeat from others."""
    drafts, meant = [], {}
    for webhook, told in pairs:
        dedupe_key = f"webhook:{webhook.pk}:{told.event_id}:{key}"
        meant[dedupe_key] = (webhook, told)
        drafts.append(
            outbox.Draft(
                kind=told.event_type,
                to=webhook.url,
                about=told.about,
                dedupe_key=dedupe_key,
                channel=ContactMethod.Channel.WEBHOOK,
                line=f"partner:{told.partner_id}",
                payload=json.dumps(told.entry, ensure_ascii=False, separators=(",", ":")),
            )
        )
    written = outbox.queue_many(drafts, at=at)
    return Delivery.objects.bulk_create(
        Delivery(
            partner_id=told.partner_id,
            webhook=webhook,
            message=message,
            event_id=told.event_id,
            event_type=told.event_type,
            reference=told.reference,
            asked_by=asked_by,
            at=at,
        )
        for message in written
        for webhook, told in [meant[message.dedupe_key]]
    )
