"""Webhooks: a partner's administrator says where its programs are told what happens.

What is sent is a message of the post office, written in the transaction of what it tells of; how
it goes is kept there. What a program was sent can be sent again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet

from incidentdesk.kernel import access, audit, shown_once
from incidentdesk.kernel.access import SYSTEM, Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications import addresses, outbox
from notifications.models import Message
from partners import deliveries, directory, preferences
from partners.models import Delivery, EventType, OffBecause, Partner, Webhook

TEST = "webhook.test"
MOST = 10  # that are on, of one partner
A_DAY = 20  # added by one partner, the deleted among them: every row stays
BY_HAND = 3  # tests and repeats of one partner that wait at once
OVERLAP = timedelta(hours=24)  # for which a former secret signs as well
# What the portal's database role may read; no secret is among it.
COLUMNS = (
    "id",
    "partner_id",
    "url",
    "events",
    "severities",
    "former_until",
    "added_at",
    "adder",
    "off_since",
    "off_because",
    "deleted_at",
    "deleter",
)

# --- what the portal reads ------------------------------------------------------------------------


def webhooks_of(actor: Actor) -> QuerySet[Webhook]:
    """This partner's webhooks, the deleted among them, oldest first: each keeps its number."""
    return Webhook.objects.filter(partner_id=actor.tenant_id).only(*COLUMNS).order_by("id")


# --- what an administrator does -------------------------------------------------------------------


@transaction.atomic
def add(
    *,
    url: str,
    events: Sequence[str],
    severities: Collection[int] = preferences.SEVERITIES,
    by: Actor,
    at: datetime,
) -> tuple[Webhook, str]:
    """A new address, told from now on; answers it and its secret, which is shown nowhere again."""
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_ADMINISTER, partner)
    url = addresses.checked(url, field="url")
    if partner.webhooks.filter(url=url, off_since=None).exists():
        raise Conflict("This address is told already; change what it is told of instead.")
    if partner.webhooks.filter(added_at__gt=at - timedelta(days=1)).count() >= A_DAY:
        raise Conflict(f"You added {A_DAY} webhooks within a day; go on tomorrow.")
    _require_room(partner)
    secret = shown_once.signing_secret()
    made = Webhook.objects.create(
        partner=partner,
        url=url,
        events=_chosen(events),
        severities=_with_agreed(severities, by),
        secret=secret,
        added_at=at,
        added_by_id=by.person_id,
        adder=by.name,
    )
    _record(made, "added webhook", by=by, at=at, **_told_of(made))
    return made, secret


@transaction.atomic
def choose(
    *, webhook_id: int, events: Sequence[str], severities: Collection[int], by: Actor, at: datetime
) -> Webhook:
    """What it is told of from now on, of incidents that have one of these severities for the
    partner; what the contract agrees stays among them."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    webhook.events, webhook.severities = _chosen(events), _with_agreed(severities, by)
    webhook.save(update_fields=["events", "severities"])
    _record(webhook, "chose the events of webhook", by=by, at=at, **_told_of(webhook))
    return webhook


@transaction.atomic
def rotate(*, webhook_id: int, by: Actor, at: datetime) -> tuple[Webhook, str]:
    """A new secret; the former one signs beside it for a day, so that nothing is missed."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    webhook.former_secret, webhook.former_until = webhook.secret, at + OVERLAP
    webhook.secret = shown_once.signing_secret()
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    _record(webhook, "gave a new secret to webhook", by=by, at=at)
    return webhook, webhook.secret


@transaction.atomic
def switch_off(*, webhook_id: int, by: Actor, at: datetime) -> Webhook:
    """It is told nothing more; what waits for it is not sent either."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    if not webhook.is_on:
        raise Conflict("It is switched off already.")
    _switch_off(webhook, "", by=by, at=at)
    return webhook


@transaction.atomic
def remove(*, webhook_id: int, by: Actor, at: datetime) -> Webhook:
    """It is told nothing more for good, and its secret is destroyed; what it was sent stays."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    if webhook.is_on:
        _switch_off(webhook, "", how="deleted", by=by, at=at)
    webhook.secret = webhook.former_secret = webhook.off_because = ""
    webhook.former_until, webhook.deleted_at, webhook.deleter = None, at, by.name
    webhook.save()
    _record(webhook, "deleted webhook", by=by, at=at)
    return webhook


@transaction.atomic
def gone(message: Message, *, at: datetime) -> None:
    """Its server answered that the address is gone: switch it off, tell who administers."""
    found = Delivery.objects.filter(message=message).first()
    if found is None:
        return
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=found.partner_id)
    webhook = partner.webhooks.select_for_update(of=("self",)).get(pk=found.webhook_id)
    if not webhook.is_on:
        return
    webhook.partner = partner
    _switch_off(webhook, OffBecause.GONE, by=SYSTEM, at=at)
    _tell_gone(webhook, at=at)


@transaction.atomic
def switch_on(*, webhook_id: int, by: Actor, at: datetime) -> Webhook:
    """It is told again; what happened meanwhile stands in the feed."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    if webhook.is_on:
        raise Conflict("It is switched on already.")
    _require_room(webhook.partner)
    webhook.off_since, webhook.off_because = None, ""
    webhook.save(update_fields=["off_since", "off_because"])
    _record(webhook, "switched on webhook", by=by, at=at)
    return webhook


@transaction.atomic
def try_out(*, webhook_id: int, by: Actor, at: datetime) -> Delivery:
    """Send it a test, the way that everything goes."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    _require_on(webhook)
    _require_calm(webhook.partner)
    event_id = f"test_{uuid.uuid4().hex}"
    stamp = at.isoformat().replace("+00:00", "Z")
    entry = {"id": event_id, "number": 0, "type": TEST, "timestamp": stamp, "data": {}}
    about = f"partner:{webhook.partner_id}"
    told = deliveries.Told(webhook.partner_id, event_id, TEST, "", entry, about)
    (made,) = deliveries.send([(webhook, told)], asked_by=by.name, key=uuid.uuid4().hex, at=at)
    return made


@transaction.atomic
def replay(*, delivery_id: int, by: Actor, at: datetime) -> Delivery:
    """Send again what was sent, as it was and under its id: who has it already drops it."""
    found = Delivery.objects.filter(partner_id=by.tenant_id, pk=delivery_id).first()
    if found is None:
        raise NotFound("There is no such delivery.")
    webhook = _locked(found.webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    _require_on(webhook)
    _require_calm(webhook.partner)
    if found.message.state in (Message.State.QUEUED, Message.State.SENDING):
        raise Conflict("It is still on its way; it can be sent again once that has ended.")
    told = deliveries.Told(
        found.partner_id,
        found.event_id,
        found.event_type,
        found.reference,
        json.loads(found.message.body_text),
        found.message.about,
    )
    (made,) = deliveries.send([(webhook, told)], asked_by=by.name, key=uuid.uuid4().hex, at=at)
    return made


# --- steps ----------------------------------------------------------------------------------------


def _switch_off(
    webhook: Webhook, because: str, *, how: str = "switched off", by: Actor, at: datetime
) -> None:
    deliveries.switch_off(webhook, because, how=how, at=at)
    detail = {"because": because} if because else {}
    _record(webhook, "switched off webhook", by=by, at=at, **detail)


def _tell_gone(webhook: Webhook, *, at: datetime) -> None:
    """A mail to each who administers."""
    ids = list(webhook.partner.webhooks.order_by("id").values_list("pk", flat=True))
    context = {"partner_name": webhook.partner.name, "address": webhook.url, "at": at}
    context["url"] = f"/portal/webhooks/{ids.index(webhook.pk) + 1}/"
    outbox.queue_many(
        [
            outbox.Draft(
                kind="webhook_gone",
                to=contact.user,
                about=f"partner:{webhook.partner_id}",
                dedupe_key=f"webhook_gone:{webhook.pk}:{at.isoformat()}:{contact.pk}",
                context=context,
                zone=preferences.zone_of(contact),
            )
            for contact in directory.administrators(webhook.partner)
            if contact.user
        ],
        at=at,
    )


def _locked(webhook_id: int, by: Actor) -> Webhook:
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    webhook = partner.webhooks.select_for_update(of=("self",)).filter(pk=webhook_id).first()
    if webhook is None or webhook.deleted_at is not None:
        raise NotFound("There is no such webhook.")
    webhook.partner = partner
    return webhook


def _chosen(events: Sequence[str]) -> list[str]:
    chosen = [key for key in EventType.values if key in events]
    if not chosen or set(events) - set(chosen):
        raise InvalidInput("Choose at least one of the events that it is told of.")
    return chosen


def _with_agreed(severities: Collection[int], by: Actor) -> list[int]:
    if set(severities) - set(preferences.SEVERITIES):
        raise InvalidInput("Choose among the four severities.")
    return sorted(set(severities) | preferences.agreed(by))


def _told_of(webhook: Webhook) -> dict[str, str]:
    of = " ".join(f"SEV-{number}" for number in webhook.severities)
    return {"events": " ".join(webhook.events), "severities": of}


def _require_calm(partner: Partner) -> None:
    """All partners' calls wait in one line: nobody fills it by hand."""
    live = (Message.State.QUEUED, Message.State.SENDING)
    waiting = Delivery.objects.filter(partner=partner, message__state__in=live)
    if waiting.exclude(asked_by="").count() >= BY_HAND:
        raise Conflict(f"{BY_HAND} tests or repeats are on their way; wait for them.")


def _require_on(webhook: Webhook) -> None:
    if not webhook.is_on:
        raise Conflict("It is switched off; switch it on first.")


def _require_room(partner: Partner) -> None:
    if partner.webhooks.filter(off_since=None).count() >= MOST:
        raise Conflict(f"{MOST} webhooks are on; switch off one that is needed no more.")


def _record(webhook: Webhook, action: str, *, by: Actor, at: datetime, **detail: str) -> None:
    about, name = f"partner:{webhook.partner_id}", str(webhook.partner)
    host = urlsplit(webhook.url).hostname or ""
    audit.record(by=by, at=at, action=action, about=about, name=name, to=host, **detail)
