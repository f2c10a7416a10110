"""The register of controls as CSV."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from incidentdesk.kernel import access, exchange
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.exchange import Column, Sheet
from incidentdesk.kernel.models import User
from reviews.models import Control

CONTROLS = Sheet(
    name="controls",
    title="Controls",
    model=Control,
    columns=(
        Column("number", "number", "names the row", is_key=True),
        Column("title", "title", "as people say it"),
        Column("kind", "kind", "control or policy"),
        Column(
            "owner",
            "owner",
            "the e-mail of somebody at the desk, or empty",
            links=lambda: User.objects.filter(is_active=True).exclude(roles=[]),
            by="email",
        ),
        Column("description", "description", "what it asks for"),
        Column("references", "references", "with spaces between: ISO27001:A.5.24 DORA:17"),
        Column("review_on", "review_on", "the next review, like 2027-03-31, or empty"),
        Column("retired", "is_retired", "yes or no"),
    ),
)


@transaction.atomic
def import_controls(*, text: str, expected: str = "", by: Actor, at: datetime) -> int:
    """Add and change controls as a CSV file says, all of it or nothing; answers how many."""
    access.require(by, Permission.REGISTER_WRITE)
    return exchange.apply(CONTROLS, text, expected=expected, by=by, at=at)
