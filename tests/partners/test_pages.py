"""How pages are made: one heading, labels, one script at most, and words for every refusal."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from cases.models import Incident
from incidentdesk.kernel import clocks
from notifications import acknowledgement
from notifications.models import Escalation
from tests.conftest import People
from tests.partners.conftest import FILES_SCRIPT, Both, Telling

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """What stands on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.fields: list[dict[str, Any]] = []
        self.forms: list[dict[str, Any]] = []
        self.attributes: list[dict[str, Any]] = []
        self.comments: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        has = dict(attrs)
        self.tags[tag] += 1
        self.attributes.append(has)
        self.ids[has.get("id", "")] += 1
        if tag == "html":
            self.language = has.get("lang", "")
        if tag == "label":
            self.labelled.add(has.get("for", ""))
        if tag in ("select", "textarea") or (tag == "input" and has.get("type") != "hidden"):
            self.fields.append(has)
        if tag == "form":
            self.forms.append(has)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def check(text: str, *, scripts: int = 0) -> None:
    """What holds for every page."""
    text = text.replace(FILES_SCRIPT, "")
    page = Page(text)
    assert page.language == "en"
    assert page.tags["h1"] == 1
    assert page.tags["main"] == 1
    assert page.tags["title"] == 1
    assert page.tags["script"] == text.count('<script src="/static/') == scripts
    assert page.tags["style"] == 0
    assert page.comments == []
    assert all(count == 1 for name, count in page.ids.items() if name)
    for has in page.attributes:
        assert not [name for name in has if name == "style" or name.startswith("on")]
    for field in page.fields:
        assert field["id"] in page.labelled, field
        for described in (field.get("aria-describedby") or "").split():
            assert described in page.ids, field
    assert 'href="#content"' in text


def test_every_page_of_the_portal(both: Both) -> None:
    client = both.a.client
    for address in (
        "/portal/",
        f"/portal/incidents/{both.a.involvement.reference}/",
        "/portal/report/",
        "/portal/history/",
        "/portal/reports/",
        f"/portal/reports/{both.a.report.reference}/",
        "/portal/team/",
        "/portal/nothing/",
        "/accounts/partner/",
        "/accounts/password/change/",
        "/accounts/logout/",
    ):
        check(client.get(address).text, scripts=address == "/portal/report/")
    check(client.post("/portal/report/", {}).text, scripts=1)


def test_every_page_before_the_login(db: None) -> None:
    client = Client()
    for address in (
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/inactive/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-x/",
        "/accounts/password/reset/key/done/",
        "/ack/junk/",
        "/nothing/",
    ):
        check(client.get(address).text)
    check(client.post("/accounts/login/", {"login": "x", "password": ""}).text)


def test_the_header_offers_only_what_there_is(both: Both) -> None:
    text = both.a.client.get("/portal/").text
    header = text.split("<header")[1].split("</header>")[0]
    assert "Alder Trading · Person of Alder" in header
    assert "Switch partner" not in header
    assert re.findall(r'<a [^>]*href="/portal/([^"]*)"', header.split("<details")[0]) == [
        "",  # the name of the portal
        "",
        "report/",
        "reports/",
        "requests/",
        "procedures/",
        "team/",
        "tokens/",
        "webhooks/",
    ]


def test_a_new_partner_reads_what_will_stand_here(both: Both, telling: Telling) -> None:
    from tests.partners.conftest import make_side

    text = make_side("CEDAR").client.get("/portal/").text
    assert "No incident concerns you" in text
    waits = text.split("Waits for you")[1].split("</section>")[0]
    assert re.findall('href="([^"]*)"', waits) == ["/portal/framework/"]


@pytest.mark.asvs("16.3.1-16.3.4 16.5.1-16.5.3", 39)
def test_a_page_that_broke_needs_neither_session_nor_database(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0):
        answer = server_error(RequestFactory().get("/portal/"))
    assert "Something went wrong on our side" in answer.content.decode()


def test_too_many_tries_are_answered_in_words(db: None, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    client = Client()
    answers = [client.post("/accounts/login/", {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    check(answers[1].text)


# --- acknowledging a page from a phone ------------------------------------------------------------


def ack_address(incident: Incident, people: People) -> str:
    """The link of a page mail."""
    escalation = Escalation.objects.get(about=incident.about)
    link = acknowledgement.link(
        escalation_id=escalation.pk, user_id=people["commander"].pk, at=clocks.now()
    )
    return "/ack/" + link.split("/ack/")[1]


def test_the_page_behind_a_mail_acknowledges_by_its_button_only(both: Both, people: People) -> None:
    client, address = Client(), ack_address(both.incident, people)
    page = client.get(address)
    check(page.text)
    assert "GLOBAL root of it all" in page.text
    assert "SEV-1" in page.text
    assert [form["method"] for form in Page(page.text).forms] == ["post"]
    assert Incident.objects.get(pk=both.incident.pk).acknowledged_at is None
    done = client.post(address)
    check(done.text)
    assert "Thank you." in done.text
    assert "Acknowledged by Incident commander" in done.text
    assert Page(done.text).forms == []
    assert Incident.objects.get(pk=both.incident.pk).acknowledged_by == people["commander"]


def test_a_link_that_is_not_ours_is_refused_in_one_sentence(db: None) -> None:
    answer = Client().get("/ack/junk/")
    assert answer.status_code == 400
    assert "This link is not complete" in answer.text


def test_a_list_says_when_the_partner_was_told(both: Both):
    involvement = both.a.involvement
    home = re.sub(r"<[^>]+>", "", both.a.client.get("/portal/").text)
    told = f"{both.a.sent.sent_at:%-d %b %Y %H:%M}"
    assert f"{involvement.reference} · last told {told}" in home
    assert f"since {told}" not in home


def test_the_menu_folds_without_a_script_and_has_the_same_links(both: Both):
    page = both.a.client.get("/portal/").text
    wide, folded = re.findall(r'<nav[^>]* aria-label="Portal">(.*?)</nav>', page, re.S)
    assert wide == folded
    assert '<details class="menu"><summary>Menu</summary><nav' in page
