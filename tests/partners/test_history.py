"""The history of incidents: found in the partner's own words, filtered, page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from cases import disclosure, notices
from cases.models import Involvement, Phase
from incidentdesk.kernel import grants
from incidentdesk.kernel.models import User
from partners.models import Contact
from partners.portal.views import shelves
from tests.conftest import NOW
from tests.partners.conftest import TITLE, Both, Side, Telling, leaks
from tests.partners.test_queries import cost

pytestmark = pytest.mark.django_db
ADDRESS = "/portal/history/"


def found(both: Both, **asked: str) -> list[str]:
    """The references on the page, in their order."""
    response = both.a.client.get(ADDRESS, asked)
    assert response.status_code == 200
    assert not leaks(response.text, "BIRCH", TITLE, "undisclosed", "unsent")
    return re.findall(r'href="/portal/incidents/([\w-]+)/"', response.text)


@pytest.fixture
def three(both: Both, telling: Telling) -> list[Involvement]:
    """Alder's three incidents, the newest first; Birch was told the same words of two of them."""
    rows = [both.a.involvement]
    for word in ("cancels", "quotes"):
        incident = telling.declare(f"GLOBAL {word}")
        for side in (both.b, both.a):
            involvement = telling.involve(incident, side, hint=word)
            telling.tell(involvement, f"{side.word} {word} are slow; 40% off_peak")
        involvement.refresh_from_db()
        rows.append(involvement)
    return rows[::-1]


def references(*rows: Involvement) -> list[str]:
    """What they are called."""
    return [str(row.reference) for row in rows]


def test_all_of_them_the_newest_first(both: Both, three: list[Involvement]) -> None:
    assert found(both) == references(*three)


def test_by_a_word_of_the_title_the_reference_or_an_update(
    both: Both, three: list[Involvement]
) -> None:
    quotes, cancels, first = three
    assert found(both, q="CANCELS view") == references(cancels)
    assert found(both, q="quotes are") == references(quotes)
    assert found(both, q=str(first.reference).lower()) == references(first)
    assert found(both, q="slow") == references(quotes, cancels)
    assert found(both, q="slow notice") == []


def test_signs_mean_themselves(both: Both, three: list[Involvement]) -> None:
    quotes, cancels, _ = three
    assert found(both, q="40%") == references(quotes, cancels)
    assert found(both, q="off_peak") == references(quotes, cancels)
    assert found(both, q="offXpeak") == []
    assert found(both, q="4_%") == []
    assert found(both, q="'; DROP TABLE x --") == []


@pytest.mark.parametrize("words", ["BIRCH", "GLOBAL", "undisclosed", "unsent", "INC-2026", "quiet"])
def test_words_of_others_and_of_the_desk_find_nothing(
    both: Both, three: list[Involvement], words: str
) -> None:
    response = both.a.client.get(ADDRESS, {"q": words})
    assert "No incident of yours fits all of this." in response.text
    assert "/portal/incidents/" not in response.text


def test_what_a_red_notice_says_is_found_by_those_named_alone(both: Both, telling: Telling) -> None:
    colleague = User.objects.create_user("second@alder.test", name="Second of Alder")
    named = Contact.objects.create(
        partner=both.a.partner, user=colleague, name=colleague.name, email=colleague.email
    )
    grants.grant(colleague, "act", both.a.partner)
    notice = notices.draft(
        incident_id=both.incident.pk,
        kind="update",
        body="the key leaked",
        involvement_ids=[both.a.involvement.pk],
        tlp="RED",
        contact_ids=[named.pk],
        by=telling.people.actor("communications"),
        at=telling.tick(),
    )
    notices.approve(
        notice_id=notice.pk, is_checked=True, by=telling.people.actor("approver"), at=telling.tick()
    )
    by = telling.people.actor("communications")
    notices.send(notice_id=notice.pk, by=by, at=telling.tick())
    assert found(both, q="leaked") == []
    client = Client()
    client.force_login(colleague)
    assert str(both.a.involvement.reference) in client.get(ADDRESS, {"q": "leaked"}).text


def test_by_state_severity_and_days(both: Both, three: list[Involvement]) -> None:
    quotes, cancels, first = three
    Involvement.objects.filter(pk=first.pk).update(phase=Phase.CLOSED)
    Involvement.objects.filter(pk=cancels.pk).update(severity=4)
    assert found(both, state="closed") == references(first)
    assert found(both, state="open") == references(quotes, cancels)
    assert found(both, severity="4") == references(cancels)
    assert found(both, since=f"{NOW:%Y-%m-%d}") == references(quotes, cancels, first)
    assert found(both, since=f"{NOW + timedelta(days=1):%Y-%m-%d}") == []
    assert found(both, q="slow", state="open", severity="2") == references(quotes)


def test_by_the_days_on_which_it_was_told_and_not_on_which_it_was_shown(
    both: Both, three: list[Involvement], telling: Telling
) -> None:
    def day(number: int) -> str:
        return f"{NOW + timedelta(days=number):%Y-%m-%d}"

    telling.at += timedelta(days=2)
    shown, later = (telling.involve(telling.declare("GLOBAL"), both.a) for _ in range(2))
    for row in (shown, later):
        step = {"by": telling.people.actor("communications"), "at": telling.tick()}
        disclosure.disclose(incident_id=row.incident_id, involvement_id=row.pk, **step)
    telling.at += timedelta(days=2)
    telling.tell(later, "ALDER only now")
    shown.refresh_from_db()
    later.refresh_from_db()
    assert found(both, since=day(2), until=day(2)) == references(shown)
    assert found(both, since=day(3)) == references(later)
    assert found(both, since=day(1)) == references(later, shown)
    assert found(both, until=day(1)) == references(*three)
    lines = re.findall(r'<p class="meta">(.*?)</p>', both.a.client.get(ADDRESS).text, re.DOTALL)
    words = [re.sub(r"<[^>]+>|\s+", " ", line).split(" · ")[1].split()[0] for line in lines[:2]]
    assert words == ["last", "shown"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "yesterday"}, "This is no day; write it like 2026-03-31."),
        ({"since": "2026-03-31", "until": "2026-03-30"}, "It ends before it begins"),
        ({"state": "half"}, "Choose open, closed, or both."),
        ({"severity": "5"}, "Choose one of the four severities, or any."),
        ({"q": "x" * 121}, "Keep it to 120 characters"),
        ({"q": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_looked_for_is_said_and_stays_in_the_form(
    both: Both, asked: dict[str, str], sentence: str
) -> None:
    response = both.a.client.get(ADDRESS, {"state": "open", **asked})
    assert response.status_code == 422
    assert sentence in response.text
    if "state" not in asked:
        assert '<option value="open" selected>' in response.text
    assert "/portal/incidents/" not in response.text


def test_a_search_goes_on_page_by_page(both: Both, many: Callable[[Side, int], None]) -> None:
    many(both.a, 30)
    many(both.b, 3)
    first = both.a.client.get(ADDRESS, {"q": "number", "state": "open"}).text
    onward = re.findall(r'href="(\?[^"]*)" rel="next"', first)[0].replace("&amp;", "&")
    second = both.a.client.get(ADDRESS + onward).text
    pages = [re.findall(r'href="/portal/incidents/([\w-]+)/"', text) for text in (first, second)]
    assert [len(page) for page in pages] == [25, 5]
    assert len({*pages[0], *pages[1]}) == 30
    assert 'rel="next"' not in second
    assert 'value="number"' in second


def test_the_search_costs_as_many_queries_whatever_is_found(
    both: Both, many: Callable[[Side, int], None]
) -> None:
    client, address = both.a.client, f"{ADDRESS}?q=told+ALDER&state=open&severity=2"
    few = cost(client, address)
    many(both.a, 30)
    queries = cost(client, address)
    assert len(queries) == len(few)
    assert len(queries) <= 10, "\n".join(queries)
    assert not [query for query in queries if "COUNT(" in query]


@pytest.mark.parametrize("day", ["9999-12-31", "2200-01-01"])
def test_a_day_that_nobody_lives_to_see_is_refused_in_a_sentence(both: Both, day: str):
    answer = both.a.client.get("/portal/history/", {"until": day})
    assert answer.status_code == 422
    assert "Give a day that somebody alive may see." in answer.text


def test_a_search_rests_after_so_many_incidents_and_goes_on_where_it_rested(
    both: Both, three: list[Involvement], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "SEARCHED", 2)
    quotes, cancels, first = three
    page = both.a.client.get(ADDRESS, {"q": "notice"}).text
    assert "None of these fits all of this." in page
    assert "Searched back to <time" in page
    assert f"?q=notice&amp;after={cancels.reference}" in page
    assert found(both, q="notice", after=str(cancels.reference)) == references(first)
    assert "Searched back to" not in both.a.client.get(ADDRESS, {"severity": "2"}).text
    assert found(both, q=str(first.reference).lower()) == references(first)
    monkeypatch.setattr(shelves, "SEARCHED", 3)
    assert found(both, q="notice") == references(first)
    assert "Searched back to" not in both.a.client.get(ADDRESS, {"q": "notice"}).text
    assert found(both, q="quotes") == references(quotes)
