"""Two partners on one incident, each with a word of its own in every field that it may see.

Whatever belongs to Alder says ALDER, whatever belongs to Birch says BIRCH, and whatever is nobody's
but the desk's says GLOBAL. A page of Alder's that says BIRCH or GLOBAL has leaked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from cases import (
    audience,
    deciding,
    digests,
    disclosure,
    notices,
    packages,
    procedures,
    requests,
    thread,
    workflow,
)
from cases.intake import reports
from cases.models import (
    Digest,
    DigestLine,
    FactsPackage,
    Incident,
    Involvement,
    NoticeCopy,
    PartnerEvent,
    Procedure,
    Remark,
    Report,
    Request,
    RequestStep,
    SharedFile,
)
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from partners.models import Contact, Partner, Webhook
from tests.conftest import NOW, PASSWORD, People

# The one script that every page of the portal may have.
FILES_SCRIPT = '<script src="/static/files.js" defer></script>'
TITLE = "GLOBAL root of it all"


@pytest.fixture(autouse=True)
def _own_limits(settings: Any) -> None:
    """The login limits of one test are not those of the next, nor of one that runs beside it."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


@dataclass
class Side:
    """One partner, its person, and what it was shown, told and not told."""

    word: str
    partner: Partner
    user: User
    actor: Actor
    involvement: Involvement = field(init=False)
    hidden: Involvement = field(init=False)
    sent: NoticeCopy = field(init=False)
    report: Report = field(init=False)
    asked: Request = field(init=False)
    procedure: Procedure = field(init=False)
    webhook: Webhook = field(init=False)
    package: FactsPackage = field(init=False)
    digest: Digest = field(init=False)

    @property
    def client(self) -> Client:
        """A browser in which its person is logged in."""
        client = Client()
        client.force_login(self.user)
        return client

    def rows(self) -> list[Any]:
        """Everything the database holds of this partner."""
        models: list[Any] = [
            Involvement,
            NoticeCopy,
            PartnerEvent,
            Webhook,
            Report,
            Contact,
            Digest,
            DigestLine,
            FactsPackage,
            Procedure,
            Remark,
            Request,
            RequestStep,
            SharedFile,
        ]
        return [
            list(m.objects.filter(partner=self.partner).order_by("pk").values()) for m in models
        ]


@dataclass
class Both:
    """The two sides and the incident that they share without knowing."""

    a: Side
    b: Side
    incident: Incident


def make_side(word: str) -> Side:
    """A partner with one person who acts for it."""
    partner = Partner.objects.create(name=f"{word.title()} Trading", code=word)
    user = User.objects.create_user(
        f"person@{word.lower()}.test", PASSWORD, name=f"Person of {word.title()}"
    )
    Contact.objects.create(partner=partner, user=user, name=user.name, email=user.email)
    grants.grant(user, "act", partner)
    return Side(word, partner, user, access.actor_for(user, partner_id=partner.pk))


class Telling:
    """Listing partners and telling them, by the people whose work it is."""

    def __init__(self, people: People) -> None:
        self.people, self.at = people, NOW

    def tick(self) -> datetime:
        """A minute later."""
        self.at += timedelta(minutes=1)
        return self.at

    def declare(self, title: str) -> Incident:
        """An incident of the desk's."""
        opening = workflow.Opening(
            title=title,
            detection=Incident.Detection.STAFF,
            detected_by="GLOBAL staff",
            detected_at=self.at,
            occurred_at=self.at - timedelta(minutes=3),
            impact=4,
            scope=4,
            urgency=3,
        )
        by = self.people.actor("responder")
        return workflow.open_incident(opening=opening, by=by, at=self.tick())

    def involve(self, incident: Incident, side: Side, *, hint: str = "") -> Involvement:
        """The partner is listed; it sees nothing yet."""
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=side.partner.pk,
            title=f"{side.word} {hint} view",
            meaning=f"{side.word} {hint} meaning",
            severity=2,
            started_at=NOW - timedelta(minutes=3),
            by=self.people.actor("commander"),
            at=self.tick(),
        )

    def draft(self, involvement: Involvement, body: str) -> int:
        """A notice for one partner, after the first an update; its id."""
        return notices.draft(
            incident_id=involvement.incident_id,
            kind="update" if audience.begun([involvement]) else "first",
            body=body,
            involvement_ids=[involvement.pk],
            next_update_at=self.at + timedelta(hours=1),
            by=self.people.actor("communications"),
            at=self.tick(),
        ).pk

    def tell(self, involvement: Involvement, body: str) -> NoticeCopy:
        """A notice, approved and sent."""
        notice_id = self.draft(involvement, body)
        notices.approve(
            notice_id=notice_id,
            is_checked=True,
            by=self.people.actor("approver"),
            at=self.tick(),
        )
        by = self.people.actor("communications")
        notices.send(notice_id=notice_id, by=by, at=self.tick())
        return NoticeCopy.objects.get(notice_id=notice_id)

    def ask(self, side: Side, involvement: Involvement, question: str = "") -> Request:
        """Something is needed from the partner within the hour."""
        return requests.ask(
            incident_id=involvement.incident_id,
            involvement_id=involvement.pk,
            question=question or f"{side.word} question",
            why=f"{side.word} why",
            due_at=self.at + timedelta(hours=1),
            uploads=[ContentFile(b"a,b", name=f"{side.word}-list.csv")],
            by=self.people.actor("communications"),
            at=self.tick(),
        )

    def hand_over(self, involvement: Involvement, word: str) -> FactsPackage:
        """The partner's figures."""
        return packages.hand_over(
            incident_id=involvement.incident_id,
            involvement_id=involvement.pk,
            stage="initial",
            figures=packages.Figures(text=f"{word} facts", services=f"{word} services", clients=17),
            by=self.people.actor("communications"),
            at=self.tick(),
        )

    def digest(self, side: Side) -> Digest:
        """A small incident of its own, told of once the month is over."""
        small = self.declare(f"GLOBAL small one of {side.word}")
        Incident.objects.filter(pk=small.pk).update(severity=4)
        row = self.involve(small, side, hint="small")
        deciding.decide(
            incident_id=small.pk,
            involvement_ids=[row.pk],
            choice="digest",
            reason="GLOBAL reason",
            by=self.people.actor("commander"),
            at=self.tick(),
        )
        digests.send_due(at=NOW + timedelta(days=40))
        return Digest.objects.get(partner=side.partner)

    def report(self, side: Side, title: str) -> Report:
        """The partner reports something and is answered."""
        made = reports.report(
            title=title,
            description=f"{side.word} description",
            noticed_at=self.at,
            by=side.actor,
            at=self.tick(),
        )
        by = self.people.actor("communications")
        answer = f"{side.word} answer"
        return reports.decline(report_id=made.pk, answer=answer, by=by, at=self.tick())


@pytest.fixture
def telling(people: People) -> Telling:
    """Steps that tell partners something."""
    return Telling(people)


@pytest.fixture
def both(telling: Telling) -> Both:
    """Alder and Birch on one incident; each also has one that was not disclosed to it."""
    a, b = make_side("ALDER"), make_side("BIRCH")
    incident, quiet = telling.declare(TITLE), telling.declare("GLOBAL quiet one")
    for side in (a, b):
        side.involvement = telling.involve(incident, side)
        side.sent = telling.tell(side.involvement, f"{side.word} notice")
        telling.draft(side.involvement, f"GLOBAL unsent draft for {side.word}")
        side.hidden = telling.involve(quiet, side, hint="GLOBAL undisclosed")
        side.report = telling.report(side, f"{side.word} report")
        side.asked = telling.ask(side, side.involvement)
        side.procedure = procedures.keep(
            title=f"{side.word} procedure",
            version="3",
            scope=f"{side.word} scope",
            valid_until=NOW.date() + timedelta(days=365),
            attested_by=f"Head of {side.word}",
            link=f"https://{side.word.lower()}.test/p",
            by=side.actor,
            at=telling.tick(),
        )
        side.webhook = Webhook.objects.create(  # it is off, so that it is told nothing
            partner=side.partner,
            url=f"https://{side.word.lower()}.test/hook",
            events=["request.opened"],
            secret=f"whsec_{side.word}",
            added_at=NOW,
            added_by=side.user,
            adder=side.user.name,
            off_since=NOW,
        )
        thread.reply(
            involvement_id=side.involvement.pk,
            text=f"{side.word} remark",
            by=side.actor,
            at=telling.tick(),
        )
        side.involvement.refresh_from_db()
        side.package = telling.hand_over(side.involvement, side.word)
        side.digest = telling.digest(side)
    return Both(a, b, incident)


@pytest.fixture
def many(telling: Telling) -> Callable[[Side, int], None]:
    """`many(side, 30)`: so many more incidents and reports, each with a notice that waits."""

    def make(side: Side, count: int) -> None:
        for number in range(count):
            incident = telling.declare(f"GLOBAL number {number}")
            involvement = telling.involve(incident, side, hint=f"number {number}")
            telling.tell(involvement, f"{side.word} told {number}")
            telling.report(side, f"{side.word} report {number}")

    return make


@pytest.fixture
def stranger(db: None) -> User:
    """Somebody with a login, and neither a role nor a grant."""
    return User.objects.create_user("stranger@nowhere.test", PASSWORD, name="Nobody’s")


_RANDOM = re.compile(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"')


def leaks(text: str, *words: str) -> list[str]:
    """The words that stand in the text and must not; the desk's own reference among them.

    In random letters any word of five stands now and then.
    """
    lower = _RANDOM.sub("", text).lower()
    return [word for word in (*words, "GLOBAL", "INC-20") if word.lower() in lower]
