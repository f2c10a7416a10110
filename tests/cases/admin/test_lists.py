"""The lists: what they show by themselves, and what they leave to filters and search."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from cases import notices, requests, workflow
from cases.intake import reports
from cases.models import Alert, Event, Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import actor_for
from tests.cases.admin.conftest import text_of
from tests.conftest import NOW

INCIDENTS = "/admin/cases/incident/"


@pytest.fixture
def three(declare, people, incident_in):
    """One in containment that the commander leads, one new, one dismissed."""
    incident_in("containment", title="Led one")
    declare(title="New one", impact=1, scope=1, urgency=1)
    gone = declare(title="Gone one")
    workflow.dismiss(incident_id=gone.pk, reason="None.", by=people.actor("commander"), at=NOW)


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ({}, {"Led one", "New one"}),
        ({"show": "all"}, {"Led one", "New one", "Gone one"}),
        ({"mine": "1"}, {"Led one"}),
        ({"severity": "4"}, {"New one"}),
        ({"phase": "containment"}, {"Led one"}),
        ({"phase": "dismissed"}, {"Gone one"}),
        ({"q": "led"}, {"Led one"}),
        ({"severity": "nonsense", "phase": "nonsense"}, set()),
    ],
)
def test_incidents_are_the_open_ones_unless_asked_otherwise(asked, titles, as_, three):
    words = text_of(as_("commander").get(INCIDENTS, asked))
    assert {t for t in ("Led one", "New one", "Gone one") if t in words} == titles


def test_an_incident_is_found_by_its_reference(as_, three):
    reference = Incident.objects.get(title="New one").reference
    words = text_of(as_("auditor").get(INCIDENTS, {"q": reference}))
    assert "New one" in words
    assert "Led one" not in words


def test_the_newest_incident_comes_first_with_its_next_clock(as_, three):
    words = text_of(as_("auditor").get(INCIDENTS))
    assert words.index("New one") < words.index("Led one")
    assert "Acknowledge:" in words
    assert "late" in words


def test_notices_are_those_that_wait_for_approval(as_, incident_in, walk, people):
    incident = incident_in("containment", title="Led one")
    walk(incident).notify("first")
    browser = as_("approver")
    assert "Led one" not in text_of(browser.get("/admin/cases/notice/"))
    notices.draft(
        incident_id=incident.pk,
        kind="update",
        body="More.",
        involvement_ids=[row.pk for row in incident.involvements.all()],
        by=people.actor("communications"),
        at=NOW,
    )
    assert "Led one" in text_of(browser.get("/admin/cases/notice/"))
    assert text_of(browser.get("/admin/cases/notice/", {"state": "all"})).count("Led one") == 2


def test_reports_are_those_that_wait_for_triage(as_, people, helix):
    made = reports.report(
        title="Fills missing",
        description="Forty.",
        noticed_at=NOW,
        by=actor_for(people["helix"], partner_id=helix.pk),
        at=NOW,
    )
    browser = as_("communications")
    assert "Fills missing" in text_of(browser.get("/admin/cases/report/"))
    reports.decline(report_id=made.pk, answer="Fixed.", by=people.actor("security"), at=NOW)
    assert "Fills missing" not in text_of(browser.get("/admin/cases/report/"))


@pytest.fixture
def over(incident_in, people, helix, source):
    """An open incident on which nothing is left to do; each thing of it is findable by a word."""
    incident = incident_in("recovery", title="Led one")
    Alert.objects.create(
        source=source,
        incident=incident,
        external_key="k",
        group_key="g",
        title="Quote age",
        first_at=NOW,
        last_at=NOW,
        resolved_at=NOW,
    )
    by = people.actor("communications")
    asked = requests.ask(
        incident_id=incident.pk,
        involvement_id=incident.involvements.get().pk,
        question="Which orders?",
        why="We reconcile.",
        due_at=NOW + timedelta(days=1),
        by=by,
        at=NOW,
    )
    requests.withdraw(request_id=asked.pk, reason="Found.", by=by, at=NOW)
    made = reports.report(
        title="Fills missing",
        description="Forty.",
        noticed_at=NOW,
        by=actor_for(people["helix"], partner_id=helix.pk),
        at=NOW,
    )
    reports.decline(report_id=made.pk, answer="Fixed.", by=people.actor("security"), at=NOW)


@pytest.mark.parametrize(
    ("name", "searched", "found", "looked_at"),
    [
        ("alert", "Quote", "Quote age", "only those that fire"),
        ("request", "orders", "Which orders?", "only open ones"),
        ("report", "Fills", "Fills missing", "only those that wait for triage"),
        ("notice", "delayed", "Led one", "only those that wait for approval"),
        ("task", "blast", "Confirm blast radius", "only open ones whose phase has come"),
        ("fix", "CHG-4411", "Resubscribe after a gap.", "only temporary ones in place"),
    ],
)
def test_a_search_that_finds_nothing_says_what_was_looked_at_and_leads_to_all(
    name, searched, found, looked_at, as_, over
):
    browser, url = as_("commander"), f"/admin/cases/{name}/"
    page = browser.get(url, {"q": searched})
    words = text_of(page)
    assert f"Nothing fits; {looked_at} were looked at. Look in all" in words
    assert found.lower() not in words.lower()
    (way,) = re.findall(r'<a href="([^"]*)">Look in all</a>', page.content.decode())
    everything = text_of(browser.get(url + html.unescape(way)))
    assert found.lower() in everything.lower()
    assert "Nothing fits" not in everything
    none = text_of(browser.get(url + html.unescape(way).replace(searched, "zzz")))
    assert "Nothing fits. Clear the search and the filters" in none


def test_tasks_are_the_open_ones_of_the_present_phase(as_, incident_in):
    incident = incident_in("containment")
    browser = as_("responder")
    words = text_of(browser.get("/admin/cases/task/"))
    assert "Confirm blast radius" in words
    assert "Add capacity" not in words
    task = incident.tasks.filter(phase="containment").first()
    answer = browser.get(f"/admin/cases/task/{task.pk}/change/")
    assert answer.headers["Location"] == f"{incident.url}?tab=tasks#task-{task.pk}"


def test_a_raw_delivery_is_shown_as_it_came(as_, source):
    event = Event.objects.create(
        source=source,
        received_at=NOW,
        body='{"a": "<script>"}',
        outcome="refused",
        said="The body is no alert.",
    )
    browser = as_("auditor")
    assert "The body is no alert." in text_of(browser.get("/admin/cases/event/"))
    page = browser.get(f"/admin/cases/event/{event.pk}/change/").content.decode()
    assert "{&quot;a&quot;: &quot;&lt;script&gt;&quot;}" in page


def test_deliveries_that_wait_are_found_and_say_when_they_are_tried_next(as_, source):
    soon = clocks.now() + timedelta(minutes=40)
    made = {
        name: Event.objects.create(
            source=source, received_at=NOW, body="{}", outcome=outcome, said=name, **tried
        )
        for name, outcome, tried in [
            ("QuoteStale-1", "done", {"attempts": 6}),
            ("QuoteStale-2", "pending", {}),
            ("QuoteStale-3", "pending", {"attempts": 6, "next_try_at": soon}),
        ]
    }
    browser = as_("responder")
    for asked, names in [
        ({}, {"QuoteStale-1", "QuoteStale-2", "QuoteStale-3"}),
        ({"waiting": "1"}, {"QuoteStale-2", "QuoteStale-3"}),
        ({"waiting": "long"}, {"QuoteStale-3"}),
    ]:
        words = text_of(browser.get("/admin/cases/event/", asked))
        assert {name for name in made if name in words} == names
    pages = {n: text_of(browser.get(f"/admin/cases/event/{e.pk}/change/")) for n, e in made.items()}
    assert "The next try is within seconds." in pages["QuoteStale-2"]
    assert "Tried 6 times without success; the next try is at " in pages["QuoteStale-3"]
    assert "next try" not in pages["QuoteStale-1"]


def test_only_filters_that_apply_are_counted_as_set(as_, three):
    browser = as_("responder")
    for query, count in (("severity=9&phase=zz&mine=2", 0), ("severity=2&phase=zz&system=no", 2)):
        page = browser.get(f"/admin/cases/incident/?{query}")
        assert page.context["cl"].filters_on == count, query
