"""Webhooks: a partner's administrator says where its programs are told what happens.

What is sent is a message of the post office, written in the transaction of what it tells of; how
it goes is kept there. What a program was sent can be sent again.
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications.channels import guarded
from notifications.models import Message
from partners import deliveries
from partners.models import Delivery, EventType, Partner, Webhook

TEST = "webhook.test"
MOST = 10  # that are on, of one partner
BY_HAND = 3  # tests and repeats of one partner that wait at once
OVERLAP = timedelta(hours=24)  # for which a former secret signs as well
# What the portal's database role may read; no secret is among it.
COLUMNS = (
    "id",
    "partner_id",
    "url",
    "events",
    "former_until",
    "added_at",
    "adder",
    "off_since",
)
# --- what the portal reads ------------------------------------------------------------------------


def webhooks_of(actor: Actor) -> QuerySet[Webhook]:
    """This partner's webhooks, oldest first, so that each keeps its number."""
    return Webhook.objects.filter(partner_id=actor.tenant_id).only(*COLUMNS).order_by("id")


# --- what an administrator does -------------------------------------------------------------------


@transaction.atomic
def add(*, url: str, events: Sequence[str], by: Actor, at: datetime) -> tuple[Webhook, str]:
    """A new address, told from now on; answers it and its secret, which is shown nowhere again."""
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_ADMINISTER, partner)
    url = _checked(url)
    if partner.webhooks.filter(url=url, off_since=None).exists():
        raise Conflict("This address is told already; change what it is told of instead.")
    _require_room(partner)
    secret = _new_secret()
    made = Webhook.objects.create(
        partner=partner,
        url=url,
        events=_chosen(events),
        secret=secret,
        added_at=at,
        added_by_id=by.person_id,
        adder=by.name,
    )
    _record(made, "added webhook", by=by, at=at, events=" ".join(made.events))
    return made, secret


@transaction.atomic
def choose(*, webhook_id: int, events: Sequence[str], by: Actor, at: datetime) -> Webhook:
    """What it is told of from now on."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    webhook.events = _chosen(events)
    webhook.save(update_fields=["events"])
    _record(webhook, "chose the events of webhook", by=by, at=at, events=" ".join(webhook.events))
    return webhook


@transaction.atomic
def rotate(*, webhook_id: int, by: Actor, at: datetime) -> tuple[Webhook, str]:
    """A new secret; the former one signs beside it for a day, so that nothing is missed."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    webhook.former_secret, webhook.former_until = webhook.secret, at + OVERLAP
    webhook.secret = _new_secret()
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
    webhook.off_since = at
    webhook.save(update_fields=["off_since"])
    _record(webhook, "switched off webhook", by=by, at=at)
    return webhook


@transaction.atomic
def switch_on(*, webhook_id: int, by: Actor, at: datetime) -> Webhook:
    """It is told again; what happened meanwhile stands in the feed."""
    webhook = _locked(webhook_id, by)
    access.require(by, Permission.PARTNER_ADMINISTER, webhook.partner)
    if webhook.is_on:
        raise Conflict("It is switched on already.")
    _require_room(webhook.partner)
    webhook.off_since = None
    webhook.save(update_fields=["off_since"])
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


def _locked(webhook_id: int, by: Actor) -> Webhook:
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    webhook = partner.webhooks.select_for_update(of=("self",)).filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound("There is no such webhook.")
    webhook.partner = partner
    return webhook


def _checked(url: str) -> str:
    """An address that can be called; where its name leads is looked at when it is."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it is what checks it
    except ValueError:
        parts = urlsplit("")
    plain = settings.WEBHOOK_LOOPBACK and parts.scheme == "http"
    is_good = url.isascii() and url.isprintable() and " " not in url
    if not is_good or not parts.hostname or not (parts.scheme == "https" or plain):
        raise InvalidInput("Give an address that begins with https://, as your program has it.")
    if parts.username or parts.password or parts.fragment:
        raise InvalidInput("Leave user name, password and # out; each call is signed instead.")
    if not _may_be_public(parts.hostname):
        raise InvalidInput("Give an address that can be reached from the internet.")
    if len(url) > 300:
        raise InvalidInput("Keep the address to 300 characters.")
    return url


def _may_be_public(host: str) -> bool:
    """Whether a host can be one of the internet; a name is looked at when it is called."""
    try:
        return guarded.is_public(host) or settings.WEBHOOK_LOOPBACK
    except ValueError:  # a name
        return host != "localhost" or settings.WEBHOOK_LOOPBACK


def _chosen(events: Sequence[str]) -> list[str]:
    chosen = [key for key in EventType.values if key in events]
    if not chosen or set(events) - set(chosen):
        raise InvalidInput("Choose at least one of the events that it is told of.")
    return chosen


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


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _record(webhook: Webhook, action: str, *, by: Actor, at: datetime, **detail: str) -> None:
    about, name = f"partner:{webhook.partner_id}", str(webhook.partner)
    host = urlsplit(webhook.url).hostname or ""
    audit.record(by=by, at=at, action=action, about=about, name=name, to=host, **detail)
