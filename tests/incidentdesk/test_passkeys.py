"""Passkeys in a real browser with a virtual key: added, asked for, confirmed by, and removed."""

from __future__ import annotations

import json
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from incidentdesk import passkeys
from incidentdesk.kernel import factors
from incidentdesk.kernel.models import AuditEvent, User
from tests.conftest import PASSWORD, People
from tests.journeys import stack

LACKS = stack.BROWSER_LACKS
pytestmark = pytest.mark.django_db(transaction=True)
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
# What is kept of a key that somebody added, as its browser sent it.
REGISTERED = {
    "type": "public-key",
    "id": "AAAAAAAAAAAAAAAAAAAAAA",
    "rawId": "AAAAAAAAAAAAAAAAAAAAAA",
    "response": {
        "clientDataJSON": (
            "eyJ0eXBlIjogIndlYmF1dGhuLmNyZWF0ZSIsICJjaGFsbGVuZ2UiOiAiQUEiLCAib3JpZ2luIjogImh0"
            "dHA6Ly90ZXN0c2VydmVyIn0"
        ),
        "attestationObject": (
            "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViU69q3JHqY58lN6TBm0kw4r9mgyimONoS0ersRMfzJ"
            "8gBFAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAClAQIDJiABIVggr_w4x2cjZdCO"
            "EVVWCt7kZnz-f_eS6zbaPeyzI8WcH74iWCBeZSRzRJZCC3UUJwph0FKLs_5eLigYQDYIceTFxSxCMA"
        ),
    },
    "clientExtensionResults": {},
}
KEPT = {"name": "x", "credential": REGISTERED}
needs_browser = pytest.mark.skipif(
    bool(LACKS) and os.environ.get("CI") != "true", reason=LACKS or "there is one"
)


@pytest.fixture(autouse=True)
def _no_tries_before() -> None:
    cache.clear()


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """The desk at its own address, where a second factor is required."""
    settings.SITE_URL, settings.REQUIRE_MFA = live_server.url, True
    assert urlsplit(live_server.url).hostname == "localhost"
    return str(live_server.url)


@pytest.fixture
def page(site: str) -> Iterator[Page]:
    """A browser into which a security key is plugged."""
    with sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-quic"]
        )
        found = browser.new_context(base_url=site).new_page()
        faults: list[str] = []
        found.on("console", lambda said: faults.append(said.text) if "olicy" in said.text else None)
        plug_in(found)
        yield found
        browser.close()
    assert faults == []  # nothing that the policy of these pages refuses


def plug_in(page: Page) -> tuple[Any, str]:
    """A virtual security key."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return session, made["authenticatorId"]


def type_password(page: Page, user: User) -> None:
    """The first step of a login."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def add(page: Page, name: str) -> None:
    """Add the key that is plugged in."""
    page.goto("/accounts/factor/passkey/")
    page.get_by_label("What you call it").fill(name)
    page.get_by_role("button", name="Add a passkey").click()


@needs_browser
@pytest.mark.asvs("6.3.3", 26)
def test_a_passkey_is_added_asked_for_confirmed_by_and_removed(
    page: Page, people: People, mailoutbox: list[Any]
) -> None:
    user = people["responder"]
    type_password(page, user)
    page.goto("/admin/")
    expect(page).to_have_url(re.compile("/accounts/factor/app/$"))  # nothing else is open
    page.get_by_role("link", name="Add a passkey").click()
    add(page, "YubiKey at home")
    expect(page).to_have_url(re.compile("/accounts/factor/recovery/$"))
    codes = re.findall(r"<li><code>(\d+)</code></li>", page.content())
    assert len(codes) == 10
    assert page.goto("/admin/").status == 200
    assert mailoutbox[-1].to == [user.email]
    assert "a passkey was added" in mailoutbox[-1].body
    [words, _] = factors.in_words(user)
    assert words.startswith("Passkey “YubiKey at home” since")
    kept = Authenticator.objects.get(user=user, type="webauthn")
    line = AuditEvent.objects.get(action="set up own second factor")
    assert (line.user_id, line.detail["passkey"]) == (user.pk, "YubiKey at home")

    page.context.clear_cookies()
    type_password(page, user)
    expect(page).to_have_url(re.compile("/accounts/factor/code/$"))
    half = Client()
    half.cookies.load({c["name"]: c["value"] for c in page.context.cookies()})
    assert half.get("/admin/").status_code == 302  # the password alone opens nothing
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/admin/$"))
    kept.refresh_from_db()
    assert kept.last_used_at is not None

    page.goto("/accounts/factor/confirm/passkey/?next=/accounts/factor/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/accounts/factor/$"))
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("What you call it").fill("The blue one")
    page.get_by_role("button", name="Rename it").click()
    expect(page.locator("b", has_text="The blue one")).to_be_visible()
    page.get_by_role("link", name="Remove The blue one").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page).to_have_url(re.compile("/accounts/factor/$"))
    assert Authenticator.objects.filter(user=user).count() == 0  # the recovery codes go with it
    page.goto("/admin/")
    expect(page).to_have_url(re.compile("/accounts/factor/app/$"))
    said = AuditEvent.objects.filter(user_id=user.pk, detail__has_key="passkey").order_by("pk")
    assert list(said.values_list("action", flat=True)) == [
        "set up own second factor",
        "renamed own passkey",
        "removed own second factor",
    ]


@needs_browser
def test_without_the_key_a_page_says_so_and_a_recovery_code_lets_one_in(
    page: Page, people: People
) -> None:
    user = people["responder"]
    type_password(page, user)
    add(page, "")
    expect(page).to_have_url(re.compile("/accounts/factor/recovery/$"))
    [code, *_] = re.findall(r"<li><code>(\d+)</code></li>", page.content())
    assert factors.in_words(user)[0].startswith("Passkey “Passkey” since")
    page.context.clear_cookies()
    page.close()
    other = page.context.new_page()  # nothing is plugged into this one
    session = other.context.new_cdp_session(other)
    session.send("WebAuthn.enable")
    type_password(other, user)
    other.get_by_label("Code").fill(code)
    other.get_by_role("button", name="Log in").click()
    expect(other).to_have_url(re.compile("/admin/$"))


@needs_browser
@pytest.mark.asvs("6.5.1 6.5.5", 27)
def test_an_answer_of_a_passkey_counts_once_for_its_owner_and_from_the_desk_s_page_alone(
    page: Page, people: People, settings: Any, site: str
) -> None:
    user, other = people["responder"], people["commander"]
    type_password(page, user)
    add(page, "mine")
    expect(page).to_have_url(re.compile("/accounts/factor/recovery/$"))
    page.context.clear_cookies()
    type_password(page, user)
    sent: list[str] = []

    def take(route: Any) -> None:
        sent.append(route.request.post_data or "")
        route.abort()

    page.route("**/accounts/factor/code/", take)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_timeout(500)
    answer = parse_qs(sent[-1])["credential"][0]

    def half(person: User) -> Client:
        client = Client()
        client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
        return client

    mine = Client()
    mine.cookies.load({c["name"]: c["value"] for c in page.context.cookies()})
    tried = json.loads(answer)
    code = "/accounts/factor/code/"
    settings.SITE_URL = "https://desk.example"  # the page at which it answered is another now
    assert mine.post(code, {"credential": answer}).status_code == 200
    settings.SITE_URL = site
    for wrong in (answer, json.dumps({**tried, "id": "AAAA", "rawId": "AAAA"})):
        for person in (other, user):  # asked in another browser: another question
            assert half(person).post(code, {"credential": wrong}).status_code in (200, 302)
            assert half(person).get("/admin/")["Location"] != "/admin/"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "7",
        "[]",
        "{}",
        '{"response": 1}',
        '{"response": {"clientDataJSON": "%%%"}}',
        '{"response": {"clientDataJSON": "bnVsbA"}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"authenticatorData": "AA",'
        ' "clientDataJSON": "eyJvcmlnaW4iOiAiaHR0cDovL3Rlc3RzZXJ2ZXIifQ", "signature": "AA"}}',
    ],
)
def test_what_is_no_answer_of_a_passkey_is_refused_in_words(
    people: People, answer: str, settings: Any
) -> None:
    settings.SITE_URL = "http://testserver"
    user, client = people["responder"], Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    place, confirm = "/accounts/factor/passkey/", "/accounts/factor/confirm/passkey/"
    client.get(place)
    assert client.post(place, {"credential": answer, "name": "x"}).status_code == 200
    assert not Authenticator.objects.exists()
    Authenticator.objects.create(user=user, type="webauthn", data=KEPT)
    client.get(confirm)
    assert client.post(confirm, {"credential": answer}).status_code == 200
    half = Client()
    half.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert half.get("/accounts/factor/code/").status_code == 200
    assert half.post("/accounts/factor/code/", {"credential": answer}).status_code == 200
    assert half.get("/admin/").status_code == 302


def test_a_passkey_of_somebody_else_is_not_there_and_adding_asks_who_one_is(
    people: People,
) -> None:
    theirs = Authenticator.objects.create(
        user=people["commander"], type="webauthn", data={"name": "theirs", "credential": {}}
    )
    client = Client()
    client.post("/accounts/login/", {"login": people["responder"].email, "password": PASSWORD})
    for place in (f"{theirs.pk}/", f"{theirs.pk}/remove/"):
        assert client.get(f"/accounts/factor/passkey/{place}").status_code == 404
        assert client.post(f"/accounts/factor/passkey/{place}", {"name": "x"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.data["name"] == "theirs"
    session = client.session
    session["began"] = 0.0
    session.save()
    for place in ("", f"{theirs.pk}/", f"{theirs.pk}/remove/"):
        answer = client.post(f"/accounts/factor/passkey/{place}", {"name": "x"})
        assert answer["Location"].startswith(("/accounts/reauthenticate/", "/accounts/login/"))


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ("https://Desk.Example:443/desk", "https://desk.example"),
        ("http://DESK.example:80", "http://desk.example"),
        ("https://desk.example:8443", "https://desk.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://desk.example:80", "https://desk.example:80"),
    ],
)
def test_an_answer_counts_from_the_address_as_browsers_say_it(
    settings: Any, site: str, said: str
) -> None:
    settings.SITE_URL = site
    assert passkeys.origin() == said
    for other, is_taken in ((said, True), (f"{said}1", False), (said.replace("//", "//a."), False)):
        data = urlsafe_b64encode(json.dumps({"origin": other}).encode()).decode().rstrip("=")
        credential = {"response": {"clientDataJSON": data}}
        if is_taken:
            assert passkeys._taken(credential, lambda: "taken") == "taken"
        else:
            with pytest.raises(ValidationError):
                passkeys._taken(credential, lambda: "taken")
