"""Alerts an incident, and how often sources, access rules and the watch of series were wrong."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from cases import restriction, workflow
from cases.models import AccessEvent, AccessFinding, AccessRule, Alert, Anomaly, Series, Source
from tests.conftest import NOW
from tests.reviews.trends.conftest import figures, walked

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(source):
    return Source.objects.create(name="prod-us", format="alertmanager", key_digest="us")


def alert(incident, source, **known):
    return Alert.objects.create(
        source=source,
        incident=incident,
        external_key=str(uuid.uuid4()),
        group_key="g",
        title="Late",
        first_at=NOW,
        last_at=NOW,
        **known,
    )


def dismissed(incident, people, **known):
    workflow.dismiss(
        incident_id=incident.pk, reason="A test.", by=people.actor("commander"), at=NOW, **known
    )
    return incident


def real(incident):
    return walked(incident, "containment")


@pytest.fixture
def alerted(make, people, source, other):
    """Two real ones, two false ones, one open; one merged; one exercise."""
    first = real(make())
    for count in (1, 4):
        alert(first, source, count=count)
    alert(first, other)
    alert(real(make()), source)
    alert(dismissed(make(), people), source)
    alert(dismissed(make(), people), other)
    alert(make(), source)
    merged = make()
    alert(merged, source)
    dismissed(merged, people, duplicate_of=first.reference)  # its alert follows
    alert(make(is_exercise=True), source)
    alert(dismissed(make(days_ago=40), people), source)
    return first


def test_alerts_an_incident_are_told_by_source(alerted, chart):
    found = chart("alerts")
    assert figures(found, "each", "alerts", "incidents") == {
        "prod-eu": (pytest.approx(5 / 3), 5, 3),
        "prod-us": (1.0, 1, 1),
    }
    assert found.title == "prod-eu sends the most: 1.7 alerts an incident"


def test_false_positives_are_told_by_source_and_what_is_open_is_neither(alerted, chart):
    found = chart("false_by_source")
    assert figures(found, "false", "true", "pending") == {
        "prod-us": (1, 1, 0),
        "prod-eu": (1, 2, 1),
    }
    assert found.title == "prod-us: 1 of 2 were false positives"


def test_a_restricted_incident_counts_for_no_source_to_those_who_may_not_open_it(
    alerted, chart, people
):
    restriction.restrict(
        incident_id=alerted.pk,
        user_ids=[],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert figures(chart("false_by_source"), "true") == {"prod-us": (0,), "prod-eu": (1,)}
    assert figures(chart("alerts"), "alerts") == {"prod-eu": (2,)}


def test_false_positives_are_told_by_access_rule(make, people, source, chart):
    rules = list(AccessRule.objects.all()[:2])

    def found_by(rule, incident, times=1):
        held = alert(incident, source)
        for _ in range(times):
            event = AccessEvent.objects.create(
                source=source,
                key=uuid.uuid4(),
                at=NOW,
                received_at=NOW,
                action="login",
                outcome="failure",
            )
            AccessFinding.objects.create(rule=rule, event=event, alert=held)

    found_by(rules[0], dismissed(make(), people), times=3)  # one incident, however many events
    found_by(rules[0], real(make()))
    found_by(rules[1], make())
    assert figures(chart("false_by_rule"), "false", "true", "pending") == {
        rules[0].name: (1, 1, 0),
        rules[1].name: (0, 0, 1),
    }


def test_answers_to_anomalies_are_told_by_kind_and_notes_are_not_asked_about(
    source, people, chart, helix
):
    series = Series.objects.create(
        source=source, name="lag", metric="lag", fingerprint="x", first_seen_at=NOW, partner=helix
    )

    def one(kind, answer, days=3):
        at = NOW - timedelta(days=days)
        said = {"answer": answer, "answered_at": NOW, "answered_by": people["responder"]}
        Anomaly.objects.create(
            series=series,
            kind=kind,
            began_at=at,
            ended_at=at,
            words="odd",
            threshold=6,
            model="m",
            **(said if answer else {}),
        )

    for kind, answer in (
        ("unusual", "true"),
        ("unusual", "false"),
        ("unusual", "expected"),
        ("unusual", ""),
        ("limit", "true"),
        ("drift", "false"),
    ):
        one(kind, answer)
    one("unusual", "false", days=40)
    found = chart("anomalies")
    assert figures(found, "false", "expected", "true", "pending") == {
        "unusual": (1, 1, 1, 1),
        "breaks a hard limit": (0, 0, 1, 0),
    }
    assert found.title == "1 of 4 answered anomalies were false alarms"
    assert len(chart("anomalies", partner="helix").rows) == 2
    assert chart("anomalies", severity="1").rows == ()
