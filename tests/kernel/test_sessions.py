"""Where people are logged in: what they see of it, what ends it, and when it ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from incidentdesk.kernel import clocks, sessions
from incidentdesk.kernel.errors import NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent, Session, User
from partners.models import Partner
from tests.conftest import NOW, PASSWORD, People

pytestmark = pytest.mark.django_db
PAGE = "/accounts/sessions/"
LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
Clock = Callable[[timedelta], datetime]


@pytest.fixture(autouse=True)
def _no_tries_before() -> None:
    cache.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """`clock(timedelta(hours=1))`: it is so long after NOW; at first it is NOW."""

    def after(span: timedelta) -> datetime:
        monkeypatch.setattr(clocks, "now", lambda: NOW + span)
        return NOW + span

    after(timedelta())
    return after


def browser(user: User, device: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    """One in which this person logged in through the login page."""
    client = Client(headers={"User-Agent": device}, REMOTE_ADDR=address)
    assert client.post(LOGIN, {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client, page: str = "/admin/", **headers: str) -> bool:
    """Whether this browser is shown a page."""
    return client.get(page, headers=headers).status_code == 200


def handles(user: User) -> list[str]:
    """What names this person's sessions, the last used first."""
    return [one.handle for one in sessions.of(user, at=clocks.now())]


# --- ending ---------------------------------------------------------------------------------------


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_one_sees_one_s_own_browsers_and_ends_those_one_does_not_know(people: People) -> None:
    here = browser(people["responder"])
    there = browser(people["responder"], IPHONE, "198.51.100.9")
    browser(people["commander"], "curl/8", "203.0.113.5")
    text = here.get(PAGE).text
    for words in ("Firefox on Windows", "192.0.2.7", "Safari on iPhone", "198.51.100.9"):
        assert words in text
    assert ("203.0.113.5" in text, "curl" in text) == (False, False)
    for row in Session.objects.all():
        assert row.session_key not in text
    found = sessions.of(people["responder"], at=clocks.now())
    (other,) = (one.handle for one in found if one.device == "Safari on iPhone")
    said = here.post(PAGE, {"session": other}, follow=True).text
    assert "The browser has to log in again" in said
    assert (is_in(here), is_in(there)) == (True, False)
    event = AuditEvent.objects.get(action="ended own sessions")
    assert (event.user_id, event.detail["sessions"]) == (
        people["responder"].pk,
        ["Safari on iPhone, 198.51.100.9"],
    )


def test_all_but_this_one_end_at_once(people: People) -> None:
    here, *others = (browser(people["responder"], device) for device in (FIREFOX, IPHONE, "x"))
    here.post(PAGE, {"others": "1"})
    assert [is_in(one) for one in (here, *others)] == [True, False, False]


def test_nobody_ends_another_s_session_by_its_name(people: People) -> None:
    mine, theirs = browser(people["responder"]), browser(people["commander"])
    answer = mine.post(PAGE, {"session": handles(people["commander"])[0]}, follow=True)
    assert "have ended already" in answer.text
    assert is_in(theirs)
    with pytest.raises(NotAllowed):
        sessions.end(
            user_id=people["commander"].pk,
            handles=handles(people["commander"]),
            reason="x",
            by=people.actor("security"),
            at=clocks.now(),
        )
    assert is_in(theirs)


def test_somebody_at_a_partner_has_the_page_too_within_the_portal_s_menu(
    people: People, helix: Partner
) -> None:
    here, there = browser(people["helix"]), browser(people["helix"], IPHONE)
    text = here.get(PAGE).text
    assert '<a href="/portal/team/"' in text
    here.post(PAGE, {"others": "1"})
    assert [is_in(one, "/portal/") for one in (here, there)] == [True, False]


def test_an_administrator_ends_sessions_with_a_reason_and_nobody_else_sees_them(
    people: People,
) -> None:
    theirs = browser(people["responder"], IPHONE, "198.51.100.9")
    page = f"/admin/kernel/user/{people['responder'].pk}/change/"
    keeper = browser(people["administrator"])
    assert "Safari on iPhone from 198.51.100.9" in keeper.get(page).text
    assert "198.51.100.9" not in browser(people["auditor"]).get(page).text
    dialog = f"/admin/kernel/user/{people['responder'].pk}/end_sessions/"
    chosen = handles(people["responder"])
    assert keeper.post(dialog, {"chosen": chosen, "reason": ""}).status_code == 422
    assert keeper.post(dialog, {"chosen": chosen, "reason": "laptop lost"}).status_code == 302
    assert (is_in(theirs), is_in(keeper)) == (False, True)
    event = AuditEvent.objects.get(action="ended sessions of")
    assert (event.about, event.detail["reason"]) == (
        f"user:{people['responder'].pk}",
        "laptop lost",
    )
    assert "is logged in nowhere" in keeper.get(dialog).text


def test_what_ended_meanwhile_is_said_so(people: People) -> None:
    with pytest.raises(NotFound, match="ended already"):
        sessions.end(
            user_id=people["responder"].pk,
            handles=["0" * 16],
            reason="x",
            by=people.actor("administrator"),
            at=clocks.now(),
        )


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_a_cookie_of_a_login_that_was_switched_off_or_logged_out_opens_nothing(
    people: People,
) -> None:
    first, second = browser(people["responder"]), browser(people["responder"], IPHONE)
    name = settings.SESSION_COOKIE_NAME
    old = first.cookies[name].value
    first.post("/accounts/logout/")
    first.cookies[name] = old
    assert (is_in(first), is_in(second)) == (False, True)
    User.objects.filter(pk=people["responder"].pk).update(is_active=False)
    assert not is_in(second)


# --- the clock ------------------------------------------------------------------------------------


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
@pytest.mark.parametrize(
    ("who", "page", "idle", "longest"),
    [
        ("responder", "/admin/", 60, 14),
        ("administrator", "/admin/", 30, 12),
        ("helix", "/portal/", 60, 12),
    ],
)
def test_a_session_ends_without_use_and_some_hours_after_the_login(
    people: People, helix: Partner, clock: Clock, who: str, page: str, idle: int, longest: int
) -> None:
    left, used = browser(people[who]), browser(people[who], IPHONE)
    clock(timedelta(minutes=idle, seconds=-1))
    assert is_in(used, page)
    clock(timedelta(minutes=idle))
    assert is_in(used, page)
    answer = left.get(page, follow=True)
    assert "nobody used this browser" in answer.text
    assert [one.device for one in sessions.of(people[who], at=clocks.now())] == ["Safari on iPhone"]
    step = timedelta(minutes=idle - 1)  # use is noted to the minute
    now = timedelta(minutes=idle)
    while now + step < timedelta(hours=longest):
        now += step
        clock(now)
        assert is_in(used, page)
    clock(timedelta(hours=longest))
    assert f"A login lasts {longest} h" in used.get(page, follow=True).text
    assert sessions.of(people[who], at=clocks.now()) == []


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_page_that_asks_by_itself_keeps_no_session_alive(people: People, clock: Clock) -> None:
    watched, touched = browser(people["responder"]), browser(people["responder"], IPHONE)
    for minute in (20, 40, 59):
        clock(timedelta(minutes=minute))
        assert is_in(watched, **{"X-Poll": "1"})
        assert is_in(touched)
    clock(timedelta(minutes=61))
    assert (is_in(watched, **{"X-Poll": "1"}), is_in(touched)) == (False, True)


def test_a_form_sent_after_the_end_changes_nothing(people: People, clock: Clock) -> None:
    late = browser(people["administrator"])
    page = f"/admin/kernel/user/{people['responder'].pk}/change/"
    typed = {"name": "Changed", "email": "responder@desk.test", "roles": ["responder"]}
    clock(timedelta(minutes=30))
    assert late.post(page, {**typed, "is_active": "on"}).status_code == 302
    people["responder"].refresh_from_db()
    assert people["responder"].name == "Responder"


def test_the_description_of_the_api_is_closed_by_the_same_clock(
    people: People, clock: Clock
) -> None:
    reader = browser(people["responder"])
    assert is_in(reader, "/api/v1/docs")
    clock(timedelta(hours=1))
    assert not is_in(reader, "/api/v1/docs")


def test_looking_costs_no_query_and_being_there_one_statement_a_minute(
    people: People, clock: Clock, django_assert_num_queries: Any
) -> None:
    client = browser(people["responder"])
    clock(timedelta(seconds=59))
    before = Session.objects.get(user=people["responder"]).seen_at
    with django_assert_num_queries(2):  # the session and its person
        client.get("/accounts/logout/")
    assert Session.objects.get(user=people["responder"]).seen_at == before
    clock(timedelta(seconds=60))
    client.get("/accounts/logout/")
    assert Session.objects.get(user=people["responder"]).seen_at == clocks.now()
