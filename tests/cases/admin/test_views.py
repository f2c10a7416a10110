"""One's own views of the list, the list as a file, and what is typed into its form."""

from __future__ import annotations

import csv
import io

import pytest

from cases import disclosure, response, saved_views, workflow
from cases.admin import incident_export
from cases.models import SavedView, System
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput, NotFound
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import text_of
from tests.conftest import NOW

INCIDENTS = "/admin/cases/incident/"


def _post(browser, action, **fields):
    return browser.post(f"{INCIDENTS}do/{action}/", fields)


def test_a_view_is_kept_shown_to_oneself_only_and_forgotten(as_, declare, people):
    declare()
    browser, other = as_("responder"), as_("commander")
    answer = _post(
        browser, "save_view", name="Worst  of mine", query="severity=1&mine=1&x=2&after=9"
    )
    assert answer.headers["Location"] == f"{INCIDENTS}?mine=1&severity=1"
    view = SavedView.objects.get()
    assert (view.user, view.name, view.query) == (
        people["responder"],
        "Worst of mine",
        "mine=1&severity=1",
    )
    assert "Worst of mine" in text_of(browser.get(INCIDENTS))
    assert "Worst of mine" not in text_of(other.get(INCIDENTS))
    assert _post(other, "forget_view", view=view.pk).status_code == 422
    assert SavedView.objects.count() == 1
    assert _post(browser, "forget_view", view=view.pk).status_code == 302
    assert SavedView.objects.count() == 0


def test_a_view_of_the_same_name_is_replaced_and_a_list_of_views_ends(people):
    by = people.actor("auditor")
    saved_views.keep(name="A", query="mine=1", by=by, at=NOW)
    saved_views.keep(name=" A ", query="severity=1", by=by, at=NOW)
    assert list(SavedView.objects.values_list("name", "query")) == [("A", "severity=1")]
    for number in range(saved_views.MOST - 1):
        saved_views.keep(name=f"B{number}", query="", by=by, at=NOW)
    with pytest.raises(InvalidInput, match="forget one"):
        saved_views.keep(name="One too many", query="", by=by, at=NOW)
    for name in ("", " ", "x" * 41):
        with pytest.raises(InvalidInput, match="needs a name"):
            saved_views.keep(name=name, query="", by=by, at=NOW)
    other = people.actor("responder")
    with pytest.raises(NotFound):
        saved_views.forget(view_id=SavedView.objects.first().pk, by=other, at=NOW)


# --- the list as a file ---------------------------------------------------------------------------


def _rows(browser, **asked) -> list[dict[str, str]]:
    answer = browser.get(f"{INCIDENTS}export/", asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="incidents-')
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_holds_what_the_list_shows_whole_and_in_its_order(as_, declare, people):
    for number in range(30):
        declare(title=f"Nr {number:02d} “Größe”", impact=1, scope=1, urgency=1)
    gone = declare(title="Gone")
    workflow.dismiss(incident_id=gone.pk, reason="None.", by=people.actor("commander"), at=NOW)
    rows = _rows(as_("responder"))
    assert [row["title"] for row in rows] == [f"Nr {n:02d} “Größe”" for n in range(29, -1, -1)]
    assert list(rows[0]) == list(incident_export.HEADINGS)
    assert rows[0]["severity"] == "SEV-4"
    assert rows[0]["next deadline"] == "Acknowledge"
    assert [row["title"] for row in _rows(as_("responder"), phase="dismissed")] == ["Gone"]


@pytest.mark.mistake(22)
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "'="])
def test_no_cell_is_a_formula(sign, as_, declare):
    incident = declare(title="Calm")
    type(incident).objects.filter(pk=incident.pk).update(title=f'{sign}HYPERLINK("x")')
    assert _rows(as_("responder"))[0]["title"] == f'\'{sign}HYPERLINK("x")'


def test_a_file_that_was_taken_is_recorded_with_its_filter(as_, declare, people):
    declare()
    _rows(as_("auditor"), severity="2", show="all")
    event = AuditEvent.objects.get()
    assert (event.user_id, event.action, event.about, event.detail) == (
        people["auditor"].pk,
        "exported",
        "incidents",
        {"filters": {"severity": "2", "show": "all"}},
    )


def test_no_partner_takes_a_file(client, people, helix, declare):
    declare()
    client.force_login(people["helix"])
    for way in ("export/", "names/partner/"):
        assert client.get(INCIDENTS + way).status_code in (302, 403, 404)
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"was refused"}


# --- filters --------------------------------------------------------------------------------------


@pytest.fixture
def two(declare, people, helix, norrbank):
    """One with Helix and a system, overdue; another with Norrbank, without a category."""
    commander = people.actor("commander")
    first = declare(title="First one", at=clocks.now().replace(year=2026), category_id=None)
    second = declare(title="Second one", at=clocks.now())
    for incident, partner in ((first, helix), (second, norrbank)):
        disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Delayed",
            meaning="Wait.",
            severity=2,
            by=commander,
            at=NOW,
        )
    system = System.objects.create(name="Quote-GW")
    response.add_system(incident_id=first.pk, system_id=system.pk, by=commander, at=NOW)
    first.deadlines.update(due_at=NOW)
    second.deadlines.update(due_at=clocks.now().replace(year=2099))


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ({"partner": "HELIX"}, {"First one"}),
        ({"partner": "helix"}, {"First one"}),
        ({"partner": "norrbank securities"}, {"Second one"}),
        ({"partner": "nobody"}, set()),
        ({"system": "quote-gw"}, {"First one"}),
        ({"system": "nothing"}, set()),
        ({"overdue": "1"}, {"First one"}),
        ({"category": "none"}, {"First one", "Second one"}),
        ({"category": "outage"}, set()),
        ({"category": "nonsense"}, set()),
        ({"partner": "helix", "system": "quote-gw", "q": "first", "mine": ""}, {"First one"}),
        ({"partner": "helix", "overdue": "", "show": "", "q": ""}, {"First one"}),
    ],
)
def test_filters_find_and_can_be_combined(asked, titles, as_, two):
    words = text_of(as_("responder").get(INCIDENTS, asked))
    assert {t for t in ("First one", "Second one") if t in words} == titles


def test_an_empty_list_says_what_to_do(as_, declare):
    browser = as_("responder")
    assert "No incident is open." in text_of(browser.get(INCIDENTS))
    declare(title="Stale prices")
    assert "Look in all" in text_of(browser.get(INCIDENTS, {"q": "nothing"}))
    assert "No incident fits. Clear a filter." in text_of(
        browser.get(INCIDENTS, {"overdue": "1", "severity": "1"})
    )


def test_names_that_fit_are_offered(as_, helix, norrbank):
    System.objects.create(name="quote-gw")
    browser = as_("responder")
    assert browser.get(f"{INCIDENTS}names/partner/", {"q": "bank"}).json() == {
        "names": ["Norrbank Securities"]
    }
    assert browser.get(f"{INCIDENTS}names/system/", {"q": "GW"}).json() == {"names": ["quote-gw"]}
    assert browser.get(f"{INCIDENTS}names/user/").status_code == 404


def test_declaring_asks_for_little_and_folds_the_rest(as_):
    page = as_("responder").get(f"{INCIDENTS}do/declare/").content.decode()
    before, after = page.split('<details class="fold">')
    for name in ("title", "category", "impact", "scope", "urgency"):
        assert f'name="{name}"' in before
    assert {n for n in ("description", "occurred_at") if f'name="{n}"' in after} == {
        "description",
        "occurred_at",
    }
    answer = as_("responder").post(f"{INCIDENTS}do/declare/", {"title": "Stale prices"})
    assert answer.status_code == 302
    wrong = as_("responder").post(
        f"{INCIDENTS}do/declare/", {"title": "Late", "occurred_at": "2999-01-01T00:00"}
    )
    assert '<details class="fold" open>' in wrong.content.decode()
