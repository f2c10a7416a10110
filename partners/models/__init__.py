"""The register's nouns. It does not know incidents."""

from partners.models.invitation import Invitation
from partners.models.partner import Contact, Partner, ReferenceCounter
from partners.models.permission import PartnerUserObjectPermission
from partners.models.preferences import Preferences
from partners.models.terms import Terms
from partners.models.webhook import Delivery, EventType, OffBecause, Webhook

__all__ = [
    "Contact",
    "Delivery",
    "EventType",
    "Invitation",
    "OffBecause",
    "Partner",
    "PartnerUserObjectPermission",
    "Preferences",
    "ReferenceCounter",
    "Terms",
    "Webhook",
]
