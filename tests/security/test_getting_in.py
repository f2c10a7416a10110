"""An attacker at the door: with nothing, half a login, a cookie, or a partner's login."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from incidentdesk.kernel import clocks, passwords
from incidentdesk.kernel.models import Session, User
from incidentdesk.kernel.shown_once import digest
from tests.conftest import PASSWORD, People

pytestmark = pytest.mark.django_db
LOGIN, CODE = "/accounts/login/", "/accounts/factor/code/"
ELSEWHERE = (
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "https:///evil.example",
    "http://testserver@evil.example/",
    "javascript:alert(1)",
    "/%09/evil.example",
    "\t//evil.example",
    "///evil.example",
    "//evil.example/%2e%2e",
)
PAGES = (
    "/",
    "/admin/",
    "/admin/cases/incident/",
    "/admin/kernel/auditevent/",
    "/portal/",
    "/report/",
    "/api/v1/docs",
    "/accounts/sessions/",
    "/accounts/password/change/",
    "/accounts/factor/",
    "/accounts/factor/app/",
    "/accounts/factor/app/remove/",
    "/accounts/factor/passkey/",
    "/accounts/factor/recovery/",
    "/accounts/factor/recovery/new/",
    "/accounts/factor/confirm/",
    "/accounts/factor/confirm/passkey/",
    "/accounts/reauthenticate/",
    "/accounts/partner/",
)


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def guarded(people: People) -> User:
    """A responder with recovery codes and an app whose secret nobody here knows."""
    user = people["responder"]
    Authenticator.objects.create(user=user, type="totp", data={"secret": "unknown"})
    RecoveryCodes.activate(user)
    return user


def half_way(user: User, client: Client | None = None, **more: Any) -> Client:
    """A browser in which the password was typed, and no code."""
    client = client or Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, **more})
    assert answer["Location"].startswith(CODE)
    return client


def is_nobody(client: Client) -> bool:
    """Whether no page takes this browser for anybody."""
    return not client.session.get("_auth_user_id") and client.get("/admin/").status_code == 302


@pytest.mark.asvs("6.3.3", 26)
@pytest.mark.parametrize("page", PAGES)
def test_half_a_login_opens_no_page_and_takes_no_form(guarded: User, page: str) -> None:
    client = half_way(guarded)
    for answer in (client.get(page), client.post(page, {"code": "000000", "password": PASSWORD})):
        if answer.status_code == 302:
            assert urlsplit(answer["Location"]).path in (LOGIN, CODE, "/admin/login/")
        else:
            assert answer.status_code in (401, 403, 404, 405)
    assert is_nobody(client)


@pytest.mark.asvs("6.3.3", 26)
def test_setting_a_password_by_mail_does_not_get_past_the_second_factor(guarded: User) -> None:
    client = Client()
    answer = client.get(passwords.link(guarded), follow=True)
    place = answer.redirect_chain[-1][0]
    client.post(place, {"password1": "another-lantern-9", "password2": "another-lantern-9"})
    guarded.refresh_from_db()
    assert guarded.check_password("another-lantern-9")
    assert is_nobody(client)
    answer = client.post(LOGIN, {"login": guarded.email, "password": "another-lantern-9"})
    assert answer["Location"].startswith(CODE)
    assert is_nobody(client)


@pytest.mark.asvs("2.4.1", 11)
def test_a_thousand_codes_are_five_tries_and_no_other_browser_gives_more(guarded: User) -> None:
    tried: list[str] = []
    original = RecoveryCodes.validate_code

    def counted(self: Any, code: str) -> bool:
        tried.append(code)
        return bool(original(self, code))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecoveryCodes, "validate_code", counted)
        clients = [half_way(guarded) for _ in range(4)]
        for number in range(1_000):
            address = {"REMOTE_ADDR": f"198.51.100.{number % 250}"}
            clients[number % 4].post(CODE, {"code": f"{number:08}"}, **address)
    assert len(tried) <= 5
    assert all(is_nobody(client) for client in clients)


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_a_session_that_an_attacker_planted_is_not_the_one_that_is_logged_in(
    people: People, guarded: User
) -> None:
    attacker, victim = Client(), Client()
    session = attacker.session  # begun by nobody, and known to the attacker
    session["_"] = 1
    session.save()
    planted = session.session_key
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted
    victim.post(LOGIN, {"login": people["commander"].email, "password": PASSWORD})
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert victim.get("/admin/").status_code == 200
    assert is_nobody(attacker)
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_half_login_that_an_attacker_planted_takes_no_password_of_its_victim(
    people: People, guarded: User
) -> None:
    attacker, victim = half_way(guarded), Client()
    planted = attacker.cookies[settings.SESSION_COOKIE_NAME].value
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted
    answer = victim.post(LOGIN, {"login": people["commander"].email, "password": PASSWORD})
    assert answer["Location"].startswith(CODE)
    assert is_nobody(attacker)
    victim.post("/accounts/logout/")  # “Begin anew”
    victim.post(LOGIN, {"login": people["commander"].email, "password": PASSWORD})
    assert victim.get("/admin/").status_code == 200
    assert is_nobody(attacker)


@pytest.mark.asvs("1.2.2 3.7.2", 20)
@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_next_leads_elsewhere(people: People, to: str) -> None:
    client = Client()
    known = {"login": people["commander"].email, "password": PASSWORD, "next": to}
    answers = [client.post(f"{LOGIN}?next={to}", known)]
    answers.append(client.get(LOGIN, {"next": to}))
    again = {"password": PASSWORD, "next": to}
    answers.append(client.post("/accounts/reauthenticate/", again))
    answers.append(client.post("/accounts/logout/", {"next": to}))
    for answer in answers:
        found = urlsplit(answer.get("Location", "/"))
        assert (found.scheme, found.netloc) == ("", "")
        assert not answer.get("Location", "/").startswith(("//", "/\\", "\\"))


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_form_sent_straight_to_what_is_grave_asks_who_it_is(people: People) -> None:
    user, client = people["administrator"], Client()
    client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    Authenticator.objects.create(user=user, type="totp", data={"secret": "unknown"})
    other = people["responder"]
    with time_machine.travel(clocks.now() + timedelta(minutes=16), tick=False):
        for page, form in (
            ("/accounts/factor/app/remove/", {}),
            ("/accounts/factor/recovery/new/", {}),
            ("/accounts/factor/passkey/", {"credential": "{}"}),
            (f"/admin/kernel/user/{other.pk}/change/", {"roles": ["administrator"], "name": "x"}),
        ):
            client.post(page, form)
        assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
        client.post("/accounts/factor/app/remove/")  # the password alone confirms nothing
    other.refresh_from_db()
    assert other.roles == ["responder"]
    kept = Authenticator.objects.filter(user=user).values_list("type", flat=True)
    assert list(kept) == ["totp"]


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_nobody_ends_the_sessions_of_another(people: People, helix: Any, as_: Any) -> None:
    theirs = as_("administrator")
    assert theirs.get("/admin/").status_code == 200
    keys = list(Session.objects.values_list("session_key", flat=True))
    for key in ("responder", "helix"):
        attacker = as_(key)
        for known in [*keys, *(digest(key)[:16] for key in keys)]:
            attacker.post("/accounts/sessions/", {"session": known})
        attacker.post("/accounts/sessions/", {"others": "1"})
    assert theirs.get("/admin/").status_code == 200


def test_a_stolen_or_forged_cookie_of_a_known_browser_lets_nobody_in_and_gives_few_tries(
    people: People,
) -> None:
    name = settings.KNOWN_COOKIE_NAME
    owner, other = people["responder"], people["commander"]
    mine = Client()
    mine.post(LOGIN, {"login": owner.email, "password": PASSWORD})
    stolen = mine.cookies[name].value
    for value in (stolen, stolen[:-2] + "xx", "", "x:y:z", "\\u0000", "[1]:1:1"):
        client = Client()
        client.cookies[name] = value
        assert client.get("/admin/").status_code == 302
        tries = [
            client.post(LOGIN, {"login": person.email, "password": f"guess-{n}"})
            for person in (owner, other)
            for n in range(12)
        ]
        assert {answer.status_code for answer in tries} <= {200, 429}
        assert is_nobody(client)
        said = tries[-1].content.decode() if tries[-1].status_code == 200 else ""
        assert "Too many tries" in said or tries[-1].status_code == 429
        cache.clear()


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_whoever_is_switched_off_half_way_does_not_get_in(guarded: User) -> None:
    client = half_way(guarded)
    codes = RecoveryCodes(Authenticator.objects.get(user=guarded, type="recovery_codes"))
    code = codes.get_unused_codes()[0]
    User.objects.filter(pk=guarded.pk).update(is_active=False)
    client.post(CODE, {"code": code})
    assert is_nobody(client)


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_a_password_that_is_changed_half_way_ends_what_was_begun_with_the_former(
    guarded: User,
) -> None:
    client = half_way(guarded)
    codes = RecoveryCodes(Authenticator.objects.get(user=guarded, type="recovery_codes"))
    code = codes.get_unused_codes()[0]
    guarded.set_password("another-lantern-9")
    guarded.save()
    client.post(CODE, {"code": code})
    assert is_nobody(client)


def test_the_login_says_the_same_of_an_address_that_there_is_and_of_one_that_there_is_not(
    people: People,
) -> None:
    said = []
    for email in (people["responder"].email, "nobody@desk.test"):
        page = Client().post(LOGIN, {"login": email, "password": "wrong-wrong-9"}).content.decode()
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|' + re.escape(email), "", page)
        said.append(page)
    assert said[0] == said[1]


def test_with_a_partner_s_login_no_page_of_the_desk_opens(helix: Any, as_: Any) -> None:
    client = as_("helix")
    for page in ("/admin/", "/admin/kernel/user/", "/admin/kernel/auditevent/export/"):
        assert client.get(page).status_code in (302, 403, 404)
        assert client.post(page, {"roles": "administrator"}).status_code in (302, 403, 404)
    assert client.get("/accounts/view-as/HELIX/").status_code == 404
    assert client.post("/accounts/view-as/NORR/").status_code == 404
