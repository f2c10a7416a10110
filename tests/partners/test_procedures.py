"""Procedures in the portal: on file, renewed, withdrawn; what is due stands on the home page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cases.models import Procedure, SharedFile
from incidentdesk.kernel import clocks, grants
from tests.conftest import NOW
from tests.partners.conftest import Both, leaks
from tests.partners.test_queries import cost

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(hours=1))


def typed(**changes: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    return {
        "title": "Login trouble",
        "version": "1",
        "scope": "Users of the web login.",
        "link": "https://alder.test/login",
        "valid_until": "2027-03-01",
        "attested_by": "Head of operations",
        **changes,
    }


def page_of(procedure: Procedure, way: str = "") -> str:
    """Its page, or what one does there."""
    return f"/portal/procedures/{procedure.reference}/{way}"


def test_one_is_put_on_file_as_a_file(both: Both) -> None:
    form = typed(link="", uploads=[SimpleUploadedFile("login.pdf", b"%PDF")])
    page = both.a.client.post("/portal/procedures/new/", form, follow=True)
    made = Procedure.objects.latest("id")
    assert page.redirect_chain == [(page_of(made), 302)]
    assert "“Login trouble 1” is on file until 1 Mar 2027." in page.text
    assert f"/portal/files/{SharedFile.objects.get(procedure=made).key}/" in page.text
    listed = both.a.client.get("/portal/procedures/").text
    assert "Login trouble 1" in listed
    assert not leaks(listed, "BIRCH")


def test_the_next_version_takes_its_place_and_one_is_withdrawn(both: Both) -> None:
    client, former = both.a.client, both.a.procedure
    client.post(page_of(former, "next/"), typed(version="4"))
    made = Procedure.objects.latest("id")
    assert made.replaces == former
    assert "held until" in client.get(page_of(former)).text
    assert "<form" not in client.get(page_of(former)).text.split("</header>")[1]
    client.post(page_of(made, "withdraw/"))
    made.refresh_from_db()
    assert made.ended_by == both.a.user
    assert "None is in force." in client.get("/portal/procedures/").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": ""}, "Say which version it is."),
        ({"valid_until": "soon"}, "This is no day"),
        ({"valid_until": "2020-01-01"}, "Its last day is over already"),
        ({"link": "http://alder.test"}, "begins with https://"),
        ({"link": ""}, "Give either the file or a link"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(
    both: Both, changes: dict[str, str], sentence: str
) -> None:
    before = both.a.rows()
    for address in ("/portal/procedures/new/", page_of(both.a.procedure, "next/")):
        response = both.a.client.post(address, typed(title="Kept title", **changes))
        assert response.status_code == 422
        assert sentence in response.text
        assert 'value="Kept title"' in response.text
    assert both.a.rows() == before


def test_the_home_page_says_what_expires_or_that_there_is_none(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, last = both.a.client, both.a.procedure.valid_until
    assert "put its next version on file" not in client.get("/portal/").text
    for days, words in ((-59, "is valid until"), (2, "expired")):
        moment = NOW.replace(year=last.year) + timedelta(days=days)
        monkeypatch.setattr(clocks, "now", lambda moment=moment: moment)
        client.logout()  # a session of that day
        client.force_login(both.a.user)
        text = client.get("/portal/").text
        assert f"your procedure {words}" in text
    client.post(page_of(both.a.procedure, "withdraw/"))
    assert "No valid procedure is on file" in client.get("/portal/").text


def test_the_incident_page_shows_the_partner_its_own(both: Both) -> None:
    page = both.a.client.get(f"/portal/incidents/{both.a.involvement.reference}/").text
    assert "For your own users" in page
    assert "ALDER procedure 3" in page
    assert not leaks(page, "BIRCH")


def test_an_auditor_of_the_partner_reads_them_and_changes_nothing(both: Both) -> None:
    grants.revoke(both.a.user, "act", both.a.partner)
    grants.grant(both.a.user, "audit", both.a.partner)
    client = both.a.client
    assert "ALDER procedure" in client.get("/portal/procedures/").text
    assert client.get("/portal/procedures/new/").status_code == 403
    for way in ("next/", "withdraw/"):
        assert client.post(page_of(both.a.procedure, way), typed()).status_code == 403


def test_the_pages_keep_to_their_budget(both: Both) -> None:
    client = both.a.client
    for address in ("/portal/", "/portal/procedures/", page_of(both.a.procedure)):
        assert len(cost(client, address)) <= 10, address


def test_what_expired_stands_apart_from_what_is_in_force(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, held = both.a.client, both.a.procedure
    client.post("/portal/procedures/new/", typed(title="ALDER later", valid_until="2028-01-01"))
    assert "Expired" not in client.get("/portal/procedures/").text
    after = held.valid_until + timedelta(days=1)
    moment = NOW.replace(year=after.year, month=after.month, day=after.day)
    monkeypatch.setattr(clocks, "now", lambda: moment)
    client.logout()  # a session of that day
    client.force_login(both.a.user)
    text = client.get("/portal/procedures/").text
    in_force, _, expired = text.partition("Expired: not in force any more</h2>")
    assert ("ALDER later" in in_force, held.title in in_force) == (True, False)
    assert ("ALDER later" in expired, held.title in expired) == (False, True)
