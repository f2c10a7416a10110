"""A contact who left is reduced to a pseudonym: name, address, number and title go from the
register, from their invitations and from the log of messages.

What is written once stays as it was signed: timelines and their chains, approved notices,
receipts, the audit trail.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Lower

from incidentdesk.kernel import access, audit, people
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound
from notifications.forgetting import unname
from notifications.models import Message
from partners.models import Contact, Invitation, Partner, Preferences


@transaction.atomic
def forget(*, contact_id: int, reason: str = "", by: Actor, at: datetime) -> Contact:
    """Take the person out of the register, for good. Who still works there is not forgotten.

    Their login goes with it, unless they serve another partner too.
    """
    access.require(by, Permission.REGISTER_WRITE)
    partner = Partner.objects.select_for_update(of=("self",)).filter(contacts=contact_id).first()
    if partner is None:
        raise NotFound("There is no such person.")
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact_id)
    if contact.is_active:
        raise Conflict(f"{contact} still works for {partner}; remove them first.")
    if contact.email.endswith(people.FORGOTTEN):
        raise Conflict(f"{contact} was forgotten already.")
    _forget_address(contact)
    contact.name, contact.email = pseudonym(contact)
    contact.phone = contact.title = ""
    contact.gets_notices = False
    contact.save(update_fields=["name", "email", "phone", "title", "gets_notices"])
    _forget_login(contact, at=at)
    about, name = f"partner:{partner.pk}", str(partner)
    known = {"name": name, "of": contact.email, "reason": reason}
    audit.record(by=by, at=at, action="forgot contact", about=about, **known)
    return contact


def leavers(partner: Partner) -> QuerySet[Contact]:
    """Who left a partner and is still called by name."""
    left = partner.contacts.filter(is_active=False)
    return left.exclude(email__endswith=people.FORGOTTEN).order_by("name", "pk")


def foresee(contacts: QuerySet[Contact]) -> list[dict[str, Any]]:
    """What would go of each, in words; nothing is changed. Three queries, whatever their number."""
    found = list(contacts)
    addresses = [contact.email for contact in found]
    told = _counted(Message.objects.exclude(state__in=Message.WAITS), "to_address", addresses)
    asked = _counted(
        Invitation.objects.filter(partner_id__in={c.partner_id for c in found}), "email", addresses
    )
    return [
        {
            "now": (contact.name, contact.email, contact.title, contact.phone),
            "then": pseudonym(contact),
            "more": f"Messages: {told.get(contact.email.lower(), 0)}. "
            f"Invitations: {asked.get(contact.email.lower(), 0)}. "
            f"{'A login.' if contact.user_id else 'No login.'}",
        }
        for contact in found
    ]


def _counted(rows: QuerySet[Any], field: str, addresses: list[str]) -> dict[str, int]:
    """How many rows there are of each address, in whatever case it is written."""
    lower = [address.lower() for address in addresses]
    named = rows.annotate(written=Lower(field)).filter(written__in=lower)
    return dict(named.values_list("written").annotate(Count("pk")).order_by())


def pseudonym(contact: Contact) -> tuple[str, str]:
    """The name and the address that stand in a contact's place."""
    return f"Former contact {contact.pk}", f"contact-{contact.pk}{people.FORGOTTEN}"


def _forget_address(contact: Contact) -> None:
    """Where else the address stands: invitations that ended, and messages that went."""
    name, gone = pseudonym(contact)
    invited = Invitation.objects.filter(partner=contact.partner, email__iexact=contact.email)
    invited.update(name=name, email=gone)
    unname(Message.objects.filter(to_address__iexact=contact.email), gone=gone)


def _forget_login(contact: Contact, *, at: datetime) -> None:
    user = contact.user
    if user is None or user.roles or user.email.endswith(people.FORGOTTEN):
        return
    if Contact.objects.filter(user=user, is_active=True).exists():
        return
    Preferences.objects.filter(user=user).delete()
    people.pseudonymise(user, "Former contact", at=at)
