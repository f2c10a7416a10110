"""Rules of a source: grouped by labels, together for a time, and opened only when often enough."""

from __future__ import annotations

from datetime import timedelta

import pytest
from time_machine import travel

from cases.intake import alert_rules
from cases.models import Alert, AlertRule, Entry, Event, HeldAlert, Incident, Source
from tests.cases.intake.conftest import Post, alert, answer, call, fingerprint_of, only

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def other(source: Source) -> None:
    """Another source with a rule over everything, which must touch nothing here."""
    another = Source.objects.create(name="other", format="datadog", key_digest="other")
    AlertRule.objects.create(
        source=another, name="never", position=1, times=1_000, within_minutes=1
    )


def rule(source: Source, **more: object) -> AlertRule:
    return AlertRule.objects.create(**({"source": source, "name": "flaps"} | more))


def often(source: Source, **more: object) -> AlertRule:
    return rule(source, **({"times": 5, "within_minutes": 1} | more))


def names_of(incident: Incident) -> list[str]:
    return sorted(one.labels["alertname"] for one in incident.alerts.all())


def test_five_times_within_a_minute_opens_at_the_fifth(source: Source, post: Post) -> None:
    often(source)
    for _ in range(4):
        assert answer(post(call(alert())))["status"] == "suppressed"
    assert (Incident.objects.count(), HeldAlert.objects.count()) == (0, 4)
    assert Event.objects.latest("id").said == "suppressed by rule “flaps”"
    assert answer(post(call(alert())))["status"] == "opened"
    incident = only()
    assert list(HeldAlert.objects.values_list("incident", flat=True)) == [incident.pk] * 4
    said = incident.entries.filter(kind=Entry.Kind.ALERT).values_list("body", flat=True)
    assert [text for text in said if "flaps" in text] == [
        "Rule “flaps” was met: 5 times within 1 minute. What came before was held back."
    ]
    assert answer(post(call(alert())))["status"] == "folded"  # from now on a repeat like any other


def test_four_in_a_minute_and_one_later_open_nothing(source: Source, post: Post) -> None:
    often(source)
    with travel("2026-03-04T10:00:00Z", tick=False) as clock:
        for _ in range(4):
            answer(post(call(alert())))
        clock.shift(timedelta(seconds=61))
        assert answer(post(call(alert())))["status"] == "suppressed"
    assert Incident.objects.count() == 0


def test_it_counts_how_often_one_delivery_says_it(source: Source, post: Post) -> None:
    often(source)
    assert answer(post(call(*[alert()] * 4)))["status"] == "suppressed"
    assert answer(post(call(alert())))["status"] == "opened"


def test_an_alert_that_clears_and_comes_back_is_counted_on(source: Source, post: Post) -> None:
    often(source, times=3)
    for _ in range(2):
        answer(post(call(alert())))
        assert answer(post(call(alert(status="resolved"))))["status"] == "ignored"
    assert HeldAlert.objects.exclude(cleared_at=None).count() == 2
    answer(post(call(alert())))
    assert Alert.objects.get().resolved_at is None


def test_what_was_held_and_still_fires_comes_with_what_meets_the_rule(
    source: Source, post: Post
) -> None:
    often(source, times=3, group_by="service")
    answer(post(call(alert("A", service="fix"))))
    answer(post(call(alert("Gone", service="fix"))))
    answer(post(call(alert("Gone", service="fix", status="resolved"))))
    answer(post(call(alert("Elsewhere", service="rest"))))
    answer(post(call(alert("B", service="fix"))))
    incident = only()
    assert names_of(incident) == ["A", "B"]
    assert HeldAlert.objects.get(released_at=None).external_key == fingerprint_of("Elsewhere")


def test_only_what_fits_is_held(source: Source, post: Post) -> None:
    often(source, label="severity", pattern="info*")
    assert answer(post(call(alert("Loud", severity="critical"))))["status"] == "opened"
    quiet = call(alert("Quiet", severity="informational"), group="other")
    assert answer(post(quiet))["status"] == "suppressed"
    assert [row.title for row in HeldAlert.objects.all()] == ["Quiet"]


def test_what_joins_an_open_incident_is_not_counted_first(source: Source, post: Post) -> None:
    often(source, label="alertname", pattern="Quiet")
    answer(post(call(alert("Loud"))))
    assert answer(post(call(alert("Quiet"))))["status"] == "folded"
    assert only().alerts.count() == 2


def test_one_delivery_opens_one_part_and_has_the_other_held(source: Source, post: Post) -> None:
    often(source, label="alertname", pattern="Quiet", group_by="alertname")
    said = answer(post(call(alert("Loud"), alert("Quiet"))))
    assert said["status"] == "opened"
    assert Event.objects.get().said == (
        f"opened {only().reference}; others suppressed by rule “flaps”"
    )


def test_alerts_with_the_same_labels_are_one_incident_whatever_their_sender_groups(
    source: Source, post: Post
) -> None:
    rule(source, group_by="cluster, service")
    for name, cluster, group in (("A", "eu", "1"), ("B", "eu", "2"), ("C", "us", "2")):
        answer(post(call(alert(name, cluster=cluster, service="fix"), group=group)))
    found = [names_of(one) for one in Incident.objects.order_by("pk")]
    assert found == [["A", "B"], ["C"]]


def test_the_first_rule_that_fits_counts(source: Source, post: Post) -> None:
    often(source, name="second", position=2)
    rule(source, name="first", position=1, label="title", pattern="Q*")
    rule(source, name="off", position=0, is_on=False, times=9, within_minutes=1)
    assert answer(post(call(alert("QuoteStale"))))["status"] == "opened"
    assert answer(post(call(alert("Else"), group="else")))["status"] == "suppressed"


@pytest.mark.parametrize(("minutes", "incidents"), [(9, 1), (11, 2)])
def test_together_for_ten_minutes_and_then_another_incident(
    source: Source, post: Post, minutes: int, incidents: int
) -> None:
    rule(source, together_minutes=10)
    with travel("2026-03-04T10:00:00Z", tick=False) as clock:
        answer(post(call(alert("A"))))
        clock.shift(timedelta(minutes=minutes))
        answer(post(call(alert("B"))))
    assert Incident.objects.count() == incidents


def test_a_rule_says_in_words_what_it_does(source: Source) -> None:
    whole = often(source, label="severity", pattern="info", group_by="a,b", together_minutes=30)
    assert alert_rules.explain(whole) == (
        "Alerts whose severity is info with the same a, b are one incident; open another one when "
        "the last came more than 30 minutes ago; open one only when they come 5 times within a "
        "minute."
    )
    assert alert_rules.explain(rule(source, name="idle")) == (
        "All its alerts open incidents as their sender groups them."
    )


def test_what_is_held_is_read_back_as_it_came(source: Source, post: Post) -> None:
    often(source, times=2)
    answer(post(call(alert("A", severity="critical"))))
    answer(post(call(alert("B", severity="info"))))
    first = Alert.objects.get(external_key=fingerprint_of("A"))
    assert first.labels["severity"] == "critical"
    assert (only().urgency, first.first_at.isoformat()) == (3, "2026-03-04T09:38:12.123456+00:00")
