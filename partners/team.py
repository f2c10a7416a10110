"""A partner's own people: who they are, what each may do; its administrators change that.

Nobody changes or removes themselves, so an administrator always stays: the one who acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from incidentdesk.kernel import access, audit, grants
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from partners import directory, leaving
from partners.models import Contact, Invitation, Partner

# What the portal's database role may read.
CONTACT_COLUMNS = (
    "id",
    "partner_id",
    "user_id",
    "name",
    "email",
    "title",
    "gets_notices",
    "is_active",
)


@dataclass(frozen=True)
class Member:
    """One of a partner's people, with the number under which the portal names them."""

    number: int
    contact: Contact
    right: str  # act, administer, audit; empty: gets notices and has no login
    is_self: bool

    @property
    def does(self) -> str:
        """In words."""
        return str(Invitation.Right(self.right).label) if self.right else "has no login"


def contacts_of(actor: Actor) -> QuerySet[Contact]:
    """This partner's people, those who left among them, so that each keeps its number."""
    rows = Contact.objects.filter(partner_id=actor.tenant_id)
    return rows.only(*CONTACT_COLUMNS).order_by("id")


def members(actor: Actor) -> list[Member]:
    """The people who work here now, by the order in which they came. Two queries."""
    held = grants.held_on(grants.tenant_model(), actor.tenant_id)
    return [
        Member(
            number,
            contact,
            _strongest(held.get(contact.user_id or 0, frozenset())),
            is_self=contact.user_id == actor.user_id,
        )
        for number, contact in enumerate(contacts_of(actor), start=1)
        if contact.is_active
    ]


@transaction.atomic
def change_right(
    *, contact_id: int, right: str, by: Actor, at: datetime
) -> tuple[Contact, leaving.Ended]:
    """An administrator changes what a person may do for the partner.

    Answers the person, and what ended with a right to administer that they had before.
    """
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_ADMINISTER, partner)
    contact = _other(partner, contact_id, by=by)
    if right not in Invitation.Right.values:
        raise InvalidInput("Choose what the person does for your company.")
    if contact.user is None:
        raise Conflict(f"{contact} has no login yet; invite them.")
    ended = directory.set_right(contact.user, right, partner, by=by, at=at)
    _record(contact, "changed the right of", by=by, at=at, right=right)
    return contact, ended


@transaction.atomic
def remove(*, contact_id: int, by: Actor, at: datetime) -> tuple[Contact, leaving.Ended]:
    """The person works for the partner no more: rights, notices, sessions, tokens end at once.

    Answers the person, and what they had begun and ended with it.
    """
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_ADMINISTER, partner)
    contact = _other(partner, contact_id, by=by)
    if not contact.is_active:
        raise Conflict(f"{contact} was removed already.")
    ended = directory.shut_out(contact, by=by, at=at)
    waiting = partner.invitations.filter(accepted_at=None, withdrawn_at=None)
    waiting.filter(email__iexact=contact.email).update(withdrawn_at=at)
    _record(contact, "removed", by=by, at=at)
    return contact, ended


def _other(partner: Partner, contact_id: int, *, by: Actor) -> Contact:
    """One of the partner's people who is not the one who asks."""
    contact = partner.contacts.filter(pk=contact_id).select_related("user").first()
    if contact is None:
        raise NotFound("There is no such person.")
    if contact.user_id == by.user_id:
        raise InvalidInput("Nobody changes or removes themselves; ask another administrator.")
    return contact


def _strongest(held: frozenset[str]) -> str:
    return next((right for right in ("administer", "act", "audit") if right in held), "")


def _record(contact: Contact, action: str, *, by: Actor, at: datetime, **detail: str) -> None:
    about, name = f"partner:{contact.partner_id}", str(contact.partner)
    audit.record(by=by, at=at, action=action, about=about, name=name, of=contact.email, **detail)
