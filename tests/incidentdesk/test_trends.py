"""The trends on the dashboard: medians, and incidents a week."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases import workflow
from cases.models import Incident
from incidentdesk.dashboard import trends
from incidentdesk.kernel.access import SYSTEM
from tests.conftest import NOW, People
from tests.incidentdesk.conftest import minutes

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]
URL = "/admin/"


def test_medians_compare_these_90_days_with_the_90_before(people: People) -> None:
    def opened(days_ago: float, acknowledged_after: float) -> None:
        at = NOW - timedelta(days=days_ago)
        incident = workflow.open_incident(
            opening=workflow.Opening(
                title="A", detection="staff", detected_by="staff", detected_at=at
            ),
            by=SYSTEM,
            at=at,
        )
        workflow.acknowledge(
            incident_id=incident.pk,
            by=people.actor("responder"),
            at=at + timedelta(minutes=acknowledged_after),
        )

    for days_ago, after in [(1, 2), (10, 4), (89, 60), (91, 10), (179, 20), (181, 999)]:
        opened(days_ago, after)
    line = trends.medians(people.actor("responder"), at=NOW)[0]
    assert (line.name, line.now, line.now_count) == ("acknowledge", "4 min", 3)
    assert (line.before, line.before_count) == ("15 min", 2)


def test_medians_follow_an_incident_through_its_phases(
    incident_in: Callable[..., Incident], people: People
) -> None:
    incident = incident_in("review")
    lines = {line.name: line for line in trends.medians(people.actor("auditor"), at=minutes(300))}
    assert incident.contained_at is not None
    assert incident.recovered_at is not None
    assert lines["contain"].now_count == lines["recover"].now_count == 1
    assert lines["tell partners"].now_count == 1
    assert lines["finish the review"].now == "—"  # it is not closed yet
    assert lines["tell partners"].before == "—"


def test_weeks_are_drawn_by_category_and_told_as_a_table(
    as_: As, incident_in: Callable[..., Incident], declare: Callable[..., Incident], clock: Any
) -> None:
    incident_in("containment")
    declare(at=NOW - timedelta(weeks=2))
    declare(at=NOW - timedelta(weeks=14))  # too old
    clock(minutes(120))
    response = as_("auditor").get(URL)
    weeks = response.context["weeks"]
    assert len(weeks.weeks) == 13
    assert weeks.total == 2
    assert [kind.name for kind in weeks.kinds] == [
        "Infrastructure outage or service degradation",
        "no category yet",
    ]
    assert [week.total for week in weeks.weeks[-3:]] == [1, 0, 1]
    assert weeks.weeks[-1].bars[0].height == trends.HEIGHT
    assert "2 incidents in 13 weeks, at most 1 in one." in response.content.decode()
