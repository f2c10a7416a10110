"""Partners, their contacts and their contract terms as CSV."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from incidentdesk.kernel import access, exchange
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.exchange import Column, Sheet
from partners import directory
from partners.models import Contact, Partner, Terms

PARTNERS = Sheet(
    name="partners",
    title="Partners",
    model=Partner,
    unique="name",
    columns=(
        Column("code", "code", "capital letters and digits; names the row", is_key=True),
        Column("name", "name", "as people say it"),
        Column("kind", "kind", "broker, venue or platform"),
        Column("active", "is_active", "yes or no"),
    ),
)
CONTACTS = Sheet(
    name="contacts",
    title="Contacts",
    model=Contact,
    columns=(
        Column(
            "partner",
            "partner",
            "the partner's code; names the row together with the e-mail",
            is_key=True,
            links=lambda: Partner.objects.all(),
            by="code",
        ),
        Column("email", "email", "where notices go", is_key=True),
        Column("name", "name", "as people say it"),
        Column("title", "title", "what the person does"),
        Column("phone", "phone", "with the country in front"),
        Column("notices", "gets_notices", "yes or no"),
        Column("active", "is_active", "yes or no"),
    ),
)

_PARTNER = Column(
    "partner",
    "partner",
    "the partner's code; names the row",
    is_key=True,
    links=lambda: Partner.objects.all(),
    by="code",
)
_UNTIL = "minutes from detection to the first notice; empty: no time was agreed"
TERMS = Sheet(
    name="terms",
    title="Contract terms",
    model=Terms,
    columns=(
        _PARTNER,
        *(Column(f"sev{n}", f"notice_sev{n}", _UNTIL) for n in (1, 2, 3, 4)),
        Column("acknowledge", "acknowledge_minutes", "minutes until somebody there acknowledges"),
        Column("mail", "mail_carries", "text or link"),
        Column("facts_initial", "facts_initial_hours", "hours from confirmation"),
        Column("facts_interim", "facts_interim_hours", "hours from confirmation"),
        Column("facts_final", "facts_final_days", "days from confirmation"),
        Column("regimes", "regimes", "by which it is bound, with spaces between: DORA NIS2"),
    ),
)


@transaction.atomic
def import_terms(*, text: str, expected: str = "", by: Actor, at: datetime) -> int:
    """Change contract terms as a CSV file says; clocks that run already stay as they were set."""
    access.require(by, Permission.REGISTER_WRITE)
    return exchange.apply(TERMS, text, expected=expected, by=by, at=at)


@transaction.atomic
def import_partners(*, text: str, expected: str = "", by: Actor, at: datetime) -> int:
    """Add and change partners as a CSV file says, all of it or nothing; answers how many."""
    access.require(by, Permission.REGISTER_WRITE)
    return exchange.apply(PARTNERS, text, expected=expected, by=by, at=at)


@transaction.atomic
def import_contacts(*, text: str, expected: str = "", by: Actor, at: datetime) -> int:
    """Add and change partners' contacts as a CSV file says; nobody gets a login by it."""
    access.require(by, Permission.REGISTER_WRITE)
    count = exchange.apply(CONTACTS, text, expected=expected, by=by, at=at)
    directory.shut_out_inactive(Contact.objects.all(), by=by, at=at)
    return count
