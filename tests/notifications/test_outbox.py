"""A message is a row: with its transaction, once a key, in words that cannot do harm."""

from __future__ import annotations

import pytest
from django.db import transaction

from incidentdesk.kernel.models import User
from notifications import outbox
from notifications.models import Message, MessageEvent
from tests.notifications.conftest import NOON, minutes, person, queue


@pytest.mark.django_db(transaction=True)
def test_a_message_queued_in_a_transaction_that_rolls_back_leaves_nothing(
    woken: list[str],
) -> None:
    @transaction.atomic
    def use_case() -> None:
        queue()
        raise RuntimeError("the use case failed")

    with pytest.raises(RuntimeError):
        use_case()

    assert Message.objects.count() == 0
    assert MessageEvent.objects.count() == 0
    assert woken == []


@pytest.mark.django_db(transaction=True)
def test_the_sender_is_woken_after_the_commit_and_not_before(woken: list[str]) -> None:
    with transaction.atomic():
        queue()
        assert woken == []

    assert woken == ["notifications.jobs.deliver"]


@pytest.mark.django_db(transaction=True)
def test_a_message_outside_any_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        outbox.queue(
            kind="notice", to="a@partner.test", context={}, about="", dedupe_key="k", at=NOON
        )


@pytest.mark.django_db
def test_the_same_dedupe_key_twice_is_one_message_and_no_error() -> None:
    first = queue(dedupe_key="notice:1:contact:2")
    second = queue(dedupe_key="notice:1:contact:2", at=minutes(1))

    assert first is not None
    assert second is None
    assert [m.pk for m in Message.objects.all()] == [first.pk]
    assert [e.event for e in MessageEvent.objects.all()] == ["queued"]


@pytest.mark.django_db
def test_what_is_stored_is_the_finished_text_and_a_message_id_of_this_desk() -> None:
    ada = person("Ada")

    message = queue(
        to=ada,
        context={
            "reference": "HELIX-2026-0001",
            "title": "Delays <now>",
            "body": "First & second",
            "url": "/portal/incidents/1/",
        },
    )

    assert message is not None
    assert (message.to_address, message.to_user, message.state) == (ada.email, ada, "queued")
    assert message.subject == "HELIX-2026-0001: Delays <now>"
    assert "First & second" in message.body_text
    assert "http://localhost:8000/portal/incidents/1/" in message.body_text
    assert "First &amp; second" in message.body_html
    assert "Delays &lt;now&gt;" in message.body_html
    assert message.message_id.endswith("@localhost>")


@pytest.mark.asvs("1.3.11", 16)
@pytest.mark.mistake(21)
@pytest.mark.django_db
@pytest.mark.parametrize(
    "title",
    [
        "Stale\r\nBcc: everybody@partner.test",
        "Stale\nBcc: everybody@partner.test",
        "Stale\u2028Bcc: everybody@partner.test",
        "Stale\x0b\x85Bcc:\x00 everybody@partner.test",
    ],
)
def test_a_title_that_tries_to_smuggle_in_a_header_becomes_one_harmless_line(title: str) -> None:
    message = queue(context={"reference": "R-1", "title": title, "body": "", "url": "/"})

    assert message is not None
    message.refresh_from_db()
    assert message.subject == "R-1: Stale Bcc: everybody@partner.test"
    assert "\x00" not in message.body_text + message.body_html


@pytest.mark.django_db
def test_a_very_long_title_is_cut_so_that_the_message_still_goes_out() -> None:
    message = queue(context={"reference": "R-1", "title": "x" * 9000, "body": "", "url": "/"})

    assert message is not None
    assert len(message.subject) == 200
    assert message.subject.endswith("…")


@pytest.mark.django_db
def test_many_messages_cost_as_many_queries_as_one(django_assert_num_queries: object) -> None:
    def drafts(count: int, prefix: str) -> list[outbox.Draft]:
        context = {"reference": "R", "title": "T", "body": "B", "url": "/"}
        return [
            outbox.Draft("notice", f"{n}@partner.test", "incident:1", f"{prefix}{n}", context)
            for n in range(count)
        ]

    with django_assert_num_queries(3):  # type: ignore[operator]
        assert len(outbox.queue_many(drafts(1, "a"), at=NOON)) == 1
    with django_assert_num_queries(3):  # type: ignore[operator]
        assert len(outbox.queue_many(drafts(30, "b"), at=NOON)) == 30


@pytest.mark.django_db(transaction=True)
def test_inside_quiet_a_message_is_written_and_never_sent(woken: list[str]) -> None:
    with outbox.quiet():
        message = queue()

    assert message is not None
    assert (message.state, message.next_try_at) == ("suppressed", None)
    assert [e.event for e in message.events.all()] == ["suppressed"]
    assert woken == []
    loud = queue(dedupe_key="after")
    assert loud is not None
    assert loud.state == "queued"


@pytest.mark.django_db
def test_a_person_who_is_deleted_leaves_the_message_with_its_address() -> None:
    ada = person("Ada")
    message = queue(to=ada)
    assert message is not None

    User.objects.filter(pk=ada.pk).delete()

    message.refresh_from_db()
    assert (message.to_user, message.to_address) == (None, "ada@desk.test")
