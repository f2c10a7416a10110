"""Where people land, and whether the desk says that it lives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from incidentdesk.kernel import grants, scope
from partners.models import Partner
from tests.conftest import People

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]


@pytest.fixture
def contact(people: People, helix: Partner) -> Client:
    """A browser of a partner's contact."""
    browser = Client()
    browser.force_login(people["helix"])
    return browser


def test_staff_land_at_the_desk_and_contacts_in_the_portal(as_: As, contact: Client) -> None:
    assert as_("responder").get("/")["Location"] == "/admin/"
    assert contact.get("/")["Location"] == "/portal/"


def test_a_stranger_is_asked_to_log_in(client: Client) -> None:
    assert client.get("/")["Location"].startswith("/accounts/login/")
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/accounts/login/")


def test_who_serves_two_partners_picks_one(
    contact: Client, people: People, helix: Partner, norrbank: Partner
) -> None:
    grants.grant(people["helix"], "act", norrbank)
    page = contact.get("/accounts/partner/").content.decode()
    assert "Helix Markets" in page
    assert "Norrbank Securities" in page
    answer = contact.post("/accounts/partner/", {"partner": norrbank.code})
    assert answer["Location"] == "/portal/"
    assert (
        "//evil"
        not in contact.post(
            "/accounts/partner/", {"partner": helix.code, "next": "//evil.test/portal/"}
        )["Location"]
    )
    contact.post("/accounts/partner/", {"partner": norrbank.code})
    assert contact.session[scope.SESSION_KEY] == norrbank.pk


def test_nobody_picks_a_partner_that_granted_them_nothing(
    contact: Client, norrbank: Partner
) -> None:
    assert contact.post("/accounts/partner/", {"partner": norrbank.code}).status_code == 404
    assert contact.post("/accounts/partner/", {"partner": "x"}).status_code == 404


def test_the_process_lives(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
