"""Systems as CSV."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases.models import System
from incidentdesk.kernel import access, exchange
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.exchange import Column, Sheet
from incidentdesk.kernel.models import User
from partners.models import Partner

SYSTEMS = Sheet(
    name="systems",
    title="Systems",
    model=System,
    columns=(
        Column("name", "name", "names the row", is_key=True),
        Column("description", "description", "what it does"),
        Column("kind", "kind", "service, gateway, venue link, data, network, host, …"),
        Column(
            "owner",
            "owner",
            "the e-mail of somebody at the desk, or empty",
            links=lambda: User.objects.filter(is_active=True).exclude(roles=[]),
            by="email",
        ),
        Column("critical", "is_critical", "yes or no"),
        Column(
            "partners",
            "partners",
            "codes of the partners that depend on it, with spaces between",
            links=lambda: Partner.objects.all(),
            by="code",
            is_many=True,
        ),
        Column("active", "is_active", "yes or no"),
    ),
)


@transaction.atomic
def import_systems(*, text: str, expected: str = "", by: Actor, at: datetime) -> int:
    """Add and change systems as a CSV file says, all of it or nothing; answers how many."""
    access.require(by, Permission.REGISTER_WRITE)
    return exchange.apply(SYSTEMS, text, expected=expected, by=by, at=at)
