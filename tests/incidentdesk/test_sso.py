"""Single sign-on of staff, against a provider on loopback: who gets in, and with which roles."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client

from incidentdesk.environment import ROLE_KEYS
from incidentdesk.kernel import clocks, federation, fresh, grants, tokens
from incidentdesk.kernel.models import AuditEvent, User
from incidentdesk.kernel.roles import ROLES
from partners.models import Partner
from tests import oidc
from tests.conftest import People
from tests.oidc import Provider

pytestmark = pytest.mark.django_db
BEGIN, LOGIN = "/accounts/sso/login/", "/accounts/login/"
MARA = {
    "sub": "8f1c",
    "email": "Mara@desk.test",
    "email_verified": True,
    "name": "Mara Lind",
    "groups": ["desk-leads", "canteen"],
}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    """The provider, set as in production; Mara is logged in there."""
    cache.clear()
    with oidc.running() as found:
        app = {
            "provider_id": "sso",
            "name": "Keycloak",
            "client_id": oidc.CLIENT,
            "secret": oidc.SECRET,
            "settings": {"server_url": found.url},
        }
        known = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**known, "APPS": [app]}}
        settings.OIDC_URL, settings.OIDC_NAME = found.url, "Keycloak"
        settings.SSO_ROLES = {
            "commander": ["desk-leads"],
            "responder": ["desk", "desk-leads"],
            "administrator": ["desk-keepers"],
        }
        found.person = dict(MARA)
        yield found


def at_provider(client: Client, **more: Any) -> str:
    """Press the button; answers where the provider sends one back to."""
    to = urlsplit(client.post(BEGIN, **more)["Location"])
    connection = http.client.HTTPConnection(to.netloc)
    connection.request("GET", f"{to.path}?{to.query}")
    answer = connection.getresponse()
    back = urlsplit(answer.headers["Location"])
    connection.close()
    return f"{back.path}?{back.query}"


def log_in(client: Client | None = None) -> tuple[Client, str]:
    """The whole way; answers the browser, and what the page says where one ends."""
    client = client or Client()
    return client, client.get(at_provider(client), follow=True).text


def is_in(client: Client) -> bool:
    """Whether this browser is shown the desk."""
    return client.get("/admin/").status_code == 200


def test_somebody_new_gets_the_roles_of_their_groups(provider: Provider, people: People) -> None:
    assert "Log in with Keycloak" in Client().get(LOGIN).text
    client, _ = log_in()
    assert is_in(client)
    user = User.objects.get(email="mara@desk.test")
    assert (user.name, user.roles, user.has_usable_password()) == (
        "Mara Lind",
        ["commander", "responder"],
        False,
    )
    event = AuditEvent.objects.get(action="added person by single sign-on")
    assert (event.actor, event.about, event.detail["groups"]) == (
        "The desk",
        f"user:{user.pk}",
        ["canteen", "desk-leads"],
    )


def test_groups_are_read_anew_at_each_login_and_what_changes_is_recorded(
    provider: Provider, people: People
) -> None:
    log_in()
    provider.person |= {"groups": "desk-keepers", "email": "mara.lind@desk.test"}
    client, _ = log_in()
    assert is_in(client)
    user = User.objects.get(email="mara@desk.test")  # known by their sub from now on
    assert user.roles == ["administrator"]
    assert not User.objects.filter(email="mara.lind@desk.test").exists()
    event = AuditEvent.objects.get(action="changed roles by single sign-on")
    assert event.detail["changes"] == {"roles": [["commander", "responder"], ["administrator"]]}
    log_in()
    assert AuditEvent.objects.filter(action__endswith="by single sign-on").count() == 2


def test_whoever_has_no_group_left_loses_roles_sessions_and_tokens(
    provider: Provider, people: People
) -> None:
    before, _ = log_in()
    user = User.objects.get(email="mara@desk.test")
    secret = tokens.issue(user, name="x", scopes=["read"], days=1, at=clocks.now())[1]
    assert tokens.find(secret, at=clocks.now()) is not None
    provider.person["groups"] = ["canteen"]
    client, text = log_in()
    assert federation.NO_ROLE in text
    user.refresh_from_db()
    assert (user.roles, is_in(before), is_in(client)) == ([], False, False)
    assert tokens.find(secret, at=clocks.now()) is None
    provider.person["groups"] = ["desk"]
    assert is_in(log_in()[0])


def test_without_a_group_or_a_verified_address_nobody_is_added_or_found(
    provider: Provider, people: People
) -> None:
    before = sorted(User.objects.values_list("email", "roles"))
    for person, sentence in (
        ({"groups": ["canteen"]}, federation.NO_ROLE),
        ({"groups": []}, federation.NO_ROLE),
        ({"email_verified": False}, federation.UNVERIFIED),
        ({"email_verified": None}, federation.UNVERIFIED),
        ({"email_verified": False, "email": "responder@desk.test"}, federation.UNVERIFIED),
        ({"groups": ["canteen"], "email": "responder@desk.test"}, federation.NO_ROLE),
    ):
        provider.person = {**MARA, **person}
        client, text = log_in()
        assert sentence in text
        assert not is_in(client)
    assert sorted(User.objects.values_list("email", "roles")) == before
    assert not SocialAccount.objects.exists()


def test_staff_who_were_here_before_are_found_by_their_verified_address(
    provider: Provider, people: People
) -> None:
    provider.person["email"] = people["responder"].email
    client, _ = log_in()
    assert is_in(client)
    people["responder"].refresh_from_db()
    assert people["responder"].roles == ["commander", "responder"]
    User.objects.filter(pk=people["responder"].pk).update(is_active=False)
    client, text = log_in()
    assert federation.SWITCHED_OFF in text
    assert not is_in(client)


def test_nobody_at_a_partner_is_taken_over(
    provider: Provider, people: People, helix: Partner
) -> None:
    provider.person["email"] = people["helix"].email
    left = User.objects.create_user("left@helix.test", None, name="Left the partner")
    for email in (people["helix"].email, left.email):
        provider.person["email"] = email
        client, text = log_in()
        assert federation.PARTNERS in text
        assert client.get("/portal/").status_code == 302
    people["helix"].refresh_from_db()
    assert (people["helix"].roles, SocialAccount.objects.count()) == ([], 0)
    assert grants.tenant_ids(people["helix"].pk) == [helix.pk]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": True},
        {"iss": "https://evil.test"},
        {"aud": "another"},
        {"exp": 1},
        {"sub": "somebody else"},
    ],
)
def test_a_token_that_is_not_signed_for_us_lets_nobody_in(
    provider: Provider, people: People, wrong: dict[str, Any]
) -> None:
    if wrong.pop("key", None):
        provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    provider.token = wrong
    client, text = log_in()
    assert "Your provider did not log you in" in text
    assert not is_in(client)
    assert not User.objects.filter(email="mara@desk.test").exists()


def test_the_way_back_opens_once_and_in_the_browser_that_went_there_only(
    provider: Provider, people: People
) -> None:
    victim, thief = Client(), Client()
    back = at_provider(victim)
    assert "did not log you in" in thief.get(back, follow=True).text
    assert is_in(log_in(victim)[0])
    again = Client()
    assert "did not log you in" in again.get(back, follow=True).text
    assert not is_in(again)


def test_the_provider_is_sent_to_by_a_button_and_back_to_the_desk_s_own_address(
    provider: Provider, people: People, settings: Any
) -> None:
    settings.SITE_URL = "https://desk.example"
    settings.ALLOWED_HOSTS = ["desk.example", "evil.example"]
    answer = Client().get(BEGIN, headers={"Host": "desk.example"})
    assert answer.status_code == 200  # a page with a button, and no redirect
    at_provider(Client(), headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert provider.asked["redirect_uri"] == "https://desk.example/accounts/sso/login/callback/"


def test_several_factors_at_the_provider_count_where_one_is_required(
    provider: Provider, people: People, settings: Any
) -> None:
    settings.REQUIRE_MFA = True
    client, _ = log_in()
    assert client.get("/admin/")["Location"] == "/accounts/factor/app/"
    provider.token = {"amr": ["pwd", "mfa"]}
    assert is_in(log_in()[0])


def test_a_provider_that_is_away_is_a_sentence(provider: Provider, settings: Any) -> None:
    providers = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
    away = {**providers["APPS"][0], "settings": {"server_url": "http://127.0.0.1:9"}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**providers, "APPS": [away]}}
    assert "did not log you in" in Client().post(BEGIN, follow=True).text


def test_without_a_provider_there_is_no_button_and_no_way(people: People) -> None:
    assert "single sign-on" not in Client().get(LOGIN).text
    for address in (BEGIN, f"{BEGIN}callback/", "/accounts/other/login/"):
        assert Client().get(address).status_code == 404


def test_the_settings_know_the_roles() -> None:
    assert set(ROLE_KEYS) == set(ROLES)


# --- confirming that it is still they -------------------------------------------------------------


def may_change(client: Client) -> bool:
    """Whether something grave is open to this browser without another question."""
    return client.get("/accounts/factor/app/").status_code == 200


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_provider_that_remembers_somebody_confirms_nothing(provider: Provider) -> None:
    client, _ = log_in()  # it says nothing of when it asked
    assert (is_in(client), may_change(client)) == (True, False)
    now = clocks.now().timestamp()
    provider.token = {"auth_time": int(now) - 3600}
    client, _ = log_in()
    assert (is_in(client), may_change(client)) == (True, False)
    provider.token = {"auth_time": int(now) - 60}
    assert may_change(log_in()[0])


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_second_way_back_makes_no_old_word_of_the_provider_fresh(provider: Provider) -> None:
    provider.token = {"auth_time": int(clocks.now().timestamp()) - 3600}
    client = Client()
    for back in [at_provider(client), at_provider(client)]:
        client.get(back)
        assert (is_in(client), may_change(client)) == (True, False)


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_way_that_began_without_being_asked_confirms_nothing(provider: Provider) -> None:
    client = Client()  # the provider says nothing of when it asked
    first, second = at_provider(client), at_provider(client)
    client.get(first)
    at_provider(client)  # it would ask
    assert "did not log you in" in client.get(second, follow=True).text
    assert (is_in(client), may_change(client)) == (True, False)


def test_a_factor_at_the_provider_outlives_a_confirmation(
    provider: Provider, settings: Any
) -> None:
    settings.REQUIRE_MFA = True
    provider.token = {"amr": ["pwd", "mfa"], "auth_time": int(clocks.now().timestamp())}
    client, _ = log_in()
    assert is_in(client)
    log_in(client)
    assert (is_in(client), may_change(client)) == (True, True)
    provider.token["amr"] = ["pwd"]
    log_in(client)
    assert client.get("/admin/")["Location"] == "/accounts/factor/app/"


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_its_word_is_kept_while_a_factor_of_the_desk_is_asked_for(provider: Provider) -> None:
    log_in()
    user = User.objects.get(email="mara@desk.test")
    secret = "JBSWY3DPEHPK3PXP"
    encrypt = get_adapter().encrypt
    Authenticator.objects.create(user=user, type="totp", data={"secret": encrypt(secret)})
    then = clocks.now() - timedelta(minutes=1)
    Authenticator.objects.update(created_at=then)
    provider.token = {"auth_time": int(then.timestamp()) - 3600}
    client, _ = log_in()
    assert not is_in(client)
    code = format_hotp_value(hotp_value(secret, int(clocks.now().timestamp()) // 30))
    client.post("/accounts/factor/code/", {"code": code})
    assert (is_in(client), client.session[fresh.VOUCHED]) == (True, provider.token["auth_time"])


def test_what_the_provider_says_is_not_kept(provider: Provider) -> None:
    for _ in range(2):
        log_in()
        assert list(SocialAccount.objects.values_list("uid", "extra_data")) == [("8f1c", {})]


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_to_confirm_it_the_provider_has_to_ask_and_its_word_on_when_counts(
    provider: Provider,
) -> None:
    client, _ = log_in()
    assert not {"prompt", "max_age"} & provider.asked.keys()
    provider.token = {"auth_time": int(clocks.now().timestamp()) - 3600}
    _, said = log_in(client)
    assert (provider.asked["prompt"], provider.asked["max_age"]) == ("login", "0")
    assert "did not ask who you are" in said
    assert (is_in(client), may_change(client)) == (True, False)
    provider.token = {"auth_time": int(clocks.now().timestamp())}
    log_in(client)
    assert (is_in(client), may_change(client)) == (True, True)


def test_nobody_changes_what_the_provider_is_asked(provider: Provider) -> None:
    client, _ = log_in()
    for more in ("auth_params=prompt%3Dnone", "scope=openid", "process=redirect"):
        assert client.post(f"{BEGIN}?{more}").status_code == 404
    assert client.post(BEGIN, {"process": "redirect"}).status_code == 404


@pytest.mark.asvs("6.3.3", 26)
def test_who_has_to_set_up_a_factor_gets_there_by_way_of_the_provider(
    provider: Provider, settings: Any
) -> None:
    settings.REQUIRE_MFA = True
    client, _ = log_in()
    place = "/accounts/factor/app/"
    answer = client.get(place, follow=True)
    way = [to for to, _ in answer.redirect_chain]
    assert way[-1].startswith(BEGIN)
    log_in(client)  # the provider asks
    assert may_change(client)
