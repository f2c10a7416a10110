"""Before somebody is let in or given a right, whoever does it has to be surely there (7.5.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from incidentdesk.kernel import clocks, grants
from incidentdesk.kernel.models import Token, User
from partners.models import Invitation, Partner
from tests.conftest import NOW, PASSWORD, People

pytestmark = pytest.mark.django_db
CONFIRM = "/accounts/reauthenticate/"
ASKED = "confirm that it is you"
Later = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_tries_before() -> None:
    cache.clear()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """`later(minutes=16)`: it is so long after the login."""

    def move(**span: float) -> None:
        monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(**span))

    move()
    return move


def browser(user: User) -> Client:
    """One in which this person logged in at NOW."""
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("/admin/kernel/user/{}/set_password/", {"password": "harbour-lantern-9"}),
        ("/admin/kernel/user/{}/mail_link/", {}),
        ("/admin/kernel/user/{}/remove_factor/", {"reason": "lost"}),
        ("/admin/kernel/token/do/make/", {"name": "export", "days": "7"}),
    ],
)
def test_a_dialog_that_lets_somebody_in_asks_who_is_there(
    people: People, later: Later, page: str, typed: dict[str, str]
) -> None:
    Authenticator.objects.create(user=people["responder"], type="totp", data={"secret": "x"})
    keeper, page = browser(people["administrator"]), page.format(people["responder"].pk)
    later(minutes=14.9)
    assert keeper.get(page).status_code == 200
    later(minutes=15)
    asked = f"{CONFIRM}?next={quote(page)}"
    assert keeper.get(page)["Location"] == asked
    assert keeper.get(page, headers={"X-Dialog": "1"})["X-Location"] == asked
    before = people["responder"].password
    answer = keeper.post(page, typed)
    assert answer.status_code == 422
    assert ASKED in answer.text
    people["responder"].refresh_from_db()
    assert (people["responder"].password, Token.objects.count()) == (before, 0)
    assert keeper.post(asked, {"password": "wrong"}).status_code == 200
    assert keeper.get(page).status_code == 302
    assert keeper.post(asked, {"password": PASSWORD})["Location"] == page
    assert keeper.get(page).status_code == 200
    assert Authenticator.objects.count() == 1


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_right_an_address_or_a_login_is_changed_by_who_is_surely_there(
    people: People, later: Later
) -> None:
    keeper, user = browser(people["administrator"]), people["responder"]
    page = f"/admin/kernel/user/{user.pk}/change/"
    same = {"name": "Mara", "email": user.email, "roles": ["responder"], "is_active": "on"}
    later(minutes=16)
    assert keeper.get(page).status_code == 200
    for change in (
        {"roles": ["responder", "administrator"]},
        {"email": "other@desk.test"},
        {"is_active": ""},
    ):
        answer = keeper.post(page, {key: v for key, v in {**same, **change}.items() if v})
        assert ASKED in answer.text
        user.refresh_from_db()
        assert (user.roles, user.email, user.is_active) == (["responder"], same["email"], True)
    assert keeper.post(page, same).status_code == 302  # a name is none of these
    new = {"name": "New", "email": "new@desk.test", "roles": ["auditor"]}
    assert ASKED in keeper.post("/admin/kernel/user/add/", new).text
    assert not User.objects.filter(email="new@desk.test").exists()
    keeper.post(f"{CONFIRM}?next=/admin/", {"password": PASSWORD})
    keeper.post(page, {**same, "roles": ["responder", "auditor"]})
    user.refresh_from_db()
    assert user.roles == ["auditor", "responder"]


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_the_same_at_a_partner(people: People, helix: Partner, later: Later) -> None:
    grants.grant(people["helix"], "administer", helix)
    client = browser(people["helix"])
    later(minutes=16)
    invited = {"name": "Ida", "email": "ida@helix.test", "right": "act", "job": ""}
    for page, typed in (
        ("/portal/tokens/make/", {"name": "status page", "days": "30"}),
        ("/portal/team/invite/", invited),
    ):
        answer = client.post(page, typed)
        assert (answer.status_code, ASKED in answer.text) == (422, True)
    assert (Token.objects.count(), Invitation.objects.count()) == (0, 0)
    numbers = re.findall(r"/portal/team/people/(\d+)/change/", client.get("/portal/team/").text)
    for number in numbers:
        changed = client.post(f"/portal/team/people/{number}/change/", {"right": "audit"})
        assert changed["Location"] == f"{CONFIRM}?next=/portal/team/"
    client.post(f"{CONFIRM}?next=/portal/", {"password": PASSWORD})
    assert (
        client.post("/portal/tokens/make/", {"name": "status page", "days": "30"}).status_code
        == 302
    )
    assert Token.objects.count() == 1


@pytest.mark.asvs("1.2.2 3.7.2", 20)
@pytest.mark.parametrize("wanted", ["//evil.test", "https://evil.test/", "javascript:alert(1)"])
def test_confirming_leads_nowhere_else(people: People, wanted: str, later: Any) -> None:
    client = browser(people["responder"])
    answer = client.post(f"{CONFIRM}?next={quote(wanted)}", {"password": PASSWORD})
    assert answer["Location"] == "/"
