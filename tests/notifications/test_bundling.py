"""Storm manners: six pages a person in ten minutes at most, and nothing is dropped."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from incidentdesk.kernel.models import User
from notifications import bundling, escalation, resending
from notifications.models import Escalation, Message, MessageEvent
from tests.notifications.conftest import NOON, minutes, path, person, seconds, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Whom every path pages; Bo is paged about one thing only."""
    made = person("Ada")
    path((0, [made]), severities=[1, 2, 3])
    return made


def begin(number: int, *, at: datetime = NOON, severity: int = 3) -> Escalation:
    row = start(about=f"incident:{number}", severity=severity, at=at)
    Escalation.objects.filter(pk=row.pk).update(title=f"T{number}", reference=f"INC-{number}")
    escalation.run_due(at=at)
    return row


def sent(who: User) -> list[str]:
    """What went or goes to this person, by subject."""
    rows = Message.objects.filter(to_user=who).exclude(state__in=("held", "suppressed"))
    return list(rows.order_by("pk").values_list("kind", flat=True))


def acknowledge(number: int) -> None:
    with transaction.atomic():
        escalation.acknowledge(
            about=f"incident:{number}", by_user_id=None, by_name="Ada", at=seconds(20)
        )


def test_the_fifth_page_of_a_moment_waits_and_comes_in_a_list(ada: User) -> None:
    for number in range(7):
        begin(number)
    assert sent(ada) == ["page"] * 4
    assert Message.objects.filter(state="held").count() == 3
    assert bundling.send_lists(at=seconds(29)) == 0
    assert bundling.send_lists(at=seconds(30)) == 1
    assert sent(ada) == [*["page"] * 4, "pages"]
    mail = Message.objects.get(kind="pages")
    assert mail.subject == "SEV-3 INC-4 and 2 more: T4"
    assert [f"INC-{number}" in mail.body_text for number in range(7)] == [False] * 4 + [True] * 3
    assert mail.body_text.count("/ack/") == 3
    assert mail.is_page


def test_what_went_in_a_list_says_so_in_its_log(ada: User) -> None:
    for number in range(5):
        begin(number)
    bundling.send_lists(at=seconds(30))
    log = MessageEvent.objects.filter(message__about="incident:4").order_by("pk")
    assert list(log.values_list("event", "detail")) == [
        ("held", ""),
        ("suppressed", "It went in a list: Ada had several pages just before."),
    ]


def test_what_is_more_severe_is_paged_at_once(ada: User) -> None:
    for number in range(5):
        begin(number)
    begin(7, severity=2)
    begin(8, severity=2)
    assert sent(ada) == ["page"] * 5
    bundling.send_lists(at=seconds(30))
    assert Message.objects.get(kind="pages").subject == "SEV-2 INC-8 and 1 more: T8"


def test_the_seventh_waits_however_severe_it_is(ada: User) -> None:
    for number in range(4):
        begin(number)
    begin(7, severity=2)
    begin(8, severity=1)
    begin(9, severity=1)
    assert sent(ada) == ["page"] * 6
    assert bundling.send_lists(at=seconds(599)) == 0
    assert bundling.send_lists(at=seconds(600)) == 1


def test_what_was_acknowledged_does_not_count(ada: User) -> None:
    for number in range(4):
        begin(number)
    acknowledge(0)
    begin(4, at=seconds(30))
    begin(5, at=seconds(30))
    assert Message.objects.get(state="held").about == "incident:5"


def test_lists_are_five_minutes_apart(ada: User) -> None:
    for number in range(5):
        begin(number)
    bundling.send_lists(at=seconds(30))
    begin(5, at=minutes(1))
    assert bundling.send_lists(at=minutes(5)) == 0
    assert bundling.send_lists(at=seconds(330)) == 1


@pytest.mark.fault("F20", "an hour of new incidents")
def test_in_any_ten_minutes_of_a_long_storm_there_are_six_at_most(ada: User) -> None:
    for half in range(80):  # forty minutes, an incident each half minute, ever more severe
        begin(half, at=seconds(30 * half), severity=3 - (half % 40 > 4) - (half % 40 > 6))
        bundling.send_lists(at=seconds(30 * half))
    gone = Message.objects.exclude(state__in=("held", "suppressed")).order_by("created_at")
    times = list(gone.values_list("created_at", flat=True))
    most = max(sum(one <= other < one + timedelta(minutes=10) for other in times) for one in times)
    assert 4 <= most <= 6
    assert Message.objects.filter(state="held", created_at__lt=minutes(30)).count() == 0


def test_what_was_acknowledged_meanwhile_is_not_in_the_list(ada: User) -> None:
    for number in range(6):
        begin(number)
    acknowledge(4)
    bundling.send_lists(at=seconds(30))
    assert Message.objects.get(kind="pages").subject == "SEV-3 INC-5: T5"
    over = Message.objects.get(about="incident:4")
    assert (over.state, over.last_error) == ("suppressed", "It was over before the list went.")


def test_with_nothing_left_to_tell_no_list_goes(ada: User) -> None:
    for number in range(5):
        begin(number)
    acknowledge(4)
    assert bundling.send_lists(at=seconds(30)) == 0
    assert sent(ada) == ["page"] * 4


def test_somebody_else_is_paged_as_ever(ada: User) -> None:
    for number in range(6):
        begin(number)
    bo = person("Bo")
    path((0, [bo]), severities=[1], position=0, name="First")
    begin(9, severity=1)
    assert sent(bo) == ["page"]


def test_whoever_left_gets_no_list(ada: User) -> None:
    for number in range(5):
        begin(number)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert bundling.send_lists(at=seconds(30)) == 0
    assert Message.objects.get(about="incident:4").last_error == "Ada may not log in any more."


def test_a_list_names_twenty_and_counts_the_rest(ada: User) -> None:
    for number in range(27):
        begin(number)
    bundling.send_lists(at=seconds(30))
    mail = Message.objects.get(kind="pages")
    assert (mail.body_text.count("/ack/"), "And 3 more." in mail.body_text) == (20, True)


def test_what_a_person_has_sent_again_holds_back_no_page(ada: User) -> None:
    begin(0)
    first = Message.objects.get()
    Message.objects.update(state="sent", next_try_at=None, next_way_at=None, sent_at=NOON)
    for number in range(4):
        with transaction.atomic():
            message = resending.locked(first.pk)
            made = resending.again(message, {}, by_name="Bo", at=seconds(number))
        Message.objects.filter(pk=made.pk).update(
            state="sent", next_try_at=None, next_way_at=None, sent_at=NOON
        )
    begin(1, at=seconds(10))
    assert Message.objects.filter(state="held").count() == 0
