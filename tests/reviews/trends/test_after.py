"""Preventive actions verified in time, and causes that come back within six months."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reviews import queries
from tests.conftest import NOW
from tests.reviews.trends.conftest import agreed, figures

pytestmark = pytest.mark.django_db
STANDINGS = ("in_time", "late", "overdue", "pending", "not_applicable", "invalid")


@pytest.fixture
def actions(make, people):
    """One of every standing, one of an exercise and one that fell due long ago."""
    incident, owner = make(), people["responder"]
    agreed(incident, owner, due=5, ended=6)
    agreed(incident, owner, due=5, ended=5)  # on its last day
    agreed(incident, owner, due=5, ended=4)
    known = {"state": "verified", "verified_by": people["approver"], "evidence": "A drill."}
    agreed(incident, owner, due=5, ended=7, verified_at=NOW - timedelta(days=5), **known)
    agreed(incident, owner, due=5, ended=7, verified_at=NOW - timedelta(days=4), **known)
    agreed(incident, owner, due=5, ended=7, remind_at=NOW)  # done, and nobody has looked
    agreed(incident, owner, due=0, ended=7, remind_at=NOW)  # one more day to look
    agreed(incident, owner, due=5, ended=None)
    agreed(incident, owner, due=0, ended=None)  # it has the rest of the day
    agreed(incident, owner, due=5, ended=6, state="dropped", kind="prevent")
    agreed(incident, owner, due=5, ended=91)  # ended before it was agreed
    agreed(incident, owner, due=40, ended=41)
    agreed(make(is_exercise=True), owner, due=5, ended=6)


def test_actions_are_in_time_late_overdue_pending_dropped_or_invalid(actions, chart):
    found = chart("actions")
    assert figures(found, *STANDINGS) == {
        "Prevent": (0, 0, 0, 0, 1, 0),
        "Detect": (3, 2, 2, 2, 0, 1),
        "Respond": (0, 0, 0, 0, 0, 0),
    }
    said = "of the preventive actions that fell due were verified in time"
    assert found.title == f"3 of 7 (43 %) {said}"


def test_a_bar_of_actions_leads_to_exactly_those_that_it_counts(actions, chart, as_):
    browser = as_("responder")
    for row in chart("actions").rows:
        listed = browser.get(row.url).context["cl"].queryset
        assert listed.count() == sum(row.count(key) for key in STANDINGS)
    assert {row.url for row in chart("actions", severity="2").rows} == {""}
    nonsense = browser.get("/admin/reviews/preventiveaction/?fell_due=soon")
    assert nonsense.context["cl"].queryset.count() == 0


def test_the_dashboard_says_the_same_but_for_what_is_invalid(actions, chart, people):
    was = queries.actions_in_time(people.actor("responder"), since=NOW - timedelta(days=29), at=NOW)
    (row,) = (row for row in chart("actions").rows if row.label == "Detect")
    assert was.verified == row.count("in_time") + row.count("invalid")
    assert was.due == sum(row.count(key) for key in ("in_time", "late", "overdue", "invalid"))


def test_a_cause_repeats_with_the_same_category_and_a_common_system_within_six_months(make, chart):
    make(days_ago=200, systems=("ledger",))  # 183 days before the one of 17 days ago
    make(days_ago=17, systems=("ledger", "gateway"))
    make(days_ago=9, systems=("ledger",))
    make(days_ago=8, systems=("gateway",))
    make(days_ago=7, systems=("gateway",), category="data_integrity")  # another category
    make(days_ago=6, systems=("risk",))  # another system
    make(days_ago=5, systems=("ledger",), category="")
    make(days_ago=4)
    make(days_ago=3, systems=("ledger",), is_exercise=True)
    found = chart("repeats")
    outage = "Infrastructure outage or service degradation"
    assert figures(found, "repeats", "incidents") == {
        f"{outage} · ledger": (2, 2),
        f"{outage} · gateway": (1, 2),
    }
    assert found.title == "3 of 5 incidents (60 %) had one like it in the six months before"
    assert found.of == (
        "Of 7 incidents; alike is the same category and a common system."
        " 2 without category or system cannot be told."
    )


def test_half_a_year_and_a_day_is_no_repeat(make, chart):
    make(days_ago=201, systems=("ledger",))
    make(days_ago=17, systems=("ledger",))
    found = chart("repeats")
    assert found.title == "0 of 1 incident (0 %) had one like it in the six months before"
    assert found.is_empty
