"""TLP on notices: who may have one, and what a mail carries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from cases import disclosure, notices, visibility
from cases.admin.dialogs.drafting import DraftForm
from cases.models import Incident, Notice, NoticeCopy
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Message
from partners.models import Contact, Terms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
TEXT = "Keys were used from an unknown place."


@pytest.fixture
def incident(declare, people, helix, norrbank) -> Incident:
    made = declare()
    for partner in (helix, norrbank):
        disclosure.add_partner(
            incident_id=made.pk,
            partner_id=partner.pk,
            title="Use of your keys",
            meaning="Call us.",
            severity=2,
            by=people.actor("communications"),
            at=NOW,
        )
    return made


@pytest.fixture
def other(helix) -> access.Actor:
    """Another person at Helix, who gets notices too."""
    user = User.objects.create_user("night@helix.test", name="Night")
    Contact.objects.create(partner=helix, user=user, name="Night", email=user.email)
    grants.grant(user, "act", helix)
    return access.actor_for(user, partner_id=helix.pk)


@pytest.fixture
def tell(incident, people):
    """`tell("RED", helix, contacts=[…])`: to one partner, drafted, approved and sent."""

    def call(tlp, partner, contacts=(), **said) -> NoticeCopy:
        step = {"by": people.actor("communications"), "at": NOW}
        notice = notices.draft(
            incident_id=incident.pk,
            kind="first",
            body=TEXT,
            involvement_ids=[incident.involvements.get(partner=partner).pk],
            tlp=tlp,
            contact_ids=[contact.pk for contact in contacts],
            **said,
            **step,
        )
        notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)
        notices.send(notice_id=notice.pk, **step)
        return notice.copies.get()

    return call


@pytest.mark.parametrize("tlp", ["AMBER+STRICT", "AMBER", "GREEN", "CLEAR"])
@pytest.mark.parametrize("agreed", ["text", "link"])
def test_what_a_mail_carries_follows_from_the_label_and_the_contract(
    incident, tell, helix, tlp, agreed
):
    Incident.objects.update(tlp=tlp)
    Terms.objects.update(mail_carries=agreed)
    tell(None, helix, next_update_at=NOW + timedelta(hours=1))
    (mail,) = Message.objects.filter(kind="notice")
    whole = f"{mail.subject}\n{mail.body_text}\n{mail.body_html}"
    carries = agreed == "text" and tlp != "AMBER+STRICT"
    said = (TEXT, "Use of your keys", "SEV-", "Next update")
    assert [words in whole for words in said] == [carries] * 4
    assert "/portal/incidents/HELIX-2026-0001/" in whole
    assert f"TLP:{tlp}" in mail.body_text


def test_red_is_for_the_named_people_alone_and_never_in_a_mail(
    incident, tell, helix, people, other, client: Client
):
    contact = helix.contacts.get(user=people["helix"])
    copy = tell("RED", helix, [contact])
    (mail,) = Message.objects.filter(kind="notice")
    assert mail.to_address == "contact@helix.test"
    assert TEXT not in f"{mail.subject}{mail.body_text}{mail.body_html}"
    named = people.contact("helix", helix)
    assert [seen.body for seen in visibility.notices_for(named)] == [TEXT]
    assert not visibility.notices_for(other).exists()
    page = f"/portal/incidents/{copy.involvement.reference}/"
    client.force_login(people["helix"])
    assert TEXT in client.get(page).content.decode()
    client.force_login(User.objects.get(pk=other.user_id))
    assert TEXT not in client.get(page).content.decode()
    with pytest.raises(NotFound):
        notices.acknowledge(copy_id=copy.pk, by=other, at=NOW)
    notices.acknowledge(copy_id=copy.pk, by=named, at=NOW)


def test_red_names_somebody_at_each_partner_and_no_other_label_names_anybody(
    incident, tell, helix, norrbank
):
    theirs, ours = norrbank.contacts.get(), helix.contacts.get()
    mail = "paper@helix.test"
    without = Contact.objects.create(partner=helix, name="Paper", email=mail, gets_notices=True)
    unread = "Paper has no login and could never read it; name somebody who has one."
    for tlp, contacts, said in (
        ("RED", [], "TLP:RED is for named people; name at least one at Helix Markets."),
        ("RED", [without], unread),
        ("RED", [ours, without], unread),
        ("RED", [ours, theirs], f"{theirs} is at no partner that gets this notice."),
        ("AMBER", [ours], "Only a TLP:RED notice is for named people; name nobody, or label it."),
    ):
        with pytest.raises(InvalidInput) as refused:
            tell(tlp, helix, contacts)
        assert str(refused.value) == said
    assert Notice.objects.count() == 0


def test_a_notice_is_never_more_open_than_its_incident(incident, tell, helix):
    for asked in ("GREEN", "CLEAR", "x"):
        with pytest.raises(InvalidInput) as refused:
            tell(asked, helix)
        assert str(refused.value) == (
            "A notice is labelled at least as strictly as its incident, TLP:AMBER."
        )
    assert tell("AMBER+STRICT", helix).tlp == "AMBER+STRICT"


def test_an_edit_keeps_the_label_and_the_people_and_follows_a_stricter_incident(
    incident, people, helix
):
    step = {"by": people.actor("communications"), "at": NOW}
    contact = helix.contacts.get()
    notice = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body=TEXT,
        involvement_ids=[incident.involvements.get(partner=helix).pk],
        tlp="RED",
        contact_ids=[contact.pk],
        **step,
    )
    fresh = notices.edit(notice_id=notice.pk, body="Other.", **step)
    assert (fresh.tlp, fresh.copies.get().contact_ids) == ("RED", [contact.pk])
    open_one = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body=TEXT,
        involvement_ids=[incident.involvements.get(partner=helix).pk],
        **step,
    )
    Incident.objects.update(tlp="AMBER+STRICT")
    assert notices.edit(notice_id=open_one.pk, body="Other.", **step).tlp == "AMBER+STRICT"


def test_nobody_without_a_login_is_offered_for_red(incident, people, helix, norrbank):
    Contact.objects.create(partner=helix, name="Paper", email="paper@helix.test")
    form = DraftForm(obj=incident, actor=people.actor("communications"))
    named = [helix.contacts.get(user=people["helix"]), norrbank.contacts.get()]
    assert form.fields["contacts"].choices == [(c.pk, f"{c}, {c.partner}") for c in named]


@pytest.mark.parametrize(
    ("now", "way"),
    [
        ("RED", "Withdraw it, and draft one for named people."),
        ("AMBER+STRICT", "Edit it; the new draft is approved as it is now."),
    ],
)
def test_nothing_leaves_under_a_label_that_its_incident_outgrew(incident, people, helix, now, way):
    step = {"by": people.actor("communications"), "at": NOW}
    row = incident.involvements.get(partner=helix)
    drafted, approved = (
        notices.draft(
            incident_id=incident.pk, kind="first", body=TEXT, involvement_ids=[row.pk], **step
        )
        for _ in range(2)
    )
    by = people.actor("approver")
    notices.approve(notice_id=approved.pk, by=by, at=NOW)
    commander = people.actor("commander")
    Incident.objects.update(tlp=now, commander=commander.user_id)
    differs = f"he incident is TLP:{now} now, and the notice TLP:AMBER. {way}"
    emergency = {"reason": "Orders are lost.", "by": commander, "at": NOW}
    calls = (
        (notices.approve, drafted, {"by": by, "at": NOW}, f"T{differs}"),
        (notices.send_in_emergency, drafted, emergency, f"T{differs}"),
        (
            notices.send,
            approved,
            step,
            f"Since it was approved, the record changed: t{differs}",
        ),
    )
    for use_case, notice, given, words in calls:
        with pytest.raises(Conflict) as refused:
            use_case(notice_id=notice.pk, **given)
        assert str(refused.value) == words
    assert not NoticeCopy.objects.filter(sent_at__isnull=False).exists()
    assert not Message.objects.filter(kind="notice").exists()
    if now == "RED":
        with pytest.raises(Conflict) as refused:
            notices.edit(notice_id=approved.pk, body=TEXT, **step)
        assert str(refused.value) == f"T{differs}"
    else:
        assert notices.edit(notice_id=approved.pk, body=TEXT, **step).tlp == now


def test_the_database_keeps_red_for_named_people(incident, tell, helix, people):
    contact = helix.contacts.get()
    tell("RED", helix, [contact])
    for forged in ({"contact_ids": [], "reader_ids": []}, {"reader_ids": [people["norrbank"].pk]}):
        with pytest.raises(DatabaseError), transaction.atomic():
            NoticeCopy.objects.update(**forged)
    step = {"by": people.actor("communications"), "at": NOW}
    row = incident.involvements.get(partner=helix)
    notices.draft(
        incident_id=incident.pk, kind="update", body="x", involvement_ids=[row.pk], **step
    )
    with pytest.raises(IntegrityError, match="copy_red_for_named"), transaction.atomic():
        NoticeCopy.objects.filter(sent_at=None).update(tlp="RED", sent_at=NOW)
