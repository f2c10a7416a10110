"""With partners: our punctuality, their answers, how soon they report; as their own pages say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import cooperation, disclosure, punctuality, requests, restriction
from cases.intake import reports
from cases.models import Deadline, Report
from tests.conftest import NOW
from tests.reviews.trends.conftest import figures

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEGAN = NOW - 9 * DAY
KEPT = ("in_time", "late", "overdue", "pending", "not_applicable")


@pytest.fixture
def involved(make, people):
    """`involved(helix)`: a partner in an incident of nine days ago."""

    def run(partner, **known):
        incident = make(days_ago=9, **known)
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Late",
            meaning="Wait.",
            severity=2,
            by=people.actor("commander"),
            at=BEGAN,
        )

    return run


def clock(row, kind, due, met=None, *, dropped=False):
    """Due so many days after it began, and met."""
    Deadline.objects.update_or_create(
        incident=row.incident,
        involvement=row,
        kind=kind,
        defaults={
            "anchor_at": BEGAN,
            "due_at": BEGAN + due * DAY,
            "met_at": None if met is None else BEGAN + met * DAY,
            "is_dropped": dropped,
        },
    )


@pytest.fixture
def owed(involved, helix, norrbank):
    """Of Helix one of each but what is dropped, which is Norrbank's; and an exercise."""
    Deadline.objects.all().delete()
    one, two = involved(helix), involved(helix)
    three, drill = involved(norrbank), involved(norrbank, is_exercise=True)
    Deadline.objects.all().delete()
    clock(one, "partner_notice", 1, 1)
    clock(one, "facts_initial", 2, 3)
    clock(one, "facts_interim", 3)
    clock(one, "facts_final", 10)
    clock(one, "next_update", 1, 3)  # a promise of its own kind
    clock(two, "partner_notice", 1, 0.5)
    clock(three, "partner_notice", 1, dropped=True)
    clock(drill, "partner_notice", 1, 1)
    return one


def test_what_contracts_promise_is_in_time_late_overdue_pending_or_no_longer_owed(owed, chart):
    found = chart("punctuality", since="2026-02-03", until="2026-03-10")
    assert figures(found, *KEPT) == {
        "Helix Markets": (2, 1, 1, 1, 0),
        "Norrbank Securities": (0, 0, 0, 0, 1),
    }
    assert found.title == "2 of 4 (50 %) of what partners were promised came in time"


def test_the_partners_page_says_the_same_of_our_punctuality(owed, chart, people, helix):
    kept = punctuality.of(helix.pk, actor=people.actor("responder"), at=NOW)
    sums = [
        sum(getattr(row, name) for row in kept if row.label != "Promised updates")
        for name in ("in_time", "late", "overdue")
    ]
    assert tuple(sums) == figures(chart("punctuality"), *KEPT[:3])["Helix Markets"]


@pytest.fixture
def requested(involved, people, helix, norrbank):
    """Of Helix in time, late, overdue, open and withdrawn; of Norrbank one in time."""
    by = people.actor("commander")

    def ask(row, due):
        return requests.ask(
            incident_id=row.incident_id,
            involvement_id=row.pk,
            question="Which?",
            why="",
            due_at=BEGAN + due * DAY,
            by=by,
            at=BEGAN,
        )

    def answer(request, key, partner, after):
        contact, at = people.contact(key, partner), BEGAN + after * DAY
        requests.answer(request_id=request.pk, text="All.", is_whole=True, by=contact, at=at)

    rows = {partner.pk: involved(partner) for partner in (helix, norrbank)}
    for row in rows.values():
        disclosure.disclose(incident_id=row.incident_id, involvement_id=row.pk, by=by, at=BEGAN)
    answer(ask(rows[helix.pk], 1), "helix", helix, 1)
    answer(ask(rows[helix.pk], 1), "helix", helix, 2)
    ask(rows[helix.pk], 3)
    ask(rows[helix.pk], 30)
    requests.withdraw(request_id=ask(rows[helix.pk], 1).pk, reason="x", by=by, at=BEGAN)
    answer(ask(rows[norrbank.pk], 1), "norrbank", norrbank, 0.5)
    return rows[helix.pk]


def test_answers_of_partners_are_in_time_late_overdue_open_or_withdrawn(requested, chart):
    found = chart("cooperation")
    assert figures(found, *KEPT) == {
        "Helix Markets": (1, 1, 1, 1, 1),
        "Norrbank Securities": (1, 0, 0, 0, 0),
    }
    assert found.title == "2 of 4 (50 %) of our requests were answered in time"


def test_the_partners_page_says_the_same_of_its_answers(requested, chart, people, helix):
    found = cooperation.of(helix.pk, actor=people.actor("responder"), at=NOW)
    of_chart = figures(chart("cooperation"), *KEPT[:4])["Helix Markets"]
    assert (found.in_time, found.late, found.overdue, found.open) == of_chart


def test_what_one_may_not_see_is_in_no_figure_of_a_partner(requested, chart, people):
    restriction.restrict(
        incident_id=requested.incident_id,
        user_ids=[],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert list(figures(chart("cooperation"), "in_time")) == ["Norrbank Securities"]
    assert list(figures(chart("punctuality"), "in_time")) == ["Norrbank Securities"]


def test_partners_report_after_so_long_and_what_cannot_be_is_told_apart(
    people, helix, norrbank, chart
):
    def told(partner, key, after, days=3):
        at = NOW - days * DAY
        made = reports.report(
            title=f"Odd {after} {days}",
            description="x",
            noticed_at=at - timedelta(minutes=max(after, 0)),
            by=people.contact(key, partner),
            at=at,
        )
        if after < 0:
            noticed = at - timedelta(minutes=after)
            Report.objects.filter(pk=made.pk).update(noticed_at=noticed)

    for after in (10, 30):
        told(helix, "helix", after)
    told(helix, "helix", -5)
    told(helix, "helix", 60, days=40)
    told(norrbank, "norrbank", 4)
    found = chart("promptness")
    assert figures(found, "median", "p90", "recorded", "invalid", "median_before") == {
        "Helix Markets": (20 * 60, 28 * 60, 2, 1, 3600),
        "Norrbank Securities": (240, 240, 1, 0, None),
    }
    assert found.title == "Helix Markets reports latest: 20 min after it noticed (median of 2)"
