"""A message is sent again by a person: as a new one, and only where its words are still true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cases import crew, resending, response, restriction, tasks, workflow
from cases.models import Entry, Incident
from incidentdesk.kernel.errors import Conflict, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications import delivery, escalation, outbox
from notifications.channels import Answer, Outcome
from notifications.models import ContactMethod, Message
from partners.models import Contact
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=20)
MINUTE = timedelta(minutes=1)  # between two that repeat one message


@pytest.fixture
def again(people) -> Callable[..., Message]:
    """`again(message)`: the responder has it sent again."""

    def run(message: Message, by: str = "responder", at: datetime = LATER) -> Message:
        return resending.resend(message_id=message.pk, by=people.actor(by), at=at)

    return run


@pytest.fixture
def paged(declare, people) -> tuple[Incident, Message]:
    """A page by hand to the security lead, which went out."""
    incident = declare()
    response.page(
        incident_id=incident.pk,
        user_ids=[people["security"].pk],
        group_ids=[],
        note="Look at EU-2.",
        by=people.actor("commander"),
        at=NOW,
    )
    return incident, sent(Message.objects.get(dedupe_key__startswith="page-now:"))


def sent(message: Message, at: datetime = NOW) -> Message:
    """It was handed over to its server."""
    Message.objects.filter(pk=message.pk).update(
        state="sent", next_try_at=None, next_way_at=None, sent_at=at, attempts=1
    )
    return Message.objects.get(pk=message.pk)


def step_of(incident: Incident, at: datetime = NOW) -> Message:
    """The first page of its path, which went out."""
    escalation.run_due(at=at)
    return sent(Message.objects.filter(about=incident.about, is_page=True).earliest("pk"))


def said(message: Message) -> list[str]:
    """The log of a message."""
    return [str(event) for event in message.events.order_by("id")]


def test_a_page_goes_out_as_a_new_message_that_names_the_one_it_repeats(paged, again, people):
    incident, message = paged
    before = Message.objects.filter(pk=message.pk).values().get()

    made = again(message)

    assert (made.repeats_id, made.to_user_id, made.kind, made.is_page, made.state) == (
        message.pk,
        people["security"].pk,
        "page",
        True,
        "queued",
    )
    assert made.message_id != message.message_id
    assert made.dedupe_key == f"again:{message.pk}:1"
    assert "Look at EU-2." in made.body_text
    assert Message.objects.filter(pk=message.pk).values().get() == before
    how = "by mail to security@desk.test"
    assert said(message)[-1] == (
        f"sent again by hand Responder asked for it: message {made.pk}, {how}"
    )
    assert said(made) == [
        "queued",
        f"sent again by hand Responder asked for it; it repeats message {message.pk}",
    ]
    entry = incident.entries.latest("sequence")
    assert (entry.kind, entry.actor) == (Entry.Kind.PAGE, "Responder")
    assert entry.body == f"“{made.subject}” was sent again to Security lead, {how}."


def test_what_still_waits_or_is_being_sent_again_is_not_sent_a_second_time(paged, again):
    _, message = paged
    made = again(message)
    with pytest.raises(Conflict, match=r"It is being sent again already; look at its log."):
        again(message)
    with pytest.raises(Conflict, match="It still waits to be sent"):
        again(made)
    more = again(sent(made), at=LATER + MINUTE)
    assert (more.repeats, more.dedupe_key) == (message, f"again:{message.pk}:2")
    assert Message.objects.filter(dedupe_key__startswith="again:").count() == 2


def test_a_message_and_what_repeats_it_is_sent_again_once_a_minute(paged, again):
    _, message = paged
    made = sent(again(message))
    for row in (message, made):
        with pytest.raises(Conflict, match=r"It was sent again less than a minute ago"):
            again(row, at=LATER + timedelta(seconds=59))
    assert again(made, at=LATER + MINUTE).repeats == message
    with pytest.raises(Conflict, match=r"It is being sent again already"):
        again(made, at=LATER + timedelta(minutes=5))


def test_repeats_of_before_name_the_message_that_was_written_first(paged, again):
    _, message = paged
    times = [LATER + number * MINUTE for number in range(3)]
    rows = [message, *(sent(again(message, at=at)) for at in times)]
    for former, row in pairwise(rows):
        Message.objects.filter(pk=row.pk).update(repeats=former)
    with connection.cursor() as cursor:
        cursor.execute(import_module("notifications.migrations.0151_repeats_name_the_first").FILL)
    found = Message.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    assert list(found.values_list("repeats", flat=True)) == [None, *[message.pk] * 3]


def test_what_a_long_row_of_repeats_began_with_is_found_at_once(told, again):
    _, message = told
    for number in range(5):
        at = LATER + number * MINUTE
        message = sent(again(message, by="communications", at=at))
    assert message.repeats == told[1]
    row = Message.objects.select_related("repeats", "to_user", "method").get(pk=message.pk)
    with CaptureQueriesContext(connection) as five:
        resending.why_not(row, at=LATER + timedelta(hours=1))
    with CaptureQueriesContext(connection) as none:
        resending.why_not(told[1], at=LATER + timedelta(hours=1))
    assert len(five) == len(none)


def test_a_page_of_a_step_says_how_long_nobody_acknowledged_and_its_link_works_again(
    declare, again, people
):
    incident = declare(impact=4, scope=4, urgency=3)
    message = step_of(incident)
    assert message.to_user is not None
    made = again(message, at=NOW + timedelta(hours=25))
    assert made.dedupe_key.startswith("page:")
    assert made.dedupe_key.endswith(f":again:{message.pk}:1")
    assert "It has just begun." in message.body_text
    assert "Nobody has acknowledged it for 1 d" in made.body_text
    assert made.facts is not None
    assert message.facts is not None
    assert made.facts["ack_link"] not in ("", message.facts["ack_link"])


def test_a_page_that_is_sent_again_is_called_off_with_its_ladder(declare, again, people):
    incident = declare(impact=4, scope=4, urgency=3)
    made = again(step_of(incident))
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("commander"), at=LATER)
    assert Message.objects.get(pk=made.pk).state == "superseded"


def test_a_page_that_somebody_acknowledged_is_not_sent_again(declare, again, people):
    incident = declare(impact=4, scope=4, urgency=3)
    message = step_of(incident)
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    with pytest.raises(Conflict, match=r"Incident commander acknowledged it; page .* anew"):
        again(message)


def test_nobody_is_paged_again_about_an_incident_that_is_over(paged, again, people):
    incident, message = paged
    by = people.actor("commander")
    workflow.dismiss(incident_id=incident.pk, reason="A test feed.", by=by, at=NOW)
    with pytest.raises(Conflict, match=f"{incident.reference} is over; nobody is paged"):
        again(message)


def test_who_left_or_may_not_acknowledge_any_more_is_not_paged_again(paged, again, people):
    _, message = paged
    User.objects.filter(pk=people["security"].pk).update(roles=["auditor"])
    with pytest.raises(Conflict, match="Security lead may not acknowledge any more"):
        again(message)
    User.objects.filter(pk=people["security"].pk).update(is_active=False)
    with pytest.raises(Conflict, match="Security lead does not work here any more"):
        again(message)


def test_it_goes_by_the_way_that_it_went_and_not_by_one_that_is_out_of_use(paged, again, people):
    incident, _ = paged
    method = chat(people["security"], "Phone", position=1)
    page(incident, people)
    message = sent(Message.objects.get(method=method))
    chat(people["security"], "Other", position=0)
    made = again(message)
    assert (made.method, made.channel, made.to_address) == (method, "apprise", "json")
    assert made.line == message.line
    ContactMethod.objects.filter(pk=method.pk).update(bad_since=NOW)
    with pytest.raises(Conflict, match="“Phone” is not in use any more"):
        again(sent(made), at=LATER + MINUTE)


def chat(user: User, label: str, *, position: int) -> ContactMethod:
    """A way of a person that is verified."""
    return ContactMethod.objects.create(
        user=user,
        channel="apprise",
        label=label,
        address=f"json://127.0.0.1:9/{label.lower()}",
        shown="json",
        position=position,
        added_at=NOW,
        verified_at=NOW,
    )


def page(incident: Incident, people: Any) -> None:
    """Another page by hand."""
    response.page(
        incident_id=incident.pk,
        user_ids=[people["security"].pk],
        group_ids=[],
        note="Again.",
        by=people.actor("commander"),
        at=NOW,
    )


def test_one_of_a_restricted_incident_names_nothing_though_the_first_one_did(paged, again, people):
    incident, message = paged
    assert "Stale prices" in message.body_text
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["security"].pk, people["responder"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    made = again(message)
    assert [word in f"{made.subject} {made.body_text} {made.body_html}" for word in NAMES] == [
        False,
        False,
        False,
    ]
    assert "A restricted incident needs you" in made.subject


NAMES = ("Stale prices", "INC-", "EU-2")


def test_a_restricted_incident_is_told_to_nobody_whom_it_is_kept_from(paged, again, people):
    incident, message = paged
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["responder"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    with pytest.raises(Conflict, match="Security lead may not open this incident any more"):
        again(message)
    with pytest.raises(NotFound, match=r"There is no such message."):
        again(message, by="security")


def test_a_mail_written_before_an_incident_was_restricted_is_not_sent_again(declare, again, people):
    incident = declare()
    by = people.actor("commander")
    task = tasks.add(
        incident_id=incident.pk,
        phase="containment",
        text="Call the venue",
        owner_id=people["security"].pk,
        by=by,
        at=NOW,
    )
    message = sent(Message.objects.get(kind="task"))
    assert again(message).body_text == message.body_text
    sent(Message.objects.latest("pk"))
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["security"].pk, people["responder"].pk],
        reason="Perhaps one of us.",
        by=by,
        at=NOW,
    )
    with pytest.raises(Conflict, match="The incident is restricted, and its words may name it"):
        again(message, at=LATER + MINUTE)
    assert task.pk


def test_a_task_or_an_offer_that_is_over_is_not_told_again(declare, again, people):
    incident = declare()
    by = people.actor("commander")
    workflow.take_command(incident_id=incident.pk, by=by, at=NOW)
    made = crew.assign(
        incident_id=incident.pk, role="responder", user_id=people["security"].pk, by=by, at=NOW
    )
    message = sent(Message.objects.get(kind="assignment"))
    assert again(message).repeats_id == message.pk
    crew.accept(assignment_id=made.pk, by=people.actor("security"), at=NOW)
    sent(Message.objects.get(repeats=message))
    with pytest.raises(Conflict, match=r"What it asks was answered, or taken back."):
        again(message, at=LATER + MINUTE)


@pytest.fixture
def told(incident_in, people) -> tuple[Incident, Message]:
    """A first notice to Helix, which came back."""
    incident = incident_in("mitigation")
    message = sent(Message.objects.get(kind="notice"))
    Message.objects.filter(pk=message.pk).update(state="bounced")
    return incident, Message.objects.get(pk=message.pk)


def test_a_notice_is_sent_again_word_for_word_as_it_was_approved(told, again):
    incident, message = told
    made = again(message, by="communications")
    same = ("subject", "body_text", "body_html", "to_address", "reply_to", "kind", "about")
    assert [getattr(made, name) for name in same] == [getattr(message, name) for name in same]
    assert incident.entries.latest("sequence").kind == Entry.Kind.NOTICE


def test_a_notice_after_which_something_newer_was_told_is_not_sent_again(told, again, walk):
    incident, message = told
    walk(incident).notify("update")
    with pytest.raises(Conflict, match="Helix Markets was told something newer since"):
        again(message, by="communications")


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": "other@helix.test"}])
def test_a_contact_that_left_or_moved_is_not_sent_a_notice_again(told, again, change):
    _, message = told
    Contact.objects.update(**change)
    with pytest.raises(Conflict, match=r"contact@helix.test is no contact of that partner"):
        again(message, by="communications")


def test_secrets_and_what_was_true_only_then_are_not_sent_again(people, again):
    sentences = {
        "invitation": "Its link is for one person",
        "method_code": "Its code is over",
        "method_test": "A test is asked for anew",
        "pages": "A list names what was open then",
        "deadline": "A message of this kind is not sent again",
        "rota": "A message of this kind is not sent again",
    }
    found = {}
    for kind in sentences:
        message = Message.objects.create(
            kind=kind,
            to_address="responder@desk.test",
            to_user=people["responder"],
            subject="Old",
            dedupe_key=f"{kind}:1",
            message_id=f"<{kind}@desk.test>",
            state="sent",
            sent_at=NOW,
            created_at=NOW,
        )
        with pytest.raises(Conflict) as caught:
            again(message)
        found[kind] = str(caught.value)
    assert {kind: found[kind].startswith(words) for kind, words in sentences.items()} == (
        dict.fromkeys(sentences, True)
    )
    assert Message.objects.exclude(repeats=None).count() == 0


def test_to_page_again_one_may_page_and_to_tell_partners_again_one_may_send_notices(
    paged, told, again
):
    page_row, notice_row = paged[1], told[1]
    for who in ("communications", "approver", "administrator", "auditor"):
        with pytest.raises(NotAllowed):
            again(page_row, by=who)
    for who in ("responder", "security", "administrator", "auditor"):
        with pytest.raises(NotAllowed):
            again(notice_row, by=who)
    assert again(page_row, by="responder").repeats == page_row
    assert again(notice_row, by="approver").repeats == notice_row


def test_one_that_its_way_refuses_goes_on_by_the_next_way(paged, again, people):
    incident, _ = paged
    chat(people["security"], "Phone", position=1)
    page(incident, people)
    made = again(sent(Message.objects.get(method__label="Phone")))
    Message.objects.filter(pk=made.pk).update(state="sending")
    made.refresh_from_db()
    delivery.mark(made, Answer(Outcome.REFUSED, "404 gone"), at=LATER)
    assert [
        (row.to_address, row.way) for row in Message.objects.filter(pk__gt=made.pk).order_by("pk")
    ] == [("security@desk.test", 2)]


def test_what_is_written_while_the_past_is_loaded_is_not_sent_again_either(paged, again):
    _, message = paged
    with outbox.quiet():
        made = again(message)
    assert (made.state, made.last_error) == ("suppressed", outbox.QUIET)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_is_told_that_the_other_did(paged, people, at_once):
    _, message = paged

    def ask(who: str) -> Callable[[], Message]:
        return lambda: resending.resend(message_id=message.pk, by=people.actor(who), at=LATER)

    found = at_once([ask("responder"), ask("commander")])
    assert sorted(type(one).__name__ for one in found) == ["Conflict", "Message"]
    with transaction.atomic():
        assert Message.objects.filter(repeats=message).count() == 1
