"""Who serves two partners: what was typed for the one never reaches the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from cases.models import Report, ReportDraft
from incidentdesk.kernel import grants
from partners.models import Contact
from tests.partners.conftest import Both, leaks
from tests.partners.test_reports import typed

pytestmark = pytest.mark.django_db
ELSEWHERE = "This form was opened for another partner"


def value_on(page: str) -> str:
    """What counts once, as the page's form carries it."""
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture
def between(both: Both) -> Client:
    """Alder's person, who acts for Birch as well and works for Alder now."""
    grants.grant(both.a.user, "act", both.b.partner)
    Contact.objects.create(
        partner=both.b.partner, user=both.a.user, name="Ada", email="ada@birch.test"
    )
    client = both.a.client
    client.post("/accounts/partner/", {"partner": "ALDER"})
    return client


def test_a_form_that_was_opened_before_switching_is_not_sent_for_the_other(
    both: Both, between: Client
) -> None:
    form = typed(once=value_on(between.get("/portal/report/").text), title="Alder's own outage")
    between.post("/accounts/partner/", {"partner": "BIRCH"})
    refused = between.post("/portal/report/", form)
    assert (refused.status_code, ELSEWHERE in refused.text) == (409, True)
    saved = between.post(
        "/portal/report/draft/", {**form, "once": f".{form['once'].split('.')[1]}", "quiet": "1"}
    )
    assert saved.status_code == 409
    assert not Report.objects.filter(title="Alder's own outage").exists()
    assert not ReportDraft.objects.exists()
    between.post("/accounts/partner/", {"partner": "ALDER"})
    assert between.post("/portal/report/", form).status_code == 302
    assert Report.objects.get(title="Alder's own outage").partner == both.a.partner


def test_who_loses_a_partner_and_gets_another_sends_it_nothing_of_the_first(both: Both) -> None:
    client = both.a.client
    form = typed(once=value_on(client.get("/portal/report/").text), title="Alder's own outage")
    grants.revoke(both.a.user, "act", both.a.partner)
    grants.grant(both.a.user, "act", both.b.partner)
    assert client.post("/portal/report/", form).status_code == 409
    assert not Report.objects.filter(title="Alder's own outage").exists()


def test_a_secret_that_was_not_shown_yet_is_not_shown_after_switching(
    both: Both, between: Client
) -> None:
    made = between.post("/portal/tokens/make/", {"name": "Alder's own", "days": "30"})
    assert made["Location"] == "/portal/tokens/"
    between.post("/accounts/partner/", {"partner": "BIRCH"})
    assert leaks(between.get("/portal/tokens/").text, "Alder's own", 'class="secret"') == []
    between.post("/accounts/partner/", {"partner": "ALDER"})
    assert leaks(between.get("/portal/tokens/").text, 'class="secret"') == []


def test_what_a_page_saves_by_itself_claims_nothing(both: Both) -> None:
    client = both.a.client
    mark = value_on(client.get("/portal/report/").text).partition(".")[2]
    for title in ("One", "Two", "One"):
        sent = typed(once=f".{mark}", title=title, quiet="1")
        assert client.post("/portal/report/draft/", sent).status_code == 302
        assert ReportDraft.objects.get().title == title


def test_a_value_that_somebody_made_up_is_for_nobody(both: Both) -> None:
    for made_up in ("abc.", "abc.def", f"abc.{'0' * 16}", "abc.ü"):
        sent = typed(once=made_up, title="Made up")
        assert both.a.client.post("/portal/report/", sent).status_code == 409
    assert not Report.objects.filter(title="Made up").exists()


def test_every_form_of_the_portal_carries_for_whom_it_was_opened() -> None:
    without = {
        "choose_partner.html",
        "nobodys.html",
        "view_as.html",
    }  # they change no partner's rows
    pages = sorted((Path(settings.BASE_DIR) / "templates" / "portal").rglob("*.html"))
    lacking = [
        page.name
        for page in pages
        if page.read_text().count('method="post"') != page.read_text().count("{{ once }}")
    ]
    assert sorted(lacking) == sorted(without)
