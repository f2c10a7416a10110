"""The registers of the demo: people, partners, systems, sources, and who is paged.

People are roles with a number; nobody of these names exists.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password

from cases.intake import sources
from cases.models import Category, Source, System
from incidentdesk.demo import oncall
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import SYSTEM, Actor
from incidentdesk.kernel.models import User
from incidentdesk.kernel.shown_once import digest
from notifications import defaults
from notifications.models import Group
from partners import directory
from partners.models import Contact, Partner, Terms

PASSWORD = "desk-demo"  # noqa: S105 -- of the demo, printed when it starts

# login, name, roles; the first of a role is the fixed login.
STAFF = (
    ("commander", "Commander 1", "commander"),
    ("commander2", "Commander 2", "commander"),
    ("commander3", "Commander 3", "commander"),
    ("responder", "Responder 1", "responder"),
    ("responder2", "Responder 2", "responder"),
    ("responder3", "Responder 3", "responder"),
    ("comms", "Comms 1", "communications"),
    ("comms2", "Comms 2", "communications"),
    ("approver", "Approver 1", "approver"),
    ("security", "Security lead", "security"),
    ("auditor", "Auditor", "auditor"),
    ("admin", "Administrator", "administrator"),
)
GROUPS = {
    defaults.FIRST: ("responder", "responder2"),
    defaults.SECOND: ("responder3", "security"),
    defaults.MANAGERS: ("commander", "commander2"),
}
# code, name, kind, domain; contacts as login, name, title, right (none: mail only)
PARTNERS = (
    ("HELIX", "Helix Markets", "broker", "helix.example"),
    ("NORRBANK", "Norrbank Securities", "broker", "norrbank.example"),
    ("TIDEWATER", "Tidewater FX", "platform", "tidewater.example"),
)
# What stands in facts packages of those who are bound by DORA.
ENTITIES: dict[str, dict[str, Any]] = {
    "HELIX": {"lei": "969500HELIX0EXAMPL42", "entity_types": ["investment_firm"]},
}
TERMS: dict[str, dict[str, Any]] = {
    "HELIX": {
        "regimes": ["DORA", "GDPR"],
        "zone": "Europe/Berlin",
        "acknowledge_minutes": 30,
    },
    "NORRBANK": {
        "regimes": ["DORA"],
        "entities": ["credit"],
        "zone": "Europe/Stockholm",
        "notice_sev1": 30,
        "mail_carries": "link",
    },
    "TIDEWATER": {"regimes": ["UK", "MAS"], "zone": "Europe/London", "notice_sev3": 480},
}
CONTACTS = (
    ("HELIX", "admin", "Helix administrator", "Head of operations", "administer"),
    ("HELIX", "contact", "Helix contact", "Trading operations", "act"),
    ("HELIX", "security", "Helix security desk", "Security operations", ""),
    ("NORRBANK", "contact", "Norrbank contact", "Middle office", "act"),
    ("NORRBANK", "night", "Norrbank night desk", "Night shift", ""),
    ("TIDEWATER", "contact", "Tidewater contact", "Platform operations", "act"),
)
# name, what it is, kind, who depends on it (the first letters of their codes), critical
SYSTEMS = (
    ("order-gateway-eu", "Order entry, EU region", "gateway", "HNT", True),
    ("order-gateway-us", "Order entry, US region", "gateway", "HT", True),
    ("fix-gateway", "FIX sessions of partners and venues", "gateway", "HN", True),
    ("matching-core", "Internal matching and execution", "service", "HNT", True),
    ("risk-engine", "Pre-trade limits and kill switches", "service", "HNT", True),
    ("ledger", "Positions, balances and fees", "data", "HNT", True),
    ("identity", "Logins, second factors, sessions", "identity", "HNT", True),
    ("md-normaliser-eu", "Market data of EU venues in one format", "data", "HN", True),
    ("message-bus", "Events between the core systems", "service", "HNT", True),
    ("quote-gw-eu-1", "Quote stream EU-1", "gateway", "HN", False),
    ("quote-gw-eu-2", "Quote stream EU-2", "gateway", "HN", False),
    ("margin-feed", "Margin figures for partners", "data", "N", False),
    ("drop-copy", "Copies of executions for partners", "service", "HN", False),
    ("settlement-export", "Settlement files for partners", "data", "N", False),
    ("reference-data", "Instruments, calendars, price bands", "data", "HNT", False),
    ("partner-api", "Reporting API and portal", "service", "HNT", False),
    ("webhooks", "Webhooks to partners", "service", "T", False),
    ("backoffice-db", "Reports and statements", "data", "N", False),
    ("bastion", "Administrators' way into production", "host", "", False),
)
SENT = [value for value in Source.Format.values if value != Source.Format.DESK]
OWNERS = ("responder", "responder2", "responder3", "security")  # of systems, in turn
# format → name, category of what it sends
SOURCES = {
    "alertmanager": ("prod-eu", "outage"),
    "pagerduty": ("venue-watch", ""),
    "access": ("bastions", "unauthorised_access"),
}


@dataclass(frozen=True)
class Cast:
    """Everybody and everything that stories name, loaded once."""

    actors: dict[str, Actor]
    contacts: dict[str, Actor]
    partners: dict[str, Partner]
    systems: dict[str, int]
    categories: dict[str, int]
    sources: dict[str, Source]
    groups: dict[str, int]

    def one(self, rng: random.Random, *logins: str) -> Actor:
        """One of these people."""
        return self.actors[rng.choice(logins)]


def assemble(*, at: datetime) -> Cast:
    """Create the registers; each row is noted in the audit trail as the desk's own doing."""
    password = make_password(PASSWORD)  # once: hashing is slow on purpose
    actors = {}
    for login, name, role in STAFF:
        user = _person(f"{login}@desk.example", name, password, roles=[role], at=at)
        actors[login] = access.actor_for(user)
    for name, logins in GROUPS.items():
        group = Group.objects.get_or_create(name=name)[0]
        group.members.set(_ids(actors, logins))
        _note(f"group:{group.pk}", name, at=at)
    rota = oncall.load(actors, at=at)
    _note(f"rota:{rota.pk}", rota.name, at=at)
    partners = {code: _partner(code, name, kind, at=at) for code, name, kind, _ in PARTNERS}
    contacts = {}
    for code, login, name, title, right in CONTACTS:
        who = _contact(partners[code], f"{login}@{_domain(code)}", name, title, right, password, at)
        if who is not None and login == "contact":
            contacts[code] = access.actor_for(who, partner_id=partners[code].pk)
    return Cast(
        actors=actors,
        contacts=contacts,
        partners=partners,
        systems={
            row[0]: _system(*row, partners=partners, owner=actors[OWNERS[number % 4]], at=at)
            for number, row in enumerate(SYSTEMS)
        },
        categories=dict(Category.objects.values_list("key", "pk")),
        sources={value: _source(value, at=at) for value in SENT},
        groups=dict(Group.objects.values_list("name", "pk")),
    )


def _ids(actors: dict[str, Actor], logins: tuple[str, ...]) -> list[int]:
    return [actors[login].person_id for login in logins]


def _domain(code: str) -> str:
    return next(domain for known, _, _, domain in PARTNERS if known == code)


def _person(email: str, name: str, password: str, *, roles: list[str], at: datetime) -> User:
    user = User.objects.create(email=email, name=name, roles=roles, password=password)
    _note(f"user:{user.pk}", name, at=at)
    return user


def _partner(code: str, name: str, kind: str, *, at: datetime) -> Partner:
    known = ENTITIES.get(code, {})
    partner = Partner.objects.create(code=code, name=name, kind=kind, **known)
    _agree(partner)
    _note(f"partner:{partner.pk}", name, at=at)
    return partner


def _agree(partner: Partner) -> None:
    """What the contract says where it differs from the defaults."""
    Terms.objects.filter(partner=partner).update(**TERMS[partner.code])


def _contact(
    partner: Partner, email: str, name: str, title: str, right: str, password: str, at: datetime
) -> User | None:
    """A contact; with a right also its login."""
    contact = Contact.objects.create(
        partner=partner, name=name, email=email, title=title, gets_notices=right != "administer"
    )
    if not right:
        return None
    User.objects.create(email=email, name=name, password=password)
    user, _ = directory.give_login(contact_id=contact.pk, right=right, by=SYSTEM, at=at)
    return user


def _system(
    name: str,
    description: str,
    kind: str,
    dependents: str,
    is_critical: bool,
    *,
    partners: dict[str, Partner],
    owner: Actor,
    at: datetime,
) -> int:
    system = System.objects.create(
        name=name,
        description=description,
        kind=kind,
        is_critical=is_critical,
        owner_id=owner.user_id,
    )
    system.partners.set([partners[code] for code in partners if code[0] in dependents])
    _note(f"system:{system.pk}", name, at=at)
    return system.pk


def _source(source_format: str, *, at: datetime) -> Source:
    name, category = SOURCES.get(source_format, (f"demo {source_format}", ""))
    source = Source(
        name=name,
        format=source_format,
        key_digest=digest(f"demo-{source_format}"),
        category=Category.objects.filter(key=category).first(),
    )
    sources.prepare(source, "")
    source.save()
    _note(f"source:{source.pk}", name, at=at)
    return source


def _note(about: str, name: str, *, at: datetime) -> None:
    action = f"added {about.split(':')[0]} for the demo"
    audit.record(by=SYSTEM, at=at, action=action, about=about, name=name)
