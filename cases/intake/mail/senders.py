"""Whom an address belongs to: a contact of one partner or of several, a member of staff, nobody."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from cases.intake import internal
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from partners.models import Contact


@dataclass(frozen=True)
class Sender:
    """Who uses an address, as the register and the list of people have it."""

    contacts: tuple[Contact, ...] = ()
    colleague: User | None = None

    @property
    def is_known(self) -> bool:
        """Whether the desk knows anybody by this address."""
        return bool(self.contacts) or self.colleague is not None

    def at(self, partner_id: int) -> Contact | None:
        """Who they are at this partner."""
        return next((one for one in self.contacts if one.partner_id == partner_id), None)


def known(address: str) -> Sender:
    """Active contacts of active partners with this address, or an active colleague."""
    if not address:
        return Sender()
    contacts = Contact.objects.filter(
        Q(email__iexact=address) | Q(user__email__iexact=address),
        is_active=True,
        partner__is_active=True,
    )
    found = tuple(contacts.select_related("partner", "user").order_by("partner_id", "pk"))
    user = User.objects.filter(email__iexact=address, is_active=True).first()
    is_ours = user is not None and not found and internal.is_colleague(user)
    return Sender(found, user if is_ours else None)


def acting(contact: Contact) -> Actor | None:
    """The contact as who acts for its partner; None without a login of their own."""
    if contact.user is None or not contact.user.is_active:
        return None
    return access.actor_for(contact.user, partner_id=contact.partner_id, called=contact.name)
