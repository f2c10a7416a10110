"""What went to a partner is sent again only while it is still so, and to who still gets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cases import disclosure, framework, packages, requests, resending, thread
from cases.models import Framework, Incident, Involvement, Request
from incidentdesk.kernel import grants
from incidentdesk.kernel.errors import Conflict
from notifications.models import Message
from partners.models import Contact, Terms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=20)
DAY = timedelta(days=1)


def sent(kind: str) -> Message:
    """The newest of a kind, which was handed over to its server."""
    message = Message.objects.filter(kind=kind).latest("pk")
    Message.objects.filter(pk=message.pk).update(
        state="sent", next_try_at=None, sent_at=NOW, attempts=1
    )
    return Message.objects.get(pk=message.pk)


@pytest.fixture
def again(people) -> Callable[[Message], Message]:
    """`again(message)`: who communicates has it sent again."""
    by = people.actor("communications")
    return lambda message: resending.resend(message_id=message.pk, by=by, at=LATER)


@pytest.fixture
def told(incident_in) -> Incident:
    """Helix had its first notice."""
    made: Incident = incident_in("mitigation")
    return made


@pytest.fixture
def involved(told, people) -> Involvement:
    """Helix, which sees it."""
    row: Involvement = told.involvements.get()
    if row.disclosed_at is None:
        by = people.actor("communications")
        disclosure.disclose(incident_id=told.pk, involvement_id=row.pk, by=by, at=NOW)
    return row


@pytest.fixture
def step(involved, people) -> dict[str, Any]:
    """Where, by whom and when."""
    return {
        "incident_id": involved.incident_id,
        "involvement_id": involved.pk,
        "by": people.actor("communications"),
        "at": NOW,
    }


@pytest.fixture
def asked(step) -> Request:
    """Helix was asked something, due a day later."""
    return requests.ask(**step, question="Which orders?", why="", due_at=NOW + DAY)


def test_a_notice_with_its_words_is_not_sent_again_to_who_gets_a_link_alone_by_now(told, again):
    message = sent("notice")
    Terms.objects.update(mail_carries="link")
    with pytest.raises(Conflict, match=r"Mails to Helix Markets carry a link alone by now"):
        again(message)


def test_a_notice_that_was_a_link_alone_is_sent_again_as_one(incident_in, again, helix):
    Terms.objects.update_or_create(partner=helix, defaults={"mail_carries": "link"})
    incident_in("mitigation")
    message = sent("notice")
    assert again(message).body_text == message.body_text


def test_a_notice_is_not_sent_again_under_a_label_that_its_incident_outgrew(told, again):
    message = sent("notice")
    Incident.objects.filter(pk=told.pk).update(tlp="RED")
    with pytest.raises(Conflict, match=r"The incident is TLP:RED now, .* by a notice of its own"):
        again(message)


@pytest.mark.parametrize("kind", ["notice", "request", "thread", "facts"])
def test_who_gets_no_such_mails_any_more_gets_none_again(step, asked, again, kind):
    thread.write(**step, text="Look at the drop copy.")
    figures = packages.Figures(text="Fills were late.", clients=3)
    packages.hand_over(**step, stage="initial", figures=figures)
    message = sent(kind)
    Contact.objects.update(gets_notices=False)
    with pytest.raises(Conflict, match=r"contact@helix.test does not get such mails any more"):
        again(message)
    Contact.objects.update(gets_notices=True)
    assert again(message).repeats == message


def test_a_request_that_is_not_open_any_more_is_not_asked_again(asked, again, people, helix):
    message = sent("request")
    by = people.contact("helix", helix)
    requests.answer(request_id=asked.pk, text="All.", is_whole=True, by=by, at=NOW)
    with pytest.raises(Conflict, match=rf"{asked.reference} is not open any more"):
        again(message)


def test_a_request_with_another_time_by_now_is_told_by_its_newest_mail(asked, again, people, helix):
    message = sent("request")
    by = people.contact("helix", helix)
    until = NOW + 2 * DAY
    requests.ask_for_time(request_id=asked.pk, until=until, reason="Night.", by=by, at=NOW)
    requests.decide_on_time(
        request_id=asked.pk, granted=True, by=people.actor("communications"), at=LATER
    )
    with pytest.raises(Conflict, match=r"was asked anew or got more time"):
        again(message)
    newest = sent("request")
    assert newest != message
    assert again(newest).repeats == newest


def test_what_something_newer_took_the_place_of_is_not_told_again(step, again):
    figures = packages.Figures(text="Fills were late.", clients=3)
    packages.hand_over(**step, stage="initial", figures=figures)
    facts = sent("facts")
    packages.hand_over(**step | {"at": LATER}, stage="interim", figures=figures)
    with pytest.raises(Conflict, match=r"A later facts package took the place of"):
        again(facts)
    thread.write(**step, text="Look at the drop copy.")
    first = sent("thread")
    thread.write(**step, text="And at the fills.")
    with pytest.raises(Conflict, match=r"Something newer stands in the conversation"):
        again(first)


def test_of_how_we_handle_incidents_the_version_in_force_is_told_while_nobody_read_it(
    again, people, helix
):
    grants.grant(people["helix"], "administer", helix)
    by = people.actor("administrator")

    def publish(text: str) -> Message:
        known = Framework.objects.latest("number").number
        framework.publish(text=text, changed="All.", seen_number=known, by=by, at=NOW)
        return sent("framework")

    first = publish("One.")
    second = publish("Two.")
    with pytest.raises(Conflict, match=r"A later version is in force"):
        again(first)
    assert resending.why_not(second, at=LATER) == ""
    newest = Framework.objects.latest("number").number
    framework.acknowledge(number=newest, by=people.contact("helix", helix), at=NOW)
    with pytest.raises(Conflict, match=r"was acknowledged for that partner"):
        again(second)
