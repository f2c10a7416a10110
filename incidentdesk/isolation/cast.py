"""Two partners on one incident, a word of their own in every field; made by the use cases.

What no use case here makes is made from its model, field by field (`filling.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cases import deciding, digests, disclosure, notices, packages, procedures, requests, thread
from cases.models import Incident, Involvement
from incidentdesk.isolation import filling, reach
from incidentdesk.isolation.canaries import LONG_AGO, Canaries
from incidentdesk.isolation.people import RIGHTS, Side, Teller
from incidentdesk.kernel import grants
from incidentdesk.kernel.models import User
from partners import invitations, tokens, webhooks
from partners.models import Contact, EventType, Partner

SMALL = (1, 1, 1)  # the axes of an incident for the digest


@dataclass
class Cast:
    """Both sides, what they share without knowing, and what could not be filled."""

    a: Side
    b: Side
    desk: Canaries
    incident: Incident
    teller: Teller
    unfilled: list[str] = field(default_factory=list)


def assemble(*, at: datetime) -> Cast:
    """Make everything; call it in a transaction that is taken back."""
    desk = Canaries("the desk")
    teller = Teller(desk)
    a, b = _side("the other partner"), _side("the reader's own partner")
    shared, earlier, hidden = teller.declare(), teller.declare(), teller.declare()
    for side in (a, b):
        _tell(teller, side, shared, earlier, hidden)
        teller.hear(side)
        _ask(teller, side, shared)
        _write(teller, side, shared)
        _keep(teller, side)
        _hand_over(teller, side, shared)
        _digest(teller, side, days=40)
        _invite(side, at=at)
        _connect(teller, side, shared, at=at)
    cast = Cast(a, b, desk, shared, teller)
    cast.unfilled = [*filling.fill(a), *filling.fill(b)]
    return cast


def more(cast: Cast) -> None:
    """The other partner gets one more of everything."""
    teller, side = cast.teller, cast.a
    involvement = teller.involve(teller.declare(), side)
    teller.tell(involvement, side.words.word("the text of one more notice"))
    teller.hear(side)
    _hand_over(teller, side, cast.incident)
    _digest(teller, side, days=70)
    for model in reach.readable_models():
        if reach.text_fields(model):
            filling.make(model, side)


def _side(whose: str) -> Side:
    words = Canaries(whose)
    partner = Partner.objects.create(name=words.word("the name"), code=words.word("the code"))
    users = {}
    for right in RIGHTS:
        name = words.word(f"the name of its person ({right})")
        email = f"{words.word(f'the address of its person ({right})').lower()}@{right}.invalid"
        users[right] = User.objects.create_user(email, name=name)
        Contact.objects.create(
            partner=partner,
            user=users[right],
            name=name,
            email=email,
            title=words.word("a contact's title"),
            phone=words.word("a contact's number"),
        )
        grants.grant(users[right], right, partner)
    return Side(words, partner, users)


def _tell(
    teller: Teller, side: Side, shared: Incident, earlier: Incident, hidden: Incident
) -> None:
    """Two incidents that it sees, the earlier continued as the other; one that it does not."""
    involvement, past = teller.involve(shared, side), teller.involve(earlier, side)
    for number, one in enumerate((past, involvement, involvement)):
        teller.tell(one, side.words.word(f"the text of its notice {number + 1}"))
    involvement.refresh_from_db()
    teller.tell(involvement, teller.desk.word("a notice that was not sent"), is_sent=False)
    undisclosed = teller.involve(hidden, side)
    secret = teller.desk.word("an incident that was not disclosed")
    Involvement.objects.filter(pk=undisclosed.pk).update(title=secret, meaning=secret)
    notices.acknowledge(
        copy_id=involvement.copies.filter(sent_at__isnull=False).earliest("sent_at").pk,
        by=side.actor(),
        at=teller.tick(),
    )
    Involvement.objects.filter(pk=past.pk).update(
        continued_as=involvement.reference,
        recovery_confirmed_at=teller.tick(),
        recovery_confirmed_by=side.words.word("who confirmed its recovery"),
    )


def _hand_over(teller: Teller, side: Side, incident: Incident) -> None:
    """Its figures, for its own reports."""
    figures = packages.Figures(
        text=side.words.word("the text of a facts package"),
        services=side.words.word("the services of a facts package"),
    )
    packages.hand_over(
        incident_id=incident.pk,
        involvement_id=side.involvement(incident).pk,
        stage="initial",
        figures=figures,
        without_figures=True,
        by=teller.lead,
        at=teller.tick(),
    )


def _digest(teller: Teller, side: Side, *, days: int) -> None:
    """A small incident that it sees, and so many days later the digest that tells of it."""
    small = teller.declare(SMALL)
    by, involvement = teller.lead, teller.involve(small, side)
    disclosure.disclose(
        incident_id=small.pk, involvement_id=involvement.pk, by=by, at=teller.tick()
    )
    deciding.decide(
        incident_id=small.pk,
        involvement_ids=[involvement.pk],
        choice="digest",
        reason=teller.desk.word("why an incident waits for the digest"),
        by=by,
        at=teller.tick(),
    )
    digests.send_due(at=teller.at + timedelta(days=days))


def _ask(teller: Teller, side: Side, incident: Incident) -> None:
    """The desk asks for something with a file; a part is answered with one, and time is needed."""
    words, involvement = side.words, side.involvement(incident)
    where = {"incident_id": incident.pk, "involvement_id": involvement.pk}
    asked = requests.ask(
        **where,
        question=words.word("the question of a request"),
        why=words.word("why a request is made"),
        due_at=teller.at + timedelta(days=1),
        uploads=[side.file("a request")],
        by=teller.lead,
        at=teller.tick(),
    )
    requests.answer(
        request_id=asked.pk,
        text=words.word("a part of an answer"),
        is_whole=False,
        uploads=[side.file("an answer")],
        by=side.actor(),
        at=teller.tick(),
    )
    requests.ask_for_time(
        request_id=asked.pk,
        until=teller.at + timedelta(days=2),
        reason=words.word("why it needs more time"),
        by=side.actor(),
        at=teller.tick(),
    )


def _write(teller: Teller, side: Side, incident: Incident) -> None:
    """Both write into the thread, with files."""
    words, involvement = side.words, side.involvement(incident)
    where = {"incident_id": incident.pk, "involvement_id": involvement.pk}
    thread.write(
        **where,
        text=words.word("what was written to it"),
        uploads=[side.file("what was written to it")],
        by=teller.lead,
        at=teller.tick(),
    )
    thread.reply(
        involvement_id=involvement.pk,
        text=words.word("what it wrote"),
        uploads=[side.file("what it wrote")],
        by=side.actor(),
        at=teller.tick(),
    )


def _keep(teller: Teller, side: Side) -> None:
    """The partner puts its procedures on file: one as a file, one behind a link."""
    words = side.words
    link = f"https://procedures.invalid/{words.word('the link to a procedure')}"
    for place in ({"uploads": [side.file("a procedure")]}, {"link": link}):
        procedures.keep(
            title=words.word("the title of a procedure"),
            version=words.word("the version of a procedure"),
            scope=words.word("what a procedure covers"),
            valid_until=LONG_AGO.date() + timedelta(days=300),
            attested_by=words.word("who attests a procedure"),
            by=side.actor("administer"),
            at=teller.tick(),
            **place,
        )


def _invite(side: Side, *, at: datetime) -> None:
    """Its administrator asks somebody to join, just now."""
    email = f"{side.words.word('the address of whom it invited').lower()}@invited.invalid"
    name = side.words.word("the name of whom it invited")
    invitations.invite(name=name, email=email, right="act", by=side.actor("administer"), at=at)


def _connect(teller: Teller, side: Side, shared: Incident, *, at: datetime) -> None:
    """Its programs: a token of each of its people, a webhook, and what that was told."""
    for right in RIGHTS:
        _, side.secrets[right] = tokens.make(
            name=side.words.word(f"the name of a token ({right})"),
            scopes=["act"] if right in ("act", "administer") else [],
            by=side.actor(right),
            at=at,
        )
    url = f"https://{side.words.word('the address of its webhook').lower()}.invalid/"
    boss = side.actor("administer")
    made, _ = webhooks.add(url=url, events=EventType.values, by=boss, at=at)
    webhooks.try_out(webhook_id=made.pk, by=boss, at=at)
    involvement = shared.involvements.get(partner=side.partner)
    teller.tell(involvement, side.words.word("the text of a notice that its programs were told"))
