"""Incidents by week, severity, category, source, system and partner; who is counted and who not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from cases import disclosure, restriction, workflow
from cases.models import Category, Incident
from incidentdesk.kernel.access import SYSTEM
from reviews.trends import asked as period
from reviews.trends import counts, reading, times
from tests.conftest import NOW
from tests.reviews.trends.conftest import figures

pytestmark = pytest.mark.django_db


def involve(incident, people, *partners):
    for partner in partners:
        disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Late",
            meaning="Wait.",
            severity=2,
            by=people.actor("commander"),
            at=NOW,
        )


@pytest.fixture
def several(make, people, helix, norrbank):
    """Three in the period, one before it."""
    alert = {"detection": "alert", "detected_by": "Alertmanager · source “prod-eu”"}
    one = make(days_ago=1, systems=("ledger", "gateway"), **alert)
    two = make(days_ago=9, severity=1, systems=("gateway",), **alert)
    make(days_ago=9, severity=4, category="")
    old = make(days_ago=33, systems=("ledger",), detection="partner", detected_by="Helix · 1")
    involve(one, people, helix, norrbank)
    involve(two, people, helix)
    involve(old, people, norrbank)
    return one, two


def test_each_way_to_count_has_the_period_and_the_one_before(several, chart):
    found = {
        key: figures(chart(key), "now", "before")
        for key in ("categories", "severities", "sources", "systems", "partners")
    }
    outage = "Infrastructure outage or service degradation"
    assert found == {
        "categories": {outage: (2, 1), "no category yet": (1, 0)},
        "severities": {"SEV-1": (1, 0), "SEV-2": (1, 1), "SEV-3": (0, 0), "SEV-4": (1, 0)},
        "sources": {
            "Alertmanager · source “prod-eu”": (2, 0),
            "staff": (1, 0),
            "partner report": (0, 1),
        },
        "systems": {"gateway": (2, 0), "ledger": (1, 1)},
        "partners": {"Helix Markets": (2, 0), "Norrbank Securities": (1, 1)},
    }
    assert chart("severities").title == "2 of 3 incidents were SEV-1 or SEV-2"
    assert chart("systems").title == "gateway was affected most: 2, was 0"


def test_weeks_begin_on_monday_and_end_with_the_period(several, chart):
    found = figures(chart("weeks"), "now", "sev1", "sev2", "sev4")
    assert found == {
        "3 Feb": (0, 0, 0, 0),
        "9 Feb": (0, 0, 0, 0),
        "16 Feb": (0, 0, 0, 0),
        "23 Feb": (2, 1, 0, 1),
        "2 Mar": (1, 0, 1, 0),
    }
    assert chart("weeks").title == "3 incidents in 5 weeks, at most 2 in one"


def test_a_long_period_is_told_by_months(several, people):
    wanted = period.read({"since": "2025-08-01", "until": "2026-03-04"}, at=NOW)
    found = counts.weeks(wanted, people.actor("responder"))
    assert figures(found, "now") == {
        "Aug 2025": (0,),
        "Sep 2025": (0,),
        "Oct 2025": (0,),
        "Nov 2025": (0,),
        "Dec 2025": (0,),
        "Jan 2026": (1,),
        "Feb 2026": (1 + 1,),
        "Mar 2026": (1,),
    }


def totals(chart, who="responder", **sent):
    """What every chart says that counts an incident once."""
    once = ("weeks", "categories", "severities", "sources")
    return {sum(row.count("now") for row in chart(key, who=who, **sent).rows) for key in once}


def test_exercises_what_was_dismissed_and_what_was_merged_are_out(make, chart, people):
    make()
    make(is_exercise=True)
    by = people.actor("commander")
    workflow.dismiss(incident_id=make().pk, reason="A test.", by=by, at=NOW)
    onward = make()
    merged = make(systems=("ledger",))
    workflow.dismiss(
        incident_id=merged.pk, reason="Same.", duplicate_of=onward.reference, by=by, at=NOW
    )
    assert totals(chart) == {2}
    assert figures(chart("systems"), "now") == {"ledger": (1,)}  # it followed


def test_a_restricted_incident_counts_for_those_who_may_open_it_alone(make, chart, people):
    make()
    hidden = make(contained_at=9)
    restriction.restrict(
        incident_id=hidden.pk,
        user_ids=[],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert totals(chart) == {1}
    assert totals(chart, who="commander") == totals(chart, who="auditor") == {2}
    assert figures(chart("contain"), "recorded")["SEV-2"] == (0,)
    assert figures(chart("contain", who="commander"), "recorded")["SEV-2"] == (1,)


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ({"severity": "1"}, 1),
        ({"category": "outage"}, 2),
        ({"category": "none"}, 1),
        ({"partner": "helix"}, 2),
        ({"partner": "Norrbank securities"}, 1),
        ({"system": "Gateway"}, 2),
        ({"system": "ledger", "severity": "1"}, 0),
    ],
)
def test_filters_narrow_every_chart(several, chart, sent, number):
    assert totals(chart, **sent) == {number}


@pytest.mark.parametrize("narrowed", [{}, {"severity": "2"}, {"partner": "helix"}])
@pytest.mark.usefixtures("now")
def test_a_bar_leads_to_the_incidents_that_it_counts(several, chart, as_, make, people, narrowed):
    make(is_exercise=True)
    workflow.dismiss(incident_id=make().pk, reason="A test.", by=people.actor("commander"), at=NOW)
    browser, followed = as_("responder"), 0
    for key in ("weeks", "categories", "severities", "sources", "systems", "partners"):
        for row in chart(key, **narrowed).rows:
            if row.url:
                shown = browser.get(row.url).context["cl"].result_list
                assert len(shown) == row.count("now"), (key, row.label)
                followed += row.count("now")
    assert followed


incident = st.tuples(
    st.integers(0, 70),  # days ago
    st.integers(1, 4),
    st.sampled_from([None, "outage", "data_integrity", "api_security"]),
    st.sampled_from(["staff", "alert", "log"]),
    st.booleans(),
)


@pytest.mark.usefixtures("people")
@given(st.lists(incident, max_size=25), st.sampled_from(["30", "90", "quarter", "last_quarter"]))
@hypothesis(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_weeks_categories_severities_and_sources_add_up_to_the_same(rows, asked):
    begun = transaction.savepoint()
    keys = dict(Category.objects.values_list("key", "pk"))
    Incident.objects.bulk_create(
        Incident(
            title="Stale prices",
            opened_at=NOW - timedelta(days=days),
            detected_at=NOW,
            severity=severity,
            category_id=keys.get(category),
            detection=detection,
            detected_by="a source",
            is_exercise=is_exercise,
        )
        for days, severity, category, detection, is_exercise in rows
    )
    wanted = period.read({"period": asked}, at=NOW)
    number = Incident.objects.filter(
        is_exercise=False, opened_at__gte=wanted.since, opened_at__lt=wanted.until
    ).count()
    found = {
        key: sum(row.count("now") for row in reading.chart(key, wanted, SYSTEM, at=NOW).rows)
        for key in ("weeks", "categories", "severities", "sources")
    }
    spans = reading.chart("acknowledge", wanted, SYSTEM, at=NOW)
    found["states"] = sum(row.count(state) for row in spans.rows for state in times.STATES)
    transaction.savepoint_rollback(begun)
    assert found == dict.fromkeys(found, number)
