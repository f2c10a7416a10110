"""What the incident's page tells: phases, clocks, gates, tabs, banners."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from cases import response, timeline, workflow
from cases.admin.page import moments, progress
from cases.models import Alert, Entry, Incident
from incidentdesk.kernel import clocks
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW


@pytest.fixture
def at_now(monkeypatch):
    """`at_now(moment)`: the desk's clock stands there."""
    return lambda moment: monkeypatch.setattr(clocks, "now", lambda: moment)


def test_the_phases_show_when_and_how_long(as_, incident_in, at_now):
    incident = incident_in("containment")
    at_now(NOW + timedelta(minutes=60))
    words = text_of(as_("responder").get(page_of(incident)))
    assert "Identification 09:41 – 10:16 · 35 min" in words
    assert "Containment since 10:16 · 25 min" in words


def test_a_clock_is_met_runs_short_of_time_or_is_late(declare, as_, at_now, people):
    incident = declare(impact=3, scope=2, urgency=2)  # SEV-2: 15 min, 20 min, 2 h, 4 h
    workflow.acknowledge(
        incident_id=incident.pk, by=people.actor("responder"), at=NOW + timedelta(minutes=4)
    )
    at_now(NOW + timedelta(minutes=100))
    page = as_("responder").get(page_of(incident))
    words = text_of(page)
    assert "Acknowledge 4 min target 15 min · met" in words
    assert "Evaluated 1 h 20 late due 10:01 · target 20 min" in words
    assert "Contained 0:20:00 due 11:41 · target 2 h" in words
    assert "Recovered 2:20:00 due 13:41 · target 4 h" in words
    states = [clock.state for clock in page.context["clocks"]]
    assert states == ["met", "late", "soon", ""]


def test_a_target_in_business_days_is_said_as_it_was_agreed(declare, as_, at_now):
    """Over a weekend: the time that passes would say three days."""
    friday = NOW + timedelta(days=2, hours=9)
    incident = declare(impact=1, scope=1, urgency=1, at=friday)  # SEV-4: 1, 2 and 10 of them
    at_now(friday + timedelta(minutes=1))
    words = text_of(as_("responder").get(page_of(incident)))
    assert "due 9 Mar 18:41 · target 1 business day" in words
    assert "due 10 Mar 18:41 · target 2 business days" in words
    assert "due 20 Mar 18:41 · target 10 business days" in words
    incident.deadlines.filter(kind="acknowledge").update(due_at=friday + timedelta(hours=30))
    words = text_of(as_("responder").get(page_of(incident)))
    assert "target 1 d 6 h" in words  # set by another target than today's


def test_what_was_met_too_late_is_late(declare, people):
    incident = declare(impact=3, scope=2, urgency=2)
    late = NOW + timedelta(minutes=20)
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=late)
    clock = progress.running_clocks(list(incident.deadlines.all()), drafts=0, now=late)[0]
    assert (clock.state, clock.value, clock.foot) == (
        "late",
        "20 min",
        "target 15 min · met 5 min late",
    )


def test_a_phase_that_was_entered_twice_counts_both_stays(incident_in, people, walk):
    incident = incident_in("containment")
    back, again = NOW + timedelta(minutes=40), NOW + timedelta(minutes=50)
    by = people.actor("commander")
    workflow.step_back(incident_id=incident.pk, reason="Too early.", by=by, at=back)
    walk(incident).sign_all("regulatory_decided", "no_duplicate")
    workflow.begin_containment(incident_id=incident.pk, by=by, at=again)
    incident = Incident.objects.get(pk=incident.pk)
    shown = progress.steps(incident, list(incident.moves.all()), again + timedelta(minutes=5))
    assert shown[0].words == "10:21 – 10:31 · 45 min"
    assert shown[1].words == "since 10:31 · 10 min"
    assert [step.state for step in shown] == ["done", "now", "", "", ""]


def test_times_are_said_as_short_as_they_can_be():
    assert moments.short(NOW, NOW) == "09:41"
    assert moments.short(NOW - timedelta(days=9), NOW) == "23 Feb 09:41"
    assert moments.short(NOW - timedelta(days=99), NOW) == "25 Nov 2025 09:41"
    assert moments.left(timedelta(minutes=85, seconds=12)) == "1:25:12"
    assert moments.left(timedelta(days=2, hours=3)) == "2 d 3 h"


def test_gates_lead_to_the_dialogs_in_which_they_are_met(as_, incident_in):
    incident = incident_in("containment")
    page = as_("commander").get(page_of(incident)).content.decode()
    assert "Before mitigation can begin" in page
    assert f'{address(incident, "sign")}?key=no_growth"' in page
    assert f'{address(incident, "decide_notice")}"' in page
    seen = as_("auditor").get(page_of(incident))
    assert "Signed that it no longer grows" in text_of(seen)
    assert address(incident, "sign") not in seen.content.decode()


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("timeline", "Identification → Containment."),
        ("tasks", "Confirm blast radius"),
        ("systems", "quote-gw-eu-2"),
        ("partners", "Use EU-1."),
        ("notices", "First notice"),
        ("messages", "acknowledged by Incident commander"),
        ("alerts", "QuoteStale"),
        ("no-such-tab", "Identification → Containment."),
    ],
)
def test_each_tab_is_a_plain_link_that_shows_its_rows(
    tab, words, as_, incident_in, walk, source, people
):
    incident = incident_in("containment")
    walk(incident).notify("first")
    Alert.objects.create(
        source=source,
        incident=incident,
        external_key="a",
        group_key="g",
        title="QuoteStale",
        first_at=NOW,
        last_at=NOW,
    )
    assert words in text_of(as_("auditor").get(page_of(incident), {"tab": tab}))


def test_a_long_timeline_has_pages(as_, declare, people):
    incident = declare()
    for number in range(60):
        timeline.record(
            incident, Entry.Kind.UPDATE, f"Line {number}.", by=people.actor("responder"), at=NOW
        )
    browser = as_("auditor")
    first = browser.get(page_of(incident))
    assert "Line 59." in text_of(first)
    assert "Line 9." not in text_of(first)
    last = Entry.objects.get(incident=incident, sequence=12).pk
    assert f"tab=timeline&amp;before={last}" in first.content.decode()
    older = text_of(browser.get(page_of(incident), {"tab": "timeline", "before": str(last)}))
    assert "Line 9." in older
    assert "Opened by" in older
    assert "Line 59." not in older


def test_recovery_is_proposed_until_it_is_recorded(as_, incident_in, people):
    incident = incident_in("recovery")
    Incident.objects.filter(pk=incident.pk).update(recovery_proposed_at=NOW)
    browser = as_("responder")
    assert "every alert has cleared at" in text_of(browser.get(page_of(incident)))
    response.record_recovery(
        incident_id=incident.pk, recovered_at=NOW, by=people.actor("responder"), at=NOW
    )
    assert "every alert has cleared at" not in text_of(browser.get(page_of(incident)))


def test_a_duplicate_and_the_one_it_points_to_name_each_other(as_, declare, people):
    kept, twin = declare(title="Stale prices"), declare(title="Old quotes")
    workflow.dismiss(
        incident_id=twin.pk,
        reason="Same.",
        duplicate_of=kept.reference,
        by=people.actor("commander"),
        at=NOW,
    )
    browser = as_("auditor")
    said = f"a duplicate and merged into {kept.reference} Stale prices"
    assert said in text_of(browser.get(page_of(twin)))
    said = f"Merged into this incident: {twin.reference} Old quotes"
    assert said in text_of(browser.get(page_of(kept)))


def test_an_incident_in_review_leads_to_its_review(as_, incident_in):
    incident = incident_in("review")
    page = as_("commander").get(page_of(incident)).content.decode()
    assert f"/admin/reviews/review/of/{incident.pk}/" in page
    assert "Before it can be closed" in page


def test_a_page_says_where_it_stands_in_the_words_of_the_sidebar(as_, declare):
    incident, browser = declare(), as_("commander")
    for url, places in (
        ("/admin/cases/incident/", ["Response", "Incidents"]),
        (page_of(incident), ["Response", "Incidents", str(incident)]),
        ("/admin/cases/notice/", ["Communication", "Notices to approve"]),
    ):
        head = browser.get(url).content.decode().split('id="header-inner"')[1]
        found = re.findall(r'tracking-tight">\s*(.*?)\s*</', head)
        assert [html.unescape(one) for one in found[: len(places)]] == places
        assert len(found) == len(places)
