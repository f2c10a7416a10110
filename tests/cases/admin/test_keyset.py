"""Pages of lists begin at a row: nothing is skipped, nothing comes twice, nothing is counted."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.test import RequestFactory

from cases import workflow
from cases.models import Event, Incident
from incidentdesk.kernel import keyset
from incidentdesk.kernel.models import User
from tests.cases.admin.conftest import sql_of, text_of
from tests.conftest import NOW

INCIDENTS = "/admin/cases/incident/"


@pytest.fixture
def sixty(declare):
    """Sixty incidents; five at a time opened at the same moment."""
    return [
        declare(title=f"Nr {n:02d}.", at=NOW + timedelta(minutes=n // 5), impact=1 + n % 4)
        for n in range(60)
    ]


def column(name: str) -> int:
    """How an address names a column that the list sorts by."""
    request = RequestFactory().get("/")
    request.user = User()
    page = site._registry[Incident]
    return list(page.get_list_display(request)).index(name)


def _titles(answer) -> list[str]:
    return re.findall(r"Nr \d\d\.", text_of(answer))


def _link(answer, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', answer.content.decode())
    return html.unescape(found[1]) if found else ""


def _walk(browser, path: str) -> tuple[list[list[str]], str]:
    """The pages from the first to the last, and the address of the last."""
    answer, pages = browser.get(path), []
    last = path
    while True:
        pages.append(_titles(answer))
        onwards = _link(answer, "next")
        if not onwards:
            return pages, last
        last = INCIDENTS + onwards
        answer = browser.get(last)


@pytest.mark.parametrize("turn", ["", "-"])
@pytest.mark.parametrize("name", ["", "age", "severity_badge"])
def test_every_incident_stands_on_one_page_and_back_leads_the_same_way(turn, name, as_, sixty):
    browser = as_("responder")
    asked = f"{INCIDENTS}?o={turn}{column(name)}" if name else INCIDENTS
    pages, last = _walk(browser, asked)
    assert [len(page) for page in pages] == [25, 25, 10]
    assert sorted(t for page in pages for t in page) == [f"Nr {n:02d}." for n in range(60)]
    back = INCIDENTS + _link(browser.get(last), "prev")
    assert _titles(browser.get(back)) == pages[1]
    first = INCIDENTS + _link(browser.get(back), "prev")
    assert _titles(browser.get(first)) == pages[0]
    assert _link(browser.get(first), "prev") == ""


def test_the_newest_come_first_and_age_turns_the_order(as_, sixty):
    browser = as_("auditor")
    newest = [title for page in _walk(browser, INCIDENTS)[0] for title in page]
    oldest = [
        title for page in _walk(browser, f"{INCIDENTS}?o={column('age')}")[0] for title in page
    ]
    assert newest == sorted(newest, reverse=True)
    assert oldest == newest[::-1]


def test_a_page_keeps_its_filter_and_a_filter_forgets_the_page(as_, sixty):
    browser = as_("responder")
    first = browser.get(INCIDENTS, {"show": "all", "q": "nr"})
    assert "show=all" in _link(first, "next")
    assert "q=nr" in _link(first, "next")
    second = browser.get(INCIDENTS + _link(first, "next")).content.decode()
    assert 'name="after"' not in second
    assert re.search(r"export/\?q=nr&amp;show=all\"", second)


def test_a_new_incident_moves_no_row_from_one_page_to_the_next(as_, sixty, declare):
    browser = as_("responder")
    onwards = _link(browser.get(INCIDENTS), "next")
    before = _titles(browser.get(INCIDENTS + onwards))
    declare(title="Nr 99.", at=NOW + timedelta(hours=2))
    assert _titles(browser.get(INCIDENTS + onwards)) == before


def test_a_page_that_begins_at_nothing_is_the_first(as_, sixty):
    browser = as_("responder")
    first = _titles(browser.get(INCIDENTS))
    for asked in ("999999999", "nonsense", "-1", "9" * 30, "1 OR 1=1"):
        assert _titles(browser.get(INCIDENTS, {"after": asked})) == first


def test_no_list_counts_its_rows(as_, sixty):
    asked = " ".join(sql_of(as_("auditor"), f"{INCIDENTS}?show=all&after={sixty[9].pk}"))
    # The sidebar says how many are open; that is all that is counted.
    assert "OFFSET" not in asked
    assert asked.upper().count('FROM "CASES_INCIDENT" ORDER BY') <= 1


def test_a_column_without_an_index_does_not_sort(as_, sixty):
    browser = as_("responder")
    for name in ("phase_label", "next_clock"):
        asked = {"o": column(name)}
        assert _titles(browser.get(INCIDENTS, asked)) == _titles(browser.get(INCIDENTS))


def test_an_order_with_empty_values_loses_no_row(as_, declare, people):
    """Alerts sort by when they cleared, and most have not: empty ones stand together."""
    made = [declare(title=f"Nr {n:02d}.") for n in range(30)]
    for incident in made[:7]:
        workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    for order in (("acknowledged_at", "id"), ("-acknowledged_at", "id")):
        rows = Incident.objects.order_by(*order)
        assert [r.pk for r in keyset.walk(rows, size=4)] == [r.pk for r in rows]


def test_other_lists_have_the_same_pages(as_, source):
    for n in range(30):
        Event.objects.create(
            source=source, received_at=NOW, body="{}", outcome="done", said=f"E{n:02d}"
        )
    browser = as_("auditor")
    first = browser.get("/admin/cases/event/")
    second = browser.get("/admin/cases/event/" + _link(first, "next"))
    assert re.findall(r"E\d\d", text_of(first))[0] == "E29"
    assert set(re.findall(r"E\d\d", text_of(second))) == {f"E{n:02d}" for n in range(5)}
