"""Preferences of a partner's people: what mails them, and the zone and shape of their times.

What the contract promises stands above them: a severity for which a time was agreed is mailed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput, NotFound
from incidentdesk.kernel.prepared import Asked
from incidentdesk.kernel.times import UTC_ZONE, Times
from incidentdesk.kernel.zones import known
from partners.models import Contact, OffBecause, Partner, Preferences, Terms, Webhook

SEVERITIES = (1, 2, 3, 4)
AREAS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
# What the portal's database role may read.
COLUMNS = (
    "id",
    "partner_id",
    "user_id",
    "mail_sev1",
    "mail_sev2",
    "mail_sev3",
    "mail_sev4",
    "zone",
    "style",
)
TERMS_COLUMNS = ("id", "partner_id", "notice_sev1", "notice_sev2", "notice_sev3", "notice_sev4")


@cache
def zones() -> list[str]:
    """The zones to choose from: UTC, then places by name."""
    places = [name for name in known() if name.split("/")[0] in AREAS]
    return [UTC_ZONE, *sorted(places)]


def of(actor: Actor) -> Preferences:
    """What this person chose for the partner; or else what holds for everybody."""
    rows = Preferences.objects.filter(partner_id=actor.tenant_id, user_id=actor.user_id or 0)
    return rows.only(*COLUMNS).first() or Preferences(partner_id=actor.tenant_id)


def gets_notices(actor: Actor) -> bool:
    """Whether the register has this person down for notices by mail."""
    rows = Contact.objects.filter(partner_id=actor.tenant_id, user_id=actor.user_id or 0)
    return bool(rows.order_by("id").values_list("gets_notices", flat=True).first())


def agreed(actor: Actor) -> set[int]:
    """The severities for which this partner's contract agrees a time; those are always mailed."""
    terms = (
        Terms.objects.filter(partner_id=actor.tenant_id).only(*TERMS_COLUMNS).order_by("id").first()
    )
    return {n for n in SEVERITIES if terms and terms.notice_within(n) is not None}


def working_for(user_id: int, partner_id: int) -> tuple[Partner, Times, str]:
    """The partner, how times are shown to a person who works for it, and their name among its
    contacts, or "". By settings.WORKING_FOR.

    One query, as the application: it stands before each page of the portal.
    """
    found = _working().rows(user_id=user_id, partner_id=partner_id)[0]
    shown = Times(found.zone, found.style) if found.zone else Times()
    return found, shown, found.called or ""


@cache
def _working() -> Asked[Any]:
    """The partner with what this person prefers there, their name there, and whether a webhook of
    it is gone; planned once a connection."""

    def working(user_id: int, partner_id: int) -> QuerySet[Any]:
        own = Preferences.objects.filter(partner=OuterRef("pk"), user_id=user_id)
        chosen = {"zone": own.values("zone")[:1], "style": own.values("style")[:1]}
        known = Contact.objects.filter(partner=OuterRef("pk"), user_id=user_id).order_by("id")
        gone = Webhook.objects.filter(
            partner=OuterRef("pk"), off_because=OffBecause.GONE, deleted_at=None
        )
        return Partner.objects.filter(pk=partner_id).annotate(
            has_gone_webhook=Exists(gone.order_by()),
            called=Subquery(known.values("name")[:1]),
            **{name: Subquery(values) for name, values in chosen.items()},
        )

    return Asked(working, "user_id", "partner_id")


def zone_of(contact: Contact) -> str:
    """In which zone a mail tells this person times."""
    rows = Preferences.objects.filter(partner=contact.partner_id, user=contact.user_id or 0)
    return rows.values_list("zone", flat=True).first() or UTC_ZONE


def muted(partner_id: int, severity: int) -> QuerySet[Preferences, int]:
    """Who wants no mail of this severity; nobody, where the contract agrees a time for it."""
    return (
        Preferences.objects.filter(partner_id=partner_id, **{f"mail_sev{severity}": False})
        .filter(**{f"partner__terms__notice_sev{severity}": None})
        .values_list("user_id", flat=True)
    )


@transaction.atomic
def change(
    *, mailed: Collection[int], zone: str, style: str, by: Actor, at: datetime
) -> Preferences:
    """A person chooses for themselves; whoever reads for the partner may."""
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_READ, partner)
    if partner is None:
        raise NotFound("There is no such partner.")
    if zone not in zones():
        raise InvalidInput("Choose one of the time zones listed.")
    if style not in Preferences.Style.values:
        raise InvalidInput("Choose one of the languages listed.")
    kept = set(mailed) | agreed(by)
    values = {f"mail_sev{number}": number in kept for number in SEVERITIES}
    made, _ = Preferences.objects.update_or_create(
        partner=partner, user_id=by.person_id, defaults={**values, "zone": zone, "style": style}
    )
    audit.record(
        by=by,
        at=at,
        action="changed own preferences",
        about=f"partner:{partner.pk}",
        name=str(partner),
        mailed=[f"SEV-{number}" for number in sorted(kept)],
        zone=zone,
        style=style,
    )
    return made
