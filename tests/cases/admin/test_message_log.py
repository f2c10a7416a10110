"""The message log on the desk: found by what one knows of a message, and sent again by a button."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from cases import response, restriction
from cases.models import Incident
from notifications import bundling, contacts, escalation
from notifications.models import Message, MessageEvent
from tests.cases.admin.conftest import address, sql_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/message/"
WORD = "ZEBRA"


def page_of(message: Message) -> str:
    """The message's page."""
    return reverse("admin:notifications_message_change", args=[message.pk])


def dialog_of(message: Message) -> str:
    """The dialog that sends it again."""
    return reverse("admin:notifications_message_do", args=[message.pk, "resend"])


def subjects(answer: Any) -> list[str]:
    """The messages of a list, in order."""
    return [row.subject for row in answer.context_data["cl"].result_list]


def lists(browser: Any, asked: str) -> list[Message]:
    """What the log shows when it is asked for this."""
    return list(browser.get(f"{LIST}?{asked}").context_data["cl"].result_list)


def message(number: int, **facts: Any) -> Message:
    """A mail that was sent; `facts` say what is not so."""
    values: dict[str, Any] = {
        "kind": "task",
        "to_address": f"a{number}@desk.test",
        "subject": f"Message {number}",
        "body_text": "Words.",
        "dedupe_key": f"m:{number}",
        "message_id": f"<{number}@desk.test>",
        "state": "sent",
        "sent_at": NOW,
        "created_at": NOW + timedelta(minutes=number),
    }
    return Message.objects.create(**(values | facts))


@pytest.fixture
def closed(declare, people) -> Incident:
    """Restricted to the commander; a page about it went to the commander before."""
    incident = declare(title=f"{WORD} title")
    page(incident, people, "commander")
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["commander"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    return incident


def page(incident: Incident, people: Any, whom: str) -> Message:
    """A page by hand that went out."""
    response.page(
        incident_id=incident.pk,
        user_ids=[people[whom].pk],
        group_ids=[],
        note="Look.",
        by=people.actor("responder"),
        at=NOW,
    )
    made = Message.objects.filter(kind="page").latest("pk")
    Message.objects.filter(pk=made.pk).update(
        state="sent", next_try_at=None, next_way_at=None, sent_at=NOW
    )
    return Message.objects.get(pk=made.pk)


def test_it_is_found_by_state_kind_channel_person_and_incident(as_, people, declare):
    incident = declare(title="Stale prices")
    message(1, state="failed", sent_at=None)
    message(2, kind="notice")
    message(3, channel="apprise", to_address="json")
    message(4, to_user=people["security"], to_address="security@desk.test")
    message(5, about=incident.about)
    message(6, is_page=True, kind="page")
    browser = as_("security")
    found = {
        asked: subjects(browser.get(f"{LIST}?{asked}"))
        for asked in (
            "state=failed",
            "kind=notice",
            "channel=apprise",
            "person=security+lead",
            "person=SECURITY@desk.test",
            "person=a2@desk.test",
            f"incident={incident.reference.lower()}",
            "is_page=1",
            "state=sent&kind=notice",
            "state=nonsense",
            "incident=INC-1999-0001",
        )
    }
    assert found == {
        "state=failed": ["Message 1"],
        "kind=notice": ["Message 2"],
        "channel=apprise": ["Message 3"],
        "person=security+lead": ["Message 4"],
        "person=SECURITY@desk.test": ["Message 4"],
        "person=a2@desk.test": ["Message 2"],
        f"incident={incident.reference.lower()}": ["Message 5"],
        "is_page=1": ["Message 6"],
        "state=sent&kind=notice": ["Message 2"],
        "state=nonsense": [],
        "incident=INC-1999-0001": [],
    }


def test_pages_of_the_log_begin_at_a_row(as_, people):
    for number in range(30):
        message(number)
    browser = as_("security")
    first = browser.get(LIST)
    second = browser.get(f"{LIST}{first.context_data['cl'].older}")
    assert subjects(first) == [f"Message {n}" for n in range(29, 4, -1)]
    assert subjects(second) == [f"Message {n}" for n in range(4, -1, -1)]


def test_a_restricted_incident_is_found_in_the_log_by_those_it_is_open_to(as_, people, closed):
    row = Message.objects.get(kind="page")
    people["commander"].roles = ["commander", "administrator"]
    people["commander"].save()
    asked = f"{LIST}?incident={closed.reference}"
    assert [one.pk for one in as_("commander").get(asked).context_data["cl"].result_list] == [
        row.pk
    ]
    outside = as_("security")
    assert subjects(outside.get(asked)) == []
    assert WORD not in outside.get(LIST).content.decode()
    assert [outside.get(url).status_code for url in (page_of(row), dialog_of(row))] == [404, 404]
    assert outside.post(dialog_of(row)).status_code == 404
    assert Message.objects.exclude(repeats=None).count() == 0


@pytest.fixture
def listed(declare, people) -> tuple[Incident, Message]:
    """A list of pages, and the incident of those it names that was restricted afterwards."""
    incidents = [declare(title=f"{WORD} {n}", impact=4, scope=4, urgency=3) for n in range(6)]
    escalation.run_due(at=NOW)
    bundling.send_lists(at=NOW + bundling.WAIT)
    row = Message.objects.filter(kind="pages").earliest("pk")
    assert incidents[5].reference in row.body_text
    restriction.restrict(
        incident_id=incidents[5].pk,
        user_ids=[people["commander"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW + timedelta(minutes=1),
    )
    return incidents[5], row


def test_a_list_that_names_an_incident_restricted_since_is_not_in_the_log_either(
    as_, people, listed
):
    _, row = listed
    outside = as_("security")
    assert [one.pk for one in lists(outside, "kind=pages")] == []
    assert [one.pk for one in lists(outside, f"q={WORD}&kind=pages")] == []
    assert [outside.get(url).status_code for url in (page_of(row), dialog_of(row))] == [404, 404]
    people["commander"].roles = ["commander", "administrator"]
    people["commander"].save()
    inside = as_("commander")
    assert row.pk in [one.pk for one in lists(inside, f"q={WORD}&kind=pages")]
    assert inside.get(page_of(row)).status_code == 200
    assert as_("auditor").get(page_of(row)).status_code == 200


def test_a_list_of_incidents_that_one_may_read_stays_in_the_log(as_, people, listed):
    incident, row = listed
    restriction.lift(
        incident_id=incident.pk, reason="It was not.", by=people.actor("commander"), at=NOW
    )
    assert as_("security").get(page_of(row)).status_code == 200


@pytest.mark.parametrize("kept", [{"facts": None}, {"body_text": "One line."}])
def test_what_a_list_of_before_names_is_found_by_its_links(listed, kept):
    _, row = listed
    Message.objects.filter(pk=row.pk).update(names=None, **kept)
    with connection.cursor() as cursor:
        cursor.execute(import_module("notifications.migrations.0150_what_a_list_names").FILL)
    assert Message.objects.get(pk=row.pk).names == row.names


@pytest.mark.parametrize("role", ["responder", "commander", "communications", "approver"])
def test_whoever_may_not_read_the_log_reads_no_message_in_it(as_, people, role):
    row = message(1)
    assert [as_(role).get(url).status_code for url in (page_of(row), LIST)] == [404, 403]


def test_the_dialog_says_to_whom_and_by_which_way_and_the_new_one_s_page_which_it_repeats(
    as_, people, declare
):
    row = page(declare(), people, "commander")
    browser = as_("security")
    asked = text_of(browser.get(dialog_of(row)))
    assert f"“{row.subject}” goes to Incident commander by mail to commander@desk.test." in asked

    answer = browser.post(dialog_of(row), follow=True)

    made = Message.objects.get(repeats=row)
    assert answer.redirect_chain[-1][0] == page_of(made)
    said = text_of(answer)
    assert "It is sent again: Incident commander by mail to commander@desk.test." in said
    assert f"repeats message {row.pk}" in said
    assert f"sent again as message {made.pk}" in text_of(browser.get(page_of(row)))


def test_the_page_of_a_message_leads_to_its_incident_whoever_may_open_that(
    as_, people, declare, closed
):
    incident = declare(title="Stale prices")
    browser = as_("security")
    link = f'<a href="{incident.url}">{incident}</a>'
    assert link in browser.get(page_of(message(1, about=incident.about))).content.decode()
    assert "<dt>Incident</dt>" not in browser.get(page_of(message(2))).content.decode()
    sealed = message(3, about=closed.about, to_user=people["security"])
    answer = browser.get(page_of(sealed)).content.decode()
    assert WORD not in answer
    assert closed.url not in answer


def test_a_message_that_is_not_sent_again_says_why_and_offers_nothing(as_, people):
    row = message(1, kind="method_code", to_user=people["security"])
    people["security"].roles = ["security", "communications"]
    people["security"].save()
    answer = as_("security").get(dialog_of(row), headers={"X-Dialog": "1"})
    assert answer.status_code == 409
    assert "Its code is over; ask for a new one on the page of that way." in text_of(answer)
    assert "<button" not in answer.content.decode()
    assert as_("security").post(dialog_of(row)).status_code == 422


def test_who_may_page_is_told_that_a_notice_needs_another_right(as_, people):
    row = message(1, kind="notice")
    answer = as_("security").get(dialog_of(row))
    assert "Security lead may not send an approved notice." in text_of(answer)
    assert as_("security").post(dialog_of(row)).status_code == 422
    assert as_("auditor").get(dialog_of(row)).status_code == 403
    assert Message.objects.count() == 1


def test_every_try_stands_on_the_page_with_the_server_s_answer(as_, people):
    row = message(1)
    for event, detail in (("retry", "451 later"), ("sent", "250 queued as 7F3")):
        MessageEvent.objects.create(message=row, at=NOW, event=event, detail=detail)
    said = text_of(as_("security").get(page_of(row)))
    assert "could not be sent, will be tried again 451 later" in said
    assert "sent 250 queued as 7F3" in said


def test_from_the_incident_a_message_is_sent_again_by_who_may_not_read_the_log(
    as_, people, declare
):
    incident = declare()
    row = page(incident, people, "security")
    dialog = f"{address(incident, 'resend')}?message={row.pk}"
    browser = as_("commander")
    assert dialog in browser.get(f"{incident.url}?tab=messages").content.decode()
    assert "goes to Security lead by mail to security@desk.test." in text_of(browser.get(dialog))
    browser.post(dialog, {"message": row.pk})
    assert Message.objects.get(repeats=row).to_user == people["security"]
    refused = text_of(browser.get(dialog))
    assert "It is not sent again. It is being sent again already; look at its log." in refused


def test_from_one_incident_no_message_of_another_is_sent_or_named(as_, people, declare, closed):
    incident, hidden = declare(), Message.objects.get(kind="page")
    browser = as_("security")
    dialog = address(incident, "resend")
    assert WORD not in browser.get(f"{dialog}?message={hidden.pk}").content.decode()
    answer = browser.post(dialog, {"message": hidden.pk})
    assert answer.status_code == 422
    assert WORD not in answer.content.decode()
    assert browser.get(f"{address(closed, 'resend')}?message={hidden.pk}").status_code == 404
    assert Message.objects.exclude(repeats=None).count() == 0


def test_the_list_costs_the_same_for_1_and_25_messages(as_, people, declare):
    incident = declare()
    browser = as_("security")
    message(1, to_user=people["security"], about=incident.about)
    one = len(sql_of(browser, f"{LIST}?person=security"))
    for number in range(2, 26):
        message(number, to_user=people["security"], about=incident.about)
    assert len(sql_of(browser, f"{LIST}?person=security")) == one


def test_a_code_for_a_way_is_read_by_nobody_else(as_, people):
    made, _ = contacts.add(
        channel="email",
        address="ada@home.test",
        wish=contacts.Wish(label="Home"),
        by=people.actor("commander"),
        at=NOW,
    )
    row = Message.objects.get(kind="method_code", method=made)
    (code,) = re.findall(r"\b\d{6}\b", row.body_text)
    for who in ("security", "auditor"):
        browser = as_(who)
        for url in (page_of(row), dialog_of(row), LIST, f"{LIST}?kind=method_code"):
            assert code not in browser.get(url).content.decode()
        assert lists(browser, f"q={code}") == []
    assert "……" in text_of(as_("security").get(page_of(row)))


def test_a_dialog_whose_message_is_not_sent_again_says_that_alone(as_, people, declare):
    incident = declare()
    row = page(incident, people, "security")
    dialog = f"{address(incident, 'resend')}?message={row.pk}"
    browser = as_("commander")
    browser.post(dialog, {"message": row.pk})
    for answer, status in (
        (browser.get(dialog, headers={"X-Dialog": "1"}), 409),
        (browser.post(dialog, {"message": row.pk}, headers={"X-Dialog": "1"}), 422),
        (as_("security").post(dialog_of(row), {}, headers={"X-Dialog": "1"}), 422),
    ):
        said = text_of(answer)
        assert answer.status_code == status
        assert "It is being sent again already; look at its log." in said
        assert "A new message goes out" not in said
        assert "<button" not in answer.content.decode()


def test_of_a_restricted_incident_the_dialog_does_not_announce_the_old_words(as_, people, closed):
    row = Message.objects.get(kind="page")
    dialog = f"{address(closed, 'resend')}?message={row.pk}"
    said = text_of(as_("commander").get(dialog, headers={"X-Dialog": "1"}))
    assert WORD not in said
    assert "A page that does not name the restricted incident goes to Incident commander" in said


def test_a_number_of_thousands_of_digits_is_no_message(as_, people, declare):
    long = "9" * 5000
    incident = declare()
    browser = as_("commander")
    assert browser.post(address(incident, "resend"), {"message": long}).status_code == 422
    assert as_("security").get(f"{LIST}{long}/change/").status_code == 404
