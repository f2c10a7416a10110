"""Proof per person: mailed, opened, acknowledged; and who is told when nobody acknowledges."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from cases import disclosure, notices, receipts, reminding, workflow
from cases.admin.page import told
from cases.models import Incident, NoticeCopy, Receipt
from incidentdesk.kernel.errors import NotAllowed
from incidentdesk.kernel.models import User
from notifications.models import Message
from partners.models import Contact, Terms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def incident(declare, people, helix) -> Incident:
    made = declare()
    disclosure.add_partner(
        incident_id=made.pk,
        partner_id=helix.pk,
        title="Delayed quotes",
        meaning="Use EU-1.",
        severity=2,
        by=people.actor("communications"),
        at=NOW,
    )
    return made


@pytest.fixture
def sent(incident, people) -> NoticeCopy:
    """What Helix was sent at NOW."""
    step = {"by": people.actor("communications"), "at": NOW}
    notice = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="Late.",
        involvement_ids=[incident.involvements.get().pk],
        **step,
    )
    notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)
    notices.send(notice_id=notice.pk, **step)
    return NoticeCopy.objects.get()


def mailed() -> list[str]:
    rows = Message.objects.filter(kind__in=["notice", "unread"]).order_by("id")
    return [f"{row.kind} {row.to_address}" for row in rows]


def test_the_next_contact_is_told_then_the_next_and_then_the_desk_and_no_more(
    sent, incident, helix
):
    Contact.objects.create(partner=helix, name="Night", email="n@helix.test", gets_notices=False)
    Contact.objects.create(partner=helix, name="Head", email="h@helix.test", gets_notices=False)
    said = []
    for minutes in (59, 60, 119, 120, 180, 300):
        reminding.remind(at=NOW + minutes * MINUTE)
        said.append((minutes, len(mailed())))
    assert said == [(59, 1), (60, 2), (119, 2), (120, 3), (180, 4), (300, 4)]
    assert mailed() == [
        "notice contact@helix.test",
        "notice n@helix.test",
        "notice h@helix.test",
        "unread communications@desk.test",
    ]
    lines = incident.entries.filter(body__contains="nobody acknowledged").order_by("sequence")
    assert [line.body for line in lines] == [
        "Helix Markets: nobody acknowledged the notice (first notice); Night is told as well.",
        "Helix Markets: nobody acknowledged the notice (first notice); Head is told as well.",
        "Helix Markets: nobody acknowledged the notice (first notice); every contact was told, "
        "so the desk is.",
    ]


def test_how_long_is_waited_is_agreed_with_the_partner(incident, people, helix):
    Terms.objects.filter(partner=helix).update(acknowledge_minutes=15)
    step = {"by": people.actor("communications"), "at": NOW}
    notice = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="Late.",
        involvement_ids=[incident.involvements.get().pk],
        **step,
    )
    notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)
    notices.send(notice_id=notice.pk, **step)
    assert NoticeCopy.objects.get().remind_at == NOW + 15 * MINUTE


def test_who_acknowledged_is_not_chased_and_neither_is_what_is_over(sent, incident, people, helix):
    by = people.contact("helix", helix)
    notices.acknowledge(copy_id=sent.pk, by=by, at=NOW + MINUTE)
    assert reminding.remind(at=NOW + 500 * MINUTE) == 0
    NoticeCopy.objects.update(acknowledged_at=None, acknowledged_by="", remind_at=NOW)
    workflow.dismiss(
        incident_id=incident.pk, reason="A test.", by=people.actor("commander"), at=NOW
    )
    assert reminding.remind(at=NOW + 500 * MINUTE) == 0


# --- receipts -------------------------------------------------------------------------------------


def test_the_first_opening_by_each_person_is_kept_and_the_acknowledgement_with_it(
    sent, people, helix
):
    by = people.contact("helix", helix)
    for minutes in (5, 9):
        receipts.note_opened(copy_ids=[sent.pk], by=by, at=NOW + minutes * MINUTE)
    notices.acknowledge(copy_id=sent.pk, by=by, at=NOW + 12 * MINUTE)
    receipt = Receipt.objects.get()
    assert (receipt.user, receipt.name, receipt.opened_at, receipt.acknowledged_at) == (
        people["helix"],
        "Helix Markets contact",
        NOW + 5 * MINUTE,
        NOW + 12 * MINUTE,
    )
    for forged in ({"opened_at": NOW}, {"name": "Nobody"}, {"acknowledged_at": None}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Receipt.objects.update(**forged)
    with pytest.raises(DatabaseError), transaction.atomic():
        Receipt.objects.all().delete()


def test_opening_the_incident_in_the_portal_is_the_receipt(sent, people, client: Client):
    client.force_login(people["helix"])
    reference = sent.involvement.reference
    assert client.get("/portal/").status_code == 200
    assert Receipt.objects.count() == 0
    for _ in range(2):
        assert client.get(f"/portal/incidents/{reference}/").status_code == 200
    receipt = Receipt.objects.get()
    assert (receipt.copy, receipt.user, receipt.acknowledged_at) == (sent, people["helix"], None)


def test_nobody_leaves_a_receipt_on_another_partner_s_notice(sent, people, norrbank):
    with pytest.raises(NotAllowed):
        receipts.note_opened(copy_ids=[sent.pk], by=people.contact("norrbank", norrbank), at=NOW)
    assert Receipt.objects.count() == 0


# --- the page -------------------------------------------------------------------------------------


def test_one_page_says_of_each_person_what_became_of_the_mail_and_who_saw_it(
    sent, incident, people, helix
):
    Contact.objects.create(partner=helix, name="Night", email="n@helix.test")
    reader = User.objects.create_user("r@helix.test", name="R. Eader")
    Receipt.objects.create(copy=sent, user=reader, name="R. Eader", opened_at=NOW)
    Message.objects.filter(kind="notice").update(
        state="failed", last_error="550 no such user", next_try_at=None
    )
    receipts.note_opened(copy_ids=[sent.pk], by=people.contact("helix", helix), at=NOW + 3 * MINUTE)
    (row,) = told.rows(incident, NOW + 10 * MINUTE)
    (one,) = row.told
    assert [(p.name, p.mail, p.why, p.opened, p.acknowledged) for p in one.people] == [
        ("Helix Markets contact", "bounced", "550 no such user", "09:44", ""),
        ("R. Eader", "no mail", "", "09:41", ""),
    ]
    assert row.clocks[0].words == "on time"


def test_the_page_costs_the_same_however_many_notices_there_are(
    sent, incident, people, django_assert_max_num_queries
):
    page = f"/admin/cases/incident/{incident.pk}/told/"
    browser = Client()
    browser.force_login(people["auditor"])
    assert "Late." in browser.get(page).content.decode()
    with django_assert_max_num_queries(25):
        browser.get(page)
