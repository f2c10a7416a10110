"""What somebody began as a partner's administrator ends when they are that no more.

An invitation of theirs would let in whom they chose, and a webhook of theirs tells an address that
they chose, long after they left. Steps of use cases that ask for the right; each is audited here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from incidentdesk.kernel import audit, grants
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from partners import deliveries
from partners.models import Contact, Invitation, OffBecause, Partner, Webhook

NAMED = 5  # in a sentence


@dataclass(frozen=True)
class Ended:
    """Whose invitations were withdrawn, and to which hosts webhooks were switched off."""

    invited: Sequence[str] = ()
    hosts: Sequence[str] = ()

    def __str__(self) -> str:
        """As sentences that go on from what was said, with a space before; or empty."""
        parts = (
            (self.invited, "Withdrawn with it: what they had sent to"),
            (self.hosts, "Switched off: the webhooks that they had added, to"),
        )
        return "".join(f" {words} {_listed(found)}." for found, words in parts if found)


def end_all(user: User, partner: Partner, *, by: Actor, at: datetime) -> Ended:
    """Withdraw the invitations that this person sent for the partner and that are open, and switch
    off the webhooks that they added."""
    open_ones = Invitation.objects.select_for_update(of=("self",)).filter(
        partner=partner, invited_by=user, accepted_at=None, withdrawn_at=None
    )
    invited = []
    for invitation in open_ones.order_by("id"):
        invitation.withdrawn_at = at
        invitation.save(update_fields=["withdrawn_at"])
        _record("withdrew the invitation of", partner, by=by, at=at, to=invitation.email)
        invited.append(invitation.email)
    hosts = []
    on = Webhook.objects.select_for_update(of=("self",)).filter(
        partner=partner, added_by=user, off_since=None
    )
    for webhook in on.order_by("id"):
        deliveries.switch_off(webhook, OffBecause.LEFT, how="switched off", at=at)
        host = urlsplit(webhook.url).hostname or ""
        _record("switched off webhook", partner, by=by, at=at, to=host, because=OffBecause.LEFT)
        hosts.append(host)
    return Ended(invited, hosts)


@transaction.atomic
def end_everywhere(user_id: int, *, by: Actor, at: datetime) -> str:
    """The same for every partner, for somebody whose login is switched off; answers the words."""
    served = Contact.objects.filter(user=user_id).values("partner")
    rows = Partner.objects.select_for_update(of=("self",)).filter(pk__in=served).order_by("pk")
    said = [str(end_all(User(pk=user_id), partner, by=by, at=at)) for partner in rows]
    return "".join(said).strip()


def stands_for(invitation: Invitation) -> bool:
    """Whether who sent it may still invite: without that nobody is let in by it."""
    held = grants.granted(invitation.invited_by_id, invitation.partner)
    return "administer" in held and invitation.invited_by.is_active


def _listed(found: Sequence[str]) -> str:
    rest = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _record(action: str, partner: Partner, *, by: Actor, at: datetime, **detail: str) -> None:
    about, name = f"partner:{partner.pk}", str(partner)
    audit.record(by=by, at=at, action=action, about=about, name=name, **detail)
