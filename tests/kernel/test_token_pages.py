"""The page “API tokens”: making one, seeing its secret once, revoking it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from incidentdesk.kernel import clocks, tokens
from incidentdesk.kernel.models import Token
from tests.incidentdesk.conftest import queries_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/kernel/token/"


@pytest.fixture
def token(people):
    """A token of the commander."""
    return tokens.make(
        name="status page", scopes=["command"], by=people.actor("commander"), at=clocks.now()
    )[0]


def test_a_token_is_made_from_the_menu_and_its_secret_shown_once(as_):
    browser = as_("responder")
    assert f'href="{LIST}"' in browser.get("/admin/").content.decode()
    form = browser.get(f"{LIST}do/make/")
    assert "works on incidents" in text_of(form)
    assert "moves incidents" not in text_of(form)
    made = browser.post(
        f"{LIST}do/make/", {"name": "export", "scopes": ["respond"], "days": "7"}, follow=True
    )
    (secret,) = re.findall(r"desk_[\w-]{43}", text_of(made))
    token = tokens.find(secret, at=clocks.now())
    assert (token.name, token.scopes) == ("export", ["read", "respond"])
    assert token.expires_at - token.created_at == timedelta(days=7)
    for page in (LIST, f"{LIST}{token.pk}/change/"):
        assert "desk_" not in text_of(browser.get(page))


def test_what_cannot_be_is_refused_on_the_form(as_):
    browser = as_("responder")
    for wrong in (
        {"name": "", "days": "7"},
        {"name": "x", "days": "366"},
        {"name": "x", "days": "7", "scopes": ["command"]},
    ):
        assert browser.post(f"{LIST}do/make/", wrong).status_code == 422
    assert not Token.objects.exists()


def test_one_sees_one_s_own_tokens_and_an_administrator_everybody_s(as_, token):
    page = f"{LIST}{token.pk}/change/"
    found = {
        who: (browser.get(page).status_code, "status page" in text_of(browser.get(LIST)))
        for who in ("commander", "administrator", "responder", "auditor")
        for browser in [as_(who)]
    }
    assert found == {
        "commander": (200, True),
        "administrator": (200, True),
        "responder": (404, False),
        "auditor": (404, False),
    }


def test_a_token_is_revoked_from_its_page(as_, token):
    dialog = f"{LIST}{token.pk}/do/revoke/"
    assert as_("responder").post(dialog).status_code == 404
    done = as_("commander").post(dialog, follow=True)
    assert "“status page” is revoked" in text_of(done)
    assert Token.objects.get(pk=token.pk).revoked_at is not None
    assert "Revoked" in text_of(as_("commander").get(f"{LIST}{token.pk}/change/"))


def test_the_list_costs_the_same_for_one_token_and_for_fifteen(as_, people, token):
    browser = as_("administrator")
    few = queries_of(browser, LIST)
    for key in ("responder", "approver", "security", "auditor", "communications"):
        for _ in range(3):
            tokens.make(name=key, scopes=[], by=people.actor(key), at=clocks.now())
    assert queries_of(browser, LIST) == few
