"""A mail provider: how it is set up, how mails go to it, and what it tells of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from incidentdesk import environment
from notifications import delivery
from notifications.models import Message
from tests.hooks import Receiver
from tests.notifications.conftest import NOON, method, person, queue
from tests.notifications.test_ways import paged_now

pytestmark = pytest.mark.django_db
SECRET = "s" * 24
ADDRESS = f"/hooks/mail/postmark/{SECRET}/"


@pytest.fixture
def postmark(settings: Any) -> None:
    """The desk sends through Postmark, which tells of what it sends."""
    settings.MAIL_PROVIDER, settings.MAIL_HOOK_SECRET = "postmark", SECRET


def sent(**facts: Any) -> Message:
    """A mail that the provider took as p-1."""
    row = queue(**facts)
    assert row is not None
    Message.objects.filter(pk=row.pk).update(
        state="sent", sent_at=NOON, next_try_at=None, provider_id="p-1"
    )
    return row


def tell(address: str = ADDRESS, **event: Any) -> int:
    """The provider calls."""
    body = json.dumps({"MessageID": "p-1", **event})
    return Client().post(address, body, content_type="application/json").status_code


def bounce(**event: Any) -> int:
    """It tells that the mail came back."""
    known = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 7, "Email": "a@b.test"}
    return tell(Description="No such user", Details="550 5.1.1", **(known | event))


def story(row: Message) -> tuple[str, list[tuple[str, str]]]:
    """Its state and what its log says after it was queued."""
    row.refresh_from_db()
    return row.state, list(row.events.order_by("id").values_list("event", "detail"))[1:]


@pytest.mark.parametrize(
    ("url", "name", "values"),
    [
        ("anymail+postmark://tok-en@", "postmark", {"POSTMARK_SERVER_TOKEN": "tok-en"}),
        (
            "anymail+mailjet://k%40y:s@?secret_key=t",
            "mailjet",
            {"MAILJET_API_KEY": "k@y", "MAILJET_SECRET_KEY": "t"},
        ),
        (
            "anymail+mailgun://key@mg.example.com?api_url=https://api.eu.mailgun.net/v3",
            "mailgun",
            {
                "MAILGUN_API_KEY": "key",
                "MAILGUN_SENDER_DOMAIN": "mg.example.com",
                "MAILGUN_API_URL": "https://api.eu.mailgun.net/v3",
            },
        ),
    ],
)
def test_a_provider_is_one_setting(url: str, name: str, values: dict[str, str]) -> None:
    found = environment.mailer(url)
    both = {"REQUESTS_TIMEOUT": 10, "IGNORE_UNSUPPORTED_FEATURES": True}
    assert found == {
        "MAIL_PROVIDER": name,
        "EMAIL_BACKEND": f"anymail.backends.{name}.EmailBackend",
        "ANYMAIL": both | values,
    }


@pytest.mark.parametrize(
    "url", ["anymail+pigeon://x@", "anymail+postmark://", "anymail+mailjet://a@"]
)
def test_a_provider_that_cannot_be_stops_the_start_in_a_sentence(url: str) -> None:
    with pytest.raises(SystemExit, match=r"EMAIL_URL must look like anymail\+postmark://token@"):
        environment.mailer(url)


def test_a_mail_goes_by_the_provider_s_door_and_its_name_for_it_is_kept(
    hook: Receiver, settings: Any, postmark: None
) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "x",
        "POSTMARK_API_URL": f"http://127.0.0.1:{hook.port}/",
    }
    taken = {"ErrorCode": 0, "Message": "OK", "MessageID": "p-9", "To": "contact@partner.test"}
    hook.body = json.dumps(taken)
    row = queue(to="contact@partner.test")
    delivery.deliver_due(at=NOON)
    assert row is not None
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("sent", "p-9")
    ((_, body),) = hook.calls
    letter = json.loads(body)
    headers = {entry["Name"]: entry["Value"] for entry in letter["Headers"]}
    assert letter["To"] == "contact@partner.test"
    assert headers["Message-ID"] == row.message_id


def test_what_it_refuses_for_good_is_failed(hook: Receiver, settings: Any, postmark: None) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "x",
        "POSTMARK_API_URL": f"http://127.0.0.1:{hook.port}/",
    }
    hook.status = 422
    words = "You tried to send to recipient(s) that have been marked as inactive.\n"
    words += "Found inactive addresses: contact@partner.test.\nInactive recipients are ones that"
    hook.body = json.dumps({"ErrorCode": 406, "Message": words})
    row = queue()
    delivery.deliver_due(at=NOON)
    assert row is not None
    assert story(row)[0] == "failed"
    hook.status = 500
    later = queue(dedupe_key="later")
    delivery.deliver_due(at=NOON)
    assert later is not None
    assert story(later)[0] == "queued"


def test_a_delivery_is_noted_once(postmark: None) -> None:
    row = sent()
    told = {"RecordType": "Delivery", "Recipient": "a@b.test", "Details": "250 ok"}
    assert [tell(**told), tell(**told)] == [200, 200]
    assert story(row) == ("delivered", [("delivered", "250 ok")])


def test_a_page_that_came_back_goes_by_the_next_way_and_counts_against_its_way(
    postmark: None,
) -> None:
    ada = person("Ada")
    way = method(ada, channel="email", address="ada@home.test", failures=2)
    row = paged_now(ada)
    Message.objects.filter(pk=row.pk).update(
        state="sent", sent_at=NOON, next_try_at=None, provider_id="p-1"
    )
    assert bounce() == 200
    assert story(row)[0] == "bounced"
    way.refresh_from_db()
    assert (way.failures, way.bad_since is not None) == (3, True)
    assert Message.objects.filter(is_page=True, way=2).get().to_address == "ada@desk.test"


def test_what_is_no_mail_of_ours_or_no_report_changes_nothing(postmark: None) -> None:
    row = sent()
    assert bounce(MessageID="p-2") == 200
    assert bounce(Type="Transient") == 200
    assert tell(RecordType="Open", Recipient="a@b.test") == 200
    bad = Client().post(ADDRESS, "{", content_type="application/json")
    assert (bad.status_code, bad.content) == (400, b"This is not what the provider sends.")
    assert story(row) == ("sent", [])


@pytest.mark.parametrize(
    "address", ["/hooks/mail/postmark/wrong/", f"/hooks/mail/mailgun/{SECRET}/"]
)
def test_who_does_not_know_the_address_finds_nothing(postmark: None, address: str) -> None:
    row = sent()
    assert bounce() == 200
    Message.objects.filter(pk=row.pk).update(state="sent")
    assert tell(address, RecordType="Delivery") == 404
    assert story(row)[0] == "sent"


def test_without_a_secret_there_is_no_such_address(settings: Any) -> None:
    settings.MAIL_PROVIDER, settings.MAIL_HOOK_SECRET = "postmark", ""
    assert tell("/hooks/mail/postmark/x/", RecordType="Delivery") == 404
