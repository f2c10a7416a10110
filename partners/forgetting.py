"""A contact who left is reduced to a pseudonym: name, address, number and title go from the
register, from their invitations and from the log of messages.

What is written once stays as it was signed: timelines and their chains, approved notices,
receipts, the audit trail.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from incidentdesk.kernel import access, audit, people
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound
from notifications.models import Message
from partners.models import Contact, Invitation, Partner, Preferences


@transaction.atomic
def forget(*, contact_id: int, by: Actor, at: datetime) -> Contact:
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
    contact.name = f"Former contact {contact.pk}"
    contact.email = f"contact-{contact.pk}{people.FORGOTTEN}"
    contact.phone = contact.title = ""
    contact.gets_notices = False
    contact.save(update_fields=["name", "email", "phone", "title", "gets_notices"])
    _forget_login(contact)
    about, name = f"partner:{partner.pk}", str(partner)
    audit.record(by=by, at=at, action="forgot contact", about=about, name=name, of=contact.email)
    return contact


def _forget_address(contact: Contact) -> None:
    """Where else the address stands: invitations that ended, and messages that went."""
    gone = f"contact-{contact.pk}{people.FORGOTTEN}"
    invited = Invitation.objects.filter(partner=contact.partner, email__iexact=contact.email)
    invited.update(name=f"Former contact {contact.pk}", email=gone)
    told = Message.objects.filter(to_address__iexact=contact.email)
    told.exclude(state__in=Message.WAITS).update(to_address=gone)


def _forget_login(contact: Contact) -> None:
    user = contact.user
    if user is None or user.roles or user.email.endswith(people.FORGOTTEN):
        return
    if Contact.objects.filter(user=user, is_active=True).exists():
        return
    Preferences.objects.filter(user=user).delete()
    people.pseudonymise(user, "Former contact")
