"""What an alert says when it opens an incident supports the values that it opens with."""

from __future__ import annotations

import pytest

from cases import bases
from cases.models import Alert, Basis, Incident, MomentChange
from tests.cases.intake.conftest import alert, answer, call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("source", "pagerduty")]


def test_every_value_rests_on_its_alert_so_that_nobody_repeats_what_a_machine_said(post):
    answer(post(call(alert("Mild", severity="info"), alert("Dire", severity="critical"))))
    incident = Incident.objects.get()
    mild, dire = Alert.objects.order_by("id")
    found = {row.axis: row for row in Basis.objects.filter(incident=incident)}
    assert {axis: (row.value, row.alert, row.set_by) for axis, row in found.items()} == {
        "impact": (2, mild, None),
        "scope": (2, mild, None),
        "urgency": (3, dire, None),
    }
    assert found["impact"].words == f"Alert: {mild.title}; default of source prod-eu"
    assert found["urgency"].words == f"Alert: {dire.title}; as source prod-eu told it"
    assert set(bases.standing(incident)) == {"impact", "scope", "urgency"}


def test_an_alert_that_joins_changes_nothing_about_it(post):
    answer(post(call(alert("First"))))
    before = list(Basis.objects.order_by("id").values())
    answer(post(call(alert("Second", severity="critical"))))
    assert Alert.objects.count() == 2
    assert list(Basis.objects.order_by("id").values()) == before


def test_a_title_as_long_as_it_may_be_fits(post):
    answer(post(call(alert("A" * 200))))
    assert {row.words[-28:] for row in Basis.objects.filter(axis="impact")} == {
        "A; default of source prod-eu"
    }


def test_the_times_are_entered_by_the_desk(post):
    answer(post(call(alert())))
    incident = Incident.objects.get()
    assert list(MomentChange.objects.values_list("name", "value", "actor", "user_id")) == [
        ("occurred_at", incident.occurred_at, "The desk", None),
        ("detected_at", incident.detected_at, "The desk", None),
    ]
