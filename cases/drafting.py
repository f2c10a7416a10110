"""A report that a person at a partner has begun: kept as typed, until it is sent or discarded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from cases.models import ReportDraft
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from partners.models import Partner

# What is kept of a form, and how much of each; a report takes less.
FIELDS = {
    "title": 2_000,
    "description": 60_000,
    "category": 100,
    "certainty": 100,
    "noticed_at": 100,
    "happened_at": 100,
}
MOMENTS = ("noticed_at", "happened_at")
TOLD = ("title", "description")  # without a word in one of them nothing was begun


def placed(typed: Mapping[str, str]) -> dict[str, str]:
    """What a form sent, as it is kept: times with the zone in which they were typed, so that they
    stay the same moments when their writer reads the clock of another."""
    kept = {name: typed.get(name, "") for name in FIELDS}
    for name in MOMENTS:
        if (at := _moment(kept[name])) is not None and at.tzinfo is None:
            kept[name] = at.replace(tzinfo=timezone.get_current_timezone()).isoformat()
    return kept


def shown(kept: Mapping[str, str]) -> dict[str, Any]:
    """What was kept, for a form in the present zone; what is no time stays as it was typed."""
    return {n: (_moment(v) or v) if n in MOMENTS else v for n, v in kept.items()}


def _moment(text: str) -> datetime | None:
    """A time that every zone can show; what is none, or half a year's number, stays words."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return at if 1970 <= at.year < 9999 else None


@transaction.atomic
def keep(*, typed: Mapping[str, str], by: Actor, at: datetime) -> ReportDraft | None:
    """Keep what was typed, in the place of what was kept before; None if there is no word in it."""
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_ACT, partner)
    if partner is None:
        raise NotFound("There is no such partner.")
    values = {name: _as_typed(typed.get(name, ""), most) for name, most in FIELDS.items()}
    if not any(values[name].strip() for name in TOLD):
        forget(by)
        return None
    made, _ = ReportDraft.objects.update_or_create(
        partner_id=partner.pk, user_id=by.person_id, defaults={**values, "saved_at": at}
    )
    return made


@transaction.atomic
def discard(*, by: Actor, at: datetime) -> bool:
    """It is not wanted any more. Answers whether there was one."""
    partner = Partner.objects.filter(pk=by.tenant_id).first()
    access.require(by, Permission.PARTNER_ACT, partner)
    return forget(by)


def forget(by: Actor) -> bool:
    """It was sent, or is not wanted; inside a use case. What a program sends is not what its person
    was writing."""
    if by.scopes is not None:
        return False
    rows = ReportDraft.objects.filter(partner_id=by.tenant_id, user_id=by.person_id)
    return bool(rows.delete()[0])


def _as_typed(text: str, most: int) -> str:
    return text.replace("\0", "")[:most]
