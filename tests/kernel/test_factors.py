"""The second factor: setting it up, logging in with it, what goes around it and does not get by."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.html import strip_tags

from incidentdesk.kernel import clocks, factors, grants, passwords, tokens
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent, Session, User
from partners.models import Partner
from tests.conftest import PASSWORD, People

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
INDEX, CODE = "/accounts/factor/", "/accounts/factor/code/"
APP, RECOVERY = "/accounts/factor/app/", "/accounts/factor/recovery/"
START = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)  # the beginning of a period
REFUSED = "This code is wrong or was used already"


@pytest.fixture(autouse=True)
def _no_tries_before() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """The machine's clock, which stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def required(settings: Any) -> None:
    """As in production."""
    settings.REQUIRE_MFA = True


def shown(secret: str) -> str:
    """What the app shows at this time."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def log_in(user: User, code: str = "", **more: str) -> Client:
    """A browser in which this person's password was typed, and then a code."""
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, **more})
    assert answer.status_code == 302
    if code:
        assert answer["Location"] == CODE
        client.post(CODE, {"code": code})
    return client


def is_in(client: Client, page: str = "/admin/") -> bool:
    """Whether this browser is shown a page."""
    return client.get(page).status_code == 200


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set up an app: answers its secret and the recovery codes as they were shown."""
    (secret,) = re.findall(r'<code class="secret">(\w+)</code>', client.get(APP).text)
    answer = client.post(APP, {"code": shown(secret)})
    assert answer["Location"] == RECOVERY
    return secret, re.findall(r"<li><code>(\d+)</code></li>", client.get(RECOVERY).text)


# --- setting it up --------------------------------------------------------------------------------


@pytest.mark.asvs("6.3.3", 26)
def test_an_app_is_set_up_and_asked_for_at_the_next_login(
    people: People, clock: time_machine.Traveller, mailoutbox: list[Any]
) -> None:
    user = people["responder"]
    first, elsewhere = log_in(user), log_in(user)
    page = first.get(APP).text
    assert "<svg" in page
    assert "data:" not in page
    assert "wrong or was used" in first.post(APP, {"code": "000000"}).text
    secret, codes = set_up(first)
    assert (len(set(codes)), is_in(first), is_in(elsewhere)) == (10, True, False)
    again = first.get(RECOVERY).text
    assert [code for code in codes if code in again] == []
    assert mailoutbox[-1].to == [user.email]
    assert "an authenticator app was set up" in mailoutbox[-1].body
    assert AuditEvent.objects.filter(action="set up own second factor", user_id=user.pk).exists()

    clock.shift(30)
    half = log_in(user)
    assert not is_in(half)
    assert half.post(CODE, {"code": "123456"}).status_code == 200
    assert not is_in(half)
    half.post(CODE, {"code": shown(secret)})
    assert is_in(half)


def test_secrets_lie_encrypted_and_a_lost_key_makes_no_code_right(
    people: People, clock: time_machine.Traveller, settings: Any
) -> None:
    user = people["responder"]
    secret, codes = set_up(log_in(user))
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        kept = cursor.fetchone()[0]
    assert secret not in kept
    assert [code for code in codes if code in kept] == []
    (rows,) = (list(Authenticator.objects.filter(user=user).order_by("pk")),)
    app, recovery = (row.data for row in rows)
    assert [value[:5] for value in (app["secret"], recovery["seed"])] == ["gAAAA"] * 2
    clock.shift(30)
    settings.SECRET_KEY, former = "another-" * 8, settings.SECRET_KEY
    user.refresh_from_db()
    for code in (shown(secret), shown(""), codes[0]):
        assert not is_in(log_in(user, code))
    cache.clear()
    settings.SECRET_KEY_FALLBACKS = [former]
    assert is_in(log_in(user, shown(secret)))


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.asvs("6.5.1 6.5.5", 27)
def test_a_code_opens_once_also_when_what_counts_tries_forgot_it(
    people: People, clock: time_machine.Traveller
) -> None:
    """ASVS 6.5.1."""
    user = people["responder"]
    secret, _ = set_up(log_in(user))
    assert not is_in(log_in(user, shown(secret)))  # the very code with which it was set up
    clock.shift(30)
    code = shown(secret)
    assert is_in(log_in(user, code))
    clock.shift(20)
    cache.clear()
    assert not is_in(log_in(user, code))
    clock.shift(10)
    assert not is_in(log_in(user, code))  # the former one is over: ASVS 6.5.5
    assert is_in(log_in(user, shown(secret)))


@pytest.mark.asvs("6.5.1 6.5.5", 27)
def test_a_recovery_code_opens_once(people: People, clock: time_machine.Traveller) -> None:
    user = people["responder"]
    _, codes = set_up(log_in(user))
    assert [is_in(log_in(user, codes[3])) for _ in range(2)] == [True, False]
    assert factors.has_one(user)


def test_codes_cannot_be_tried_through(people: People, clock: time_machine.Traveller) -> None:
    user = people["responder"]
    secret, _ = set_up(log_in(user))
    clock.shift(30)
    client = log_in(user)
    for n in range(5):
        assert REFUSED in client.post(CODE, {"code": f"{n:06}"}).text
    assert "Too many tries" in client.post(CODE, {"code": shown(secret)}).text
    assert not is_in(client)


@pytest.mark.asvs("6.4.1 6.4.3", 28)
def test_a_new_password_does_not_get_around_it(
    people: People, clock: time_machine.Traveller
) -> None:
    """ASVS 6.4.3."""
    user = people["responder"]
    secret, _ = set_up(log_in(user))
    clock.shift(30)
    client, new = Client(), "harbour-lantern-9"
    user.refresh_from_db()
    link = passwords.link(user)
    form = client.get(link[link.index("/accounts/") :], follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert not is_in(client)
    answer = client.post(LOGIN, {"login": user.email, "password": new})
    assert answer["Location"] == CODE
    assert not is_in(client)
    client.post(CODE, {"code": shown(secret)})
    assert is_in(client)


def test_a_token_of_a_program_needs_none(people: People, required: None) -> None:
    secret = tokens.make(name="export", scopes=[], by=people.actor("responder"), at=clocks.now())[1]
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/incidents").status_code == 200
    reader = log_in(people["responder"])
    assert reader.get("/api/v1/docs").status_code == 401
    set_up(reader)
    assert reader.get("/api/v1/docs").status_code == 200


# --- who must have one ----------------------------------------------------------------------------


@pytest.mark.asvs("6.3.3", 26)
@pytest.mark.parametrize(
    "page",
    ["/", "/admin/", "/admin/cases/incident/", "/report/", "/accounts/password/change/",
     "/accounts/sessions/", "/admin/kernel/token/do/make/"],
)  # fmt: skip
def test_staff_set_one_up_before_anything_else(people: People, required: None, page: str) -> None:
    """ASVS 6.3.3."""
    client = log_in(people["commander"])
    for answer in (client.get(page), client.post(page)):
        assert (answer.status_code, answer["Location"]) == (302, APP)
    assert "Set up a second factor first" in client.get(APP).text
    set_up(client)
    assert client.get(page).get("Location") != APP


def test_after_setting_it_up_one_goes_on_to_where_one_wanted(
    people: People, required: None
) -> None:
    client = log_in(people["commander"])
    client.get("/admin/cases/incident/?phase=recovery")
    (secret,) = re.findall(r'<code class="secret">(\w+)</code>', client.get(APP).text)
    client.post(APP, {"code": shown(secret)})
    assert (
        'href="/admin/cases/incident/?phase=recovery">I have kept them' in client.get(RECOVERY).text
    )


@pytest.mark.asvs("6.3.3", 26)
def test_of_partners_people_their_administrators_must(
    people: People, helix: Partner, required: None
) -> None:
    assert is_in(log_in(people["helix"]), "/portal/")
    grants.grant(people["helix"], "administer", helix)
    client = log_in(people["helix"])
    assert client.get("/portal/")["Location"] == APP
    assert 'href="/portal/team/"' in client.get(APP).text
    set_up(client)
    assert is_in(client, "/portal/")


@pytest.mark.asvs("6.3.3", 26)
def test_a_browser_that_proved_none_is_let_in_nowhere(people: People, required: None) -> None:
    proven = log_in(people["commander"])
    set_up(proven)
    other = Client()
    other.force_login(people["commander"])  # as a session from before the factor was required
    assert other.get("/admin/")["Location"] == LOGIN
    assert (is_in(other), is_in(proven)) == (False, True)


def test_where_it_is_not_required_nobody_is_led_there(people: People) -> None:
    assert is_in(log_in(people["commander"]))
    assert "Set up an authenticator app" in log_in(people["commander"]).get(INDEX).text


def test_each_passkey_stands_once_on_one_s_own_page(people: People) -> None:
    user, called = people["commander"], ("at home", "laptop")
    for name, used in zip(called, (None, START), strict=True):
        data = {"name": name, "credential": {}}
        Authenticator.objects.create(
            user=user, type="webauthn", data=data, created_at=START, last_used_at=used
        )
    client = Client()
    client.force_login(user)
    page = unescape(" ".join(strip_tags(client.get(INDEX).text).split()))
    assert [page.count(f"{name} since 20 Nov 2026") for name in called] == [1, 1]
    assert ("at home since 20 Nov 2026, never used" in page, page.count("Passkeys")) == (True, 1)


def test_whoever_takes_the_app_away_sets_up_another(
    people: People, clock: time_machine.Traveller, required: None
) -> None:
    client = log_in(people["commander"])
    secret, _ = set_up(client)
    clock.shift(60)
    other = log_in(people["commander"], shown(secret))
    assert is_in(other)
    assert "set up a new one" in client.get(f"{APP}remove/").text
    client.post(f"{APP}remove/")
    assert not Authenticator.objects.filter(user=people["commander"]).exists()
    assert (client.get("/admin/")["Location"], is_in(other)) == (APP, False)
    new, _ = set_up(client)
    assert (is_in(client), new == secret) == (True, False)


# --- lost -----------------------------------------------------------------------------------------


def test_an_administrator_removes_what_was_lost_and_never_reads_it(
    people: People, clock: time_machine.Traveller, required: None, mailoutbox: list[Any]
) -> None:
    user = people["commander"]
    lost = log_in(user)
    secret, codes = set_up(lost)
    keeper = log_in(people["administrator"])
    set_up(keeper)
    page = f"/admin/kernel/user/{user.pk}"
    text = keeper.get(f"{page}/change/").text
    assert "Authenticator app since 20 Nov 2026, never used" in text
    stored = [value for row in Authenticator.objects.all() for value in row.data.values()]
    for hidden in (secret, *codes, *(str(value) for value in stored if isinstance(value, str))):
        assert hidden not in text
    dialog = f"{page}/remove_factor/"
    assert keeper.post(dialog, {"reason": ""}).status_code == 422
    mailoutbox.clear()
    assert keeper.post(dialog, {"reason": "phone lost; called back"}).status_code == 302
    assert (mailoutbox[0].to, "an administrator removed it" in mailoutbox[0].body) == (
        [user.email],
        True,
    )
    event = AuditEvent.objects.get(action="removed the second factor of")
    assert (event.user_id, event.about, event.detail["reason"]) == (
        people["administrator"].pk,
        f"user:{user.pk}",
        "phone lost; called back",
    )
    assert (is_in(lost), is_in(keeper)) == (False, True)
    assert not Session.objects.filter(user=user).exists()
    assert log_in(user).get("/admin/")["Location"] == APP
    assert "has no second factor" in keeper.get(dialog).text


def test_nobody_else_removes_one_and_nobody_their_own(people: People) -> None:
    set_up(log_in(people["commander"]))
    set_up(log_in(people["administrator"]))
    known = {"reason": "lost", "at": clocks.now()}
    with pytest.raises(NotAllowed):
        factors.remove(user_id=people["commander"].pk, by=people.actor("security"), **known)
    keeper = people.actor("administrator")
    with pytest.raises(InvalidInput, match="menu under your name"):
        factors.remove(user_id=people["administrator"].pk, by=keeper, **known)
    with pytest.raises(InvalidInput, match="Say why"):
        factors.remove(user_id=people["commander"].pk, by=keeper, **(known | {"reason": " "}))
    with pytest.raises(Conflict, match="no second factor"):
        factors.remove(user_id=people["auditor"].pk, by=keeper, **known)
    assert Authenticator.objects.count() == 4


def test_the_last_administrator_s_is_removed_on_the_server(people: People) -> None:
    set_up(log_in(people["administrator"]))
    email = people["administrator"].email
    with pytest.raises(CommandError, match="Nobody here"):
        call_command("remove_factor", "nobody@desk.test", reason="lost")
    call_command("remove_factor", email, reason="phone lost", stdout=StringIO())
    event = AuditEvent.objects.get(action="removed the second factor of")
    assert (event.actor, event.detail["reason"]) == ("The desk", "phone lost")
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("remove_factor", email, reason="again")


# --- confirming -----------------------------------------------------------------------------------


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_changing_it_needs_a_login_or_a_confirmation_of_a_moment_ago(
    people: People, clock: time_machine.Traveller
) -> None:
    """ASVS 7.5.1."""
    client = log_in(people["commander"])
    secret, _ = set_up(client)
    clock.shift(timedelta(minutes=16))
    asked = [client.get(RECOVERY)]
    for page in (f"{APP}remove/", f"{RECOVERY}new/"):
        asked += [client.get(page), client.post(page)]
    for answer in asked:
        assert answer["Location"].startswith("/accounts/factor/confirm/?next=")
    assert Authenticator.objects.count() == 2
    by_password = client.post("/accounts/reauthenticate/?next=/", {"password": PASSWORD})
    assert by_password["Location"].startswith("/accounts/factor/confirm/")  # that alone does not do
    assert client.get(f"{APP}remove/").status_code == 302
    client.post(f"/accounts/factor/confirm/?next={APP}remove/", {"code": shown(secret)})
    assert is_in(client, f"{APP}remove/")
