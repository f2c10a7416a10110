"""How a person is reached: adding a way, proving that it is theirs, trying it, taking it away."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client

from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import AuditEvent, User
from notifications import contacts, delivery, proving, ways
from notifications.contacts import Wish
from notifications.models import ContactMethod, Message
from tests.notifications.conftest import NOON, method, minutes, person, seconds
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Somebody who is paged."""
    return person("Ada")


def add(user: User, address: str = "ada@home.test", channel: str = "email", **wish: Any):
    """A further way, as its person adds it at noon."""
    made, secret = contacts.add(
        channel=channel,
        address=address,
        wish=Wish(**{"label": "Home", **wish}),
        by=access.actor_for(user),
        at=NOON,
    )
    return made, secret


def code_of(row: ContactMethod) -> str:
    """The code that was sent last."""
    sent = Message.objects.filter(method=row, kind="method_code").latest("pk")
    return re.findall(r"\d{6}", sent.body_text)[0]


def verify(row: ContactMethod, code: str, *, at: datetime = NOON) -> bool:
    """Its person types in a code."""
    return contacts.verify(method_id=row.pk, code=code, by=access.actor_for(row.user), at=at)


def test_a_code_goes_to_the_new_way_itself_and_verifies_it(ada: User, sink: SmtpSink) -> None:
    row, secret = add(ada, "Ada@Home.Test")
    delivery.deliver_due(at=NOON)
    assert sink.recipients == ["ada@home.test"]
    assert sink.subjects() == ["The code for “Home”"]
    code = code_of(row)
    assert code in sink.messages[0].as_string()
    assert (row.shown, secret, ways.usable([ada.pk])) == ("a…@home.test", "", {})
    assert verify(row, code) is True
    row.refresh_from_db()
    assert (row.verified_at, row.code_digest) == (NOON, "")
    assert ways.usable([ada.pk]) == {ada.pk: [row]}
    trail = AuditEvent.objects.order_by("id").values_list("action", "detail")
    known = {"name": "Home", "of": "ada@desk.test"}
    assert list(trail) == [("added contact method", known), ("verified contact method", known)]


@pytest.mark.asvs("6.5.1 6.5.5", 27)
def test_a_code_is_void_after_five_wrong_tries_and_after_fifteen_minutes(ada: User) -> None:
    row, _ = add(ada)
    right = code_of(row)
    wrong = "000000" if right != "000000" else "000001"
    assert [verify(row, wrong) for _ in range(5)] == [False] * 5
    with pytest.raises(Conflict, match="void"):
        verify(row, right)
    who = {"method_id": row.pk, "by": access.actor_for(ada)}
    with pytest.raises(Conflict, match="wait a minute"):
        contacts.send_code(**who, at=seconds(59))
    contacts.send_code(**who, at=minutes(1))
    with pytest.raises(Conflict, match="void"):
        verify(row, code_of(row), at=minutes(16))
    assert verify(row, code_of(row), at=minutes(15.9)) is True


@pytest.mark.parametrize(
    ("channel", "address", "words"),
    [
        ("email", "nonsense", "mail address"),
        ("webhook", "http://hooks.example.com/x", "https://"),
        ("webhook", "https://127.0.0.1/x", "internet"),
        ("apprise", "file:///etc/passwd", "chat or phone service"),
        ("apprise", "syslog://", "chat or phone service"),
        ("apprise", "mailto://a:b@example.com", "chat or phone service"),
        ("apprise", "json://hooks.example.com/x", "jsons://"),
        ("apprise", "jsons://hooks.example.com/x?verify=no", "Leave these out"),
        ("apprise", "slack://only", "not complete"),
        ("pigeon", "x", "channels"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_a_sentence(
    ada: User, channel: str, address: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        add(ada, address, channel)
    assert refused.value.field == ("channel" if channel == "pigeon" else "address")
    assert not ContactMethod.objects.exists()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"label": " "}, "label"),
        ({"from_time": time(8)}, "until_time"),
        ({"from_time": time(8), "until_time": time(8)}, "until_time"),
        ({"zone": "Europe/Nowhere"}, "zone"),
        ({"reach": 3}, "reach"),
        ({"position": 0}, "position"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_at_its_field(
    ada: User, wish: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(ada, **wish)
    assert refused.value.field == field


def test_a_way_fits_by_severity_and_by_the_hours_of_its_zone(ada: User) -> None:
    night = {"from_time": time(22), "until_time": time(6), "zone": "Europe/Berlin"}
    row = ContactMethod(user=ada, reach=2, **night)
    summer = [datetime(2026, 7, 1, hour, tzinfo=UTC) for hour in (3, 4, 19, 20)]
    assert [row.covers(1, at) for at in summer] == [True, False, False, True]
    winter = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (4, 5, 20, 21)]
    assert [row.covers(2, at) for at in winter] == [True, False, False, True]
    assert [row.covers(severity, winter[0]) for severity in (None, 2, 3)] == [True, True, False]


def test_a_removed_way_is_empty_and_what_waits_goes_by_the_next(ada: User) -> None:
    from tests.notifications.test_ways import paged_now

    row = method(ada)
    paged_now(ada)
    contacts.remove(method_id=row.pk, by=access.actor_for(ada), at=NOON)
    row.refresh_from_db()
    assert (row.address, row.secret, row.removed_at) == ("", "", NOON)
    found = Message.objects.order_by("id").values_list("state", "to_address")
    assert list(found) == [("suppressed", "json"), ("queued", "ada@desk.test")]


@pytest.mark.mistake(12)
def test_nobody_touches_another_s_way_but_an_administrator_may_test_it(ada: User) -> None:
    row, stranger = method(ada), access.actor_for(person("Eve"))
    admin = access.actor_for(person("Root", "administrator"))
    assert list(contacts.visible_to(stranger)) == []
    for use_case in (contacts.remove, contacts.try_out, contacts.send_code):
        with pytest.raises(NotFound):
            use_case(method_id=row.pk, by=stranger, at=NOON)
    with pytest.raises(NotFound):
        contacts.remove(method_id=row.pk, by=admin, at=NOON)
    contacts.try_out(method_id=row.pk, by=admin, at=NOON)
    row.refresh_from_db()
    assert row.last_test is not None
    assert (row.last_test.to_user, row.last_test.method) == (ada, row)
    with pytest.raises(Conflict, match="wait a minute"):
        contacts.try_out(method_id=row.pk, by=admin, at=seconds(59))


def test_ten_ways_are_the_most(ada: User) -> None:
    for _ in range(10):
        method(ada)
    with pytest.raises(Conflict, match="10 ways"):
        add(ada)


# --- the proof ------------------------------------------------------------------------------------


def test_a_way_is_tested_once_a_month_and_its_person_says_that_it_came(ada: User) -> None:
    old = method(ada, "Old", verified_at=NOON - timedelta(days=30))
    method(ada, "New", verified_at=NOON - timedelta(days=29))
    method(ada, "Bad", verified_at=NOON - timedelta(days=90), bad_since=NOON)
    assert [proving.send_due(at=NOON), proving.send_due(at=minutes(1))] == [1, 0]
    old.refresh_from_db()
    assert Message.objects.get(kind="method_test") == old.last_test
    week = NOON + timedelta(days=7)
    assert [proving.is_unanswered(old, at=at) for at in (minutes(1), week)] == [False, True]
    link = re.findall(r"http://localhost:8000(/reached/\S+/)", old.last_test.body_text)[0]
    old.refresh_from_db()
    assert old.confirmed_at is None
    proving.confirm(token=link.split("/")[2], at=minutes(2))
    old.refresh_from_db()
    assert old.confirmed_at == minutes(2)
    assert proving.is_unanswered(old, at=week) is False


@pytest.mark.asvs("3.5.1 3.5.3", 34)
@pytest.mark.mistake(14)
def test_opening_the_link_of_a_test_changes_nothing_and_its_button_does(ada: User) -> None:
    row = method(ada)
    link = f"/reached/{proving.make_token(row, at=clocks.now())}/"
    assert "It came" in Client().get(link).text
    row.refresh_from_db()
    assert row.confirmed_at is None
    assert "Thank you" in Client().post(link).text
    row.refresh_from_db()
    assert row.confirmed_at is not None


def test_a_link_of_a_test_that_is_forged_or_of_a_removed_way_says_so(ada: User) -> None:
    row = method(ada)
    link = f"/reached/{proving.make_token(row, at=clocks.now())}/"
    contacts.remove(method_id=row.pk, by=access.actor_for(ada), at=NOON)
    for address in (link, "/reached/x/"):
        answer = Client().post(address)
        assert (answer.status_code, "Nothing was noted" in answer.text) == (400, True)
