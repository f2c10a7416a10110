"""Every address of the portal, taken from the resolver, asked by the wrong people.

A new address is tested as soon as it exists; one with a parameter that is unknown here fails until
somebody says what a foreign value of it looks like.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cases.models import Entry, Incident, Notice, SharedFile
from incidentdesk.isolation.canaries import readable
from incidentdesk.kernel import grants
from incidentdesk.kernel.models import User
from notifications.models import Message
from partners.models import Partner
from tests.conftest import People
from tests.partners.conftest import TITLE, Both, Side, leaks

pytestmark = pytest.mark.django_db

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
JUNK = [
    "0",
    "x",
    "INC-2026-0001",
    "ALDER-2026-9999",
    "ALDER-REP-2026-9999",
    "ALDER-2026-٠٠٠١",
    "alder-2026-0001",
    "' OR '1'='1",
    "%00",
    "%F0%9F%92%A9",
    "..%2f..%2fadmin",
    "9" * 400,
]


def routes(patterns: Any = None, prefix: str = "") -> list[str]:
    """`/portal/incidents/<incident:reference>/` and all the others."""
    found = []
    for entry in patterns or get_resolver().url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if route.startswith("portal/") or "portal/".startswith(route):
                found += routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern) and route.startswith("portal/"):
            found.append(f"/{route}")
    return found


ROUTES = routes()
PLAIN = [route for route in ROUTES if not PARAMETER.search(route)]
WITH_PARAMETERS = [route for route in ROUTES if PARAMETER.search(route)]


def filled(route: str, values: dict[str, list[str]]) -> list[str]:
    """The addresses that come of putting all these values into the route."""
    names = [name for _, name in PARAMETER.findall(route)]
    unknown = set(names) - set(values)
    assert not unknown, f"Say what a foreign {unknown} is, for {route}."
    if names == ["number"] and len(values["number"]) > 1:  # a list of one's own begins at 1
        values = {**values, "number": [n for n in values["number"] if n != "1"]}
    addresses = []
    for choice in product(*(values[name] for name in names)):
        texts = dict(zip(names, choice, strict=True))
        addresses.append(_put(route, texts))
    return addresses


def _put(route: str, texts: dict[str, str]) -> str:
    return PARAMETER.sub(lambda found: texts[found[2]], route)


def keys(side: Side) -> list[str]:
    """Of the files that a partner shares with the desk."""
    rows = SharedFile.objects.filter(partner=side.partner).order_by("pk")
    return [str(key) for key in rows.values_list("key", flat=True)]


def said(response: Any) -> str:
    """What an answer says, a download too."""
    if response.streaming:
        return b"".join(response.streaming_content).decode() + str(response.headers)
    return readable(response.content)


def foreign(both: Both) -> dict[str, list[str]]:
    """What Birch has, by the name of the parameter that it would stand for."""
    b = both.b
    return {
        "reference": [
            b.involvement.reference,
            b.report.reference,
            b.asked.reference,
            b.procedure.reference,
            b.package.reference,
            b.digest.reference,
            both.incident.reference,
            str(b.involvement.pk),
            *JUNK,
        ],
        "number": ["1", "2", str(b.sent.pk), "0", "99999999999999999999"],
        "key": [*keys(b), str(uuid4()), "1"],
    }


def own(both: Both) -> dict[str, list[str]]:
    """What Alder has."""
    return {
        "reference": [
            both.a.involvement.reference,
            both.a.report.reference,
            both.a.asked.reference,
            both.a.procedure.reference,
            both.a.package.reference,
            both.a.digest.reference,
        ],
        "number": ["1"],
        "key": keys(both.a),
    }


def state(both: Both) -> list[Any]:
    """What must stay as it is, whatever a stranger asks for."""
    return [
        both.b.rows(),
        list(Incident.objects.order_by("pk").values()),
        list(Notice.objects.order_by("pk").values()),
        Entry.objects.count(),
        Message.objects.count(),
    ]


def test_the_routes_are_found() -> None:
    assert len(PLAIN) >= 3
    assert len(WITH_PARAMETERS) >= 3


@pytest.mark.parametrize("route", WITH_PARAMETERS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_not_ours_is_not_there(both: Both, route: str, method: str) -> None:
    client, before = both.a.client, state(both)
    for address in filled(route, foreign(both)):
        response = getattr(client, method)(address)
        if (response.status_code, method) == (405, "post"):  # a page that is only read
            assert client.get(address).status_code == 404, address
        elif (response.status_code, method) == (405, "get"):  # a button
            assert client.post(address).status_code == 404, address
        else:
            assert response.status_code == 404, address
        assert not leaks(response.text, "BIRCH"), address
    assert state(both) == before


@pytest.mark.asvs("8.4.1", 2)
@pytest.mark.parametrize("route", PLAIN)
def test_the_lists_hold_nothing_of_another(both: Both, route: str) -> None:
    client, before = both.a.client, state(both)
    response = client.get(route)
    assert response.status_code in (200, 405)
    assert not leaks(response.text, "BIRCH", TITLE, "undisclosed", "unsent")
    strange = {"partner": both.b.partner.pk, "partner_id": both.b.partner.pk, "id": both.b.sent.pk}
    response = client.post(route, strange)
    said_beside = ("/portal/report/draft/", "/portal/framework/acknowledge/")  # and led back
    refused = (302,) if route.startswith(said_beside) else (403, 405, 422)
    assert response.status_code in (*refused, 405)  # a draft of no word is none
    assert not leaks(response.text, "BIRCH")
    assert state(both) == before


def test_a_page_does_not_go_on_after_what_is_not_ours(both: Both) -> None:
    client = both.a.client
    for value in [*foreign(both)["reference"], "\0", both.a.hidden.reference or " "]:
        for route in PLAIN:
            response = client.get(route, {"after": value})
            assert response.status_code in (200, 404, 405), (route, value)
            assert not leaks(response.text.replace(value, ""), "BIRCH")
    for route in ("/portal/reports/", "/portal/history/"):
        assert client.get(route, {"after": both.b.involvement.reference}).status_code == 404


@pytest.mark.asvs("8.2.3", 4)
@pytest.mark.parametrize("route", ROUTES)
def test_the_own_pages_say_nothing_of_others(both: Both, route: str) -> None:
    client, seen = both.a.client, 0
    if "tokens" in route:
        client.post("/portal/tokens/make/", {"name": "ALDER feed", "days": "30"})
    for address in filled(route, own(both)):
        response = client.get(address)
        # Another person of the partner may do it; 403 says so of what is one's own.
        assert response.status_code in (200, 403, 404, 405)
        assert not leaks(said(response), "BIRCH", TITLE, "undisclosed", "unsent"), address
        seen += response.status_code != 404
    assert seen


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_is_not_logged_in_is_asked_to(both: Both, method: str) -> None:
    before = state(both)
    for route in ROUTES:
        for address in filled(route, own(both)):
            response = getattr(Client(), method)(address)
            back = address if method == "get" else "/portal/"
            assert response.status_code == 302
            assert response["Location"] == f"/accounts/login/?next={back}"
    assert state(both) == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_are_sent_to_the_desk(both: Both, people: People, method: str) -> None:
    client, before = Client(), state(both)
    client.force_login(people["commander"])
    for route in ROUTES:
        for address in filled(route, own(both)):
            response = getattr(client, method)(address)
            assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert state(both) == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_login_without_a_grant_finds_nothing(both: Both, stranger: User, method: str) -> None:
    client, before = Client(), state(both)
    client.force_login(stranger)
    for route in ROUTES:
        for address in filled(route, own(both)):
            response = getattr(client, method)(address)
            assert response.status_code == 404
            assert not leaks(response.text, "BIRCH", "ALDER")
            said = "<h1>This login belongs to nobody's team any more</h1>"
            assert response.text.count(said) == 1, address
    assert client.get("/accounts/partner/").status_code == 404
    assert state(both) == before


def test_a_taken_grant_closes_the_portal_at_once(both: Both) -> None:
    client = both.a.client
    assert client.get("/portal/").status_code == 200
    grants.revoke(both.a.user, "act", both.a.partner)
    for route in ROUTES:
        for address in filled(route, own(both)):
            assert client.get(address).status_code == 404
            assert client.post(address).status_code == 404
    assert leaks(client.get("/portal/").text, "Alder Trading", "ALDER-") == []


def test_so_does_switching_the_partner_or_the_person_off(both: Both) -> None:
    client = both.a.client
    Partner.objects.filter(pk=both.a.partner.pk).update(is_active=False)
    assert client.get("/portal/").status_code == 404
    Partner.objects.filter(pk=both.a.partner.pk).update(is_active=True)
    assert client.get("/portal/").status_code == 200
    User.objects.filter(pk=both.a.user.pk).update(is_active=False)
    assert client.get("/portal/")["Location"] == "/accounts/login/?next=/portal/"


def test_a_form_from_elsewhere_changes_nothing(both: Both) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(both.a.user)
    before = [both.a.rows(), state(both)]
    for route in ROUTES:
        for address in filled(route, own(both)):
            response = client.post(address, {"title": "x"})
            assert response.status_code in (403, 404, 405)
            if response.status_code == 403:
                assert "Nothing was changed" in response.text
    assert [both.a.rows(), state(both)] == before


def test_no_cache_keeps_a_page(both: Both) -> None:
    client = both.a.client
    for route in PLAIN:
        assert "no-store" in client.get(route)["Cache-Control"]
