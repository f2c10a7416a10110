"""Prometheus Alertmanager: an alert opens, repeats fold, resolving proposes and never closes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cases import response as responding
from cases import workflow
from cases.models import Alert, Entry, Event, Incident, ReviewFacts
from notifications import queries as post_office
from tests.cases.intake.conftest import alert, answer, call, fingerprint_of, only

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("source")]
STARTED = datetime(2026, 3, 4, 9, 38, 12, 123456, tzinfo=UTC)


def lines(incident: Incident) -> list[str]:
    entries = Entry.objects.filter(incident=incident).order_by("sequence")
    return [entry.body for entry in entries]


def outcomes() -> list[tuple[str, str, int | None]]:
    """What became of each delivery, in order."""
    events = Event.objects.order_by("id")
    return [(event.outcome, event.said, event.incident_id) for event in events]


# --- opening --------------------------------------------------------------------------------------


def test_an_alert_opens_an_incident_of_its_source(post, source):
    named = alert(severity="critical", region="eu") | {
        "annotations": {"summary": "Quotes are stale", "description": "Older than 5 s."}
    }
    found = answer(post(call(named)))
    incident = only()
    assert found == {
        "status": "opened",
        "incident": incident.reference,
        "incidents": [incident.reference],
        "dedup_key": fingerprint_of("QuoteStale"),
    }
    assert (incident.title, incident.description) == ("Quotes are stale", "Older than 5 s.")
    assert (incident.category.key, incident.detection) == ("outage", "alert")
    assert incident.detected_by == "Prometheus Alertmanager · source “prod-eu”"
    assert (incident.impact, incident.scope, incident.urgency) == (2, 2, 3)
    assert (incident.severity, incident.phase) == (3, "identification")
    assert incident.occurred_at == STARTED
    assert incident.detected_at == incident.opened_at > STARTED
    assert incident.confirmed_at is incident.aware_at is incident.acknowledged_at is None
    ladder = post_office.escalation(incident.about)
    assert (ladder.state, ladder.category, ladder.severity) == ("running", "outage", 3)


def test_the_alert_is_kept_with_its_labels_and_the_delivery_as_it_came(post, source):
    body = call(alert(severity="critical", region="eu"))
    answer(post(body))
    kept = Alert.objects.get()
    assert (kept.source, kept.incident, kept.count) == (source, only(), 1)
    assert (kept.external_key, kept.group_key) == (
        fingerprint_of("QuoteStale"),
        '{}:{alertname="QuoteStale"}',
    )
    assert kept.labels == {"alertname": "QuoteStale", "severity": "critical", "region": "eu"}
    assert (kept.first_at, kept.resolved_at) == (STARTED, None)
    event = Event.objects.get()
    assert (event.source, event.outcome, event.incident) == (source, "done", only())
    assert event.said == f"opened {only().reference}"
    assert '"truncatedAlerts": 0' in event.body


@pytest.mark.parametrize(
    ("notes", "labels", "title"),
    [
        ({"summary": "Quotes are stale", "title": "x"}, {}, "Quotes are stale"),
        ({"title": "Quotes late"}, {}, "Quotes late"),
        ({"summary": " \n", "title": "  "}, {}, "QuoteStale"),
        ({}, {"region": "eu", "job": "md"}, 'QuoteStale{job="md", region="eu"}'),
        ({}, {"alertname": ""}, "Alert"),
        ({}, {"alertname": " ", "region": "eu"}, 'Alert{region="eu"}'),
        ({"summary": "x" * 900}, {}, "x" * 200),
        ({"summary": "\x00"}, {}, "QuoteStale"),
    ],
)
def test_a_title_is_found_whatever_is_missing(post, notes, labels, title):
    sent = alert()
    sent["annotations"], sent["labels"] = notes, sent["labels"] | labels
    answer(post(call(sent)))
    assert (only().title, Alert.objects.get().title) == (title, title)


def test_several_alerts_of_one_call_are_one_incident(post):
    answer(post(call(alert("A"), alert("B"), alert("C"))))
    assert only().title == "A and 2 more"
    assert sorted(a.title for a in only().alerts.all()) == ["A", "B", "C"]


def test_the_earliest_start_is_when_it_occurred_and_the_worst_hint_how_urgent_it_is(post):
    early = alert("A", severity="info") | {"startsAt": "2026-03-04T09:00:00+01:00"}
    answer(post(call(alert("B", severity="critical"), early)))
    assert only().occurred_at == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
    assert only().urgency == 3


@pytest.mark.parametrize(
    ("hint", "urgency", "severity"),
    [
        ("critical", 3, 3),
        ("CRITICAL", 3, 3),
        ("page", 3, 3),
        ("emergency", 3, 3),
        ("error", 2, 3),
        ("warning", 2, 3),
        ("", 2, 3),
        ("sev1", 2, 3),
        ("info", 1, 4),
        ("none", 1, 4),
    ],
)
def test_a_severity_hint_sets_the_urgency_and_never_the_impact(post, hint, urgency, severity):
    answer(post(call(alert(severity=hint))))
    found = only()
    assert (found.impact, found.scope, found.urgency) == (2, 2, urgency)
    assert found.severity == severity


def test_impact_and_scope_are_the_source_s(post, source):
    source.impact, source.scope = 4, 3
    source.save()
    answer(post(call(alert())))
    assert (only().impact, only().scope, only().severity) == (4, 3, 1)


def test_a_source_without_a_category_opens_without_one(post, source):
    source.category = None
    source.save()
    answer(post(call(alert())))
    assert only().category is None
    assert only().tasks.count() == 0


# --- folding --------------------------------------------------------------------------------------


def test_a_repeat_folds_into_what_fires_already(post):
    first = answer(post(call(alert())))
    before = lines(only())
    for count in (2, 3):
        again = answer(post(call(alert())))
        assert again == first | {"status": "folded"}
        assert Alert.objects.get().count == count
    kept = Alert.objects.get()
    assert kept.last_at > kept.first_at
    assert lines(only()) == before
    assert [o[:2] for o in outcomes()][1:] == [("done", f"folded {only().reference}")] * 2


def test_the_same_alert_twice_in_one_call_is_one_alert(post):
    found = answer(post(call(alert(), alert(), alert("B"))))
    assert found["status"] == "opened"
    assert sorted(Alert.objects.values_list("title", "count")) == [("B", 1), ("QuoteStale", 1)]
    answer(post(call(alert(), alert())))
    assert Alert.objects.get(title="QuoteStale").count == 3


def test_another_alert_of_the_group_joins_the_open_incident(post):
    first = answer(post(call(alert("A"))))
    second = answer(post(call(alert("A"), alert("B"))))
    assert second == first | {"status": "folded", "dedup_key": first["dedup_key"]}
    assert sorted(Alert.objects.values_list("title", "count")) == [("A", 2), ("B", 1)]
    assert lines(only())[-1] == "Joined by: B"


def test_another_group_is_another_incident(post):
    answer(post(call(alert("A"), group="g1")))
    found = answer(post(call(alert("B"), group="g2")))
    assert found["status"] == "opened"
    assert Incident.objects.count() == 2


def test_two_sources_do_not_mix_even_with_the_same_keys(post, other_source):
    answer(post(call(alert())))
    found = answer(post(call(alert()), "/intake/key-other/alertmanager"))
    assert found["status"] == "opened"
    categories = {i.alerts.get().source.name: i.category.key for i in Incident.objects.all()}
    assert categories == {"prod-eu": "outage", "prod-us": "api_security"}
    answer(post(call(alert(status="resolved")), "/intake/key-other/alertmanager"))
    firing = Alert.objects.filter(resolved_at=None).values_list("source__name", flat=True)
    assert list(firing) == ["prod-eu"]


@pytest.mark.parametrize("key", ["", "x" * 501, "x" * 4500, None])
def test_a_group_key_may_be_missing_or_long(post, key):
    sent = call(alert(), group=key)
    if key is None:
        del sent["groupKey"]
    assert answer(post(sent))["status"] == "opened"
    assert answer(post(sent))["status"] == "folded"
    joined = answer(post(sent | {"alerts": [alert("B")]}))
    # Without a key each alert is a group of its own.
    assert joined["status"] == ("folded" if key else "opened")


def test_an_alert_without_a_fingerprint_is_known_by_its_labels(post):
    sent = alert(region="eu")
    del sent["fingerprint"]
    answer(post(call(sent)))
    turned = sent | {"labels": dict(reversed(sent["labels"].items()))}
    assert answer(post(call(turned)))["status"] == "folded"
    other = sent | {"labels": {**sent["labels"], "region": "us"}}
    answer(post(call(other)))
    assert Alert.objects.count() == 2


# --- resolving ------------------------------------------------------------------------------------


def test_when_the_last_alert_clears_recovery_is_proposed_and_nothing_closes(post):
    answer(post(call(alert("A"), alert("B"))))
    found = answer(post(call(alert("A", status="resolved"), alert("B"))))
    assert found["status"] == "folded"
    assert only().recovery_proposed_at is None
    assert lines(only())[-1] == "Cleared: A."
    found = answer(post(call(alert("B", status="resolved"))))
    assert (found["status"], found["incident"]) == ("resolved", only().reference)
    incident = only()
    assert (incident.phase, incident.is_open, incident.recovered_at) == (
        "identification",
        True,
        None,
    )
    cleared = Alert.objects.get(title="B").resolved_at
    assert incident.recovery_proposed_at == cleared
    assert lines(incident)[-1] == "Cleared: B. Every alert has cleared; recovery is proposed."
    assert post_office.escalation(incident.about).state == "running"


def test_an_alert_is_resolved_by_its_fingerprint_whatever_its_start(post):
    answer(post(call(alert())))
    moved = alert(status="resolved") | {"startsAt": "2026-03-04T10:02:00Z"}
    assert answer(post(call(moved)))["status"] == "resolved"
    assert Alert.objects.get().first_at == STARTED


@pytest.mark.fault("F18", "it clears before it fires")
def test_a_resolve_before_its_alert_and_a_second_resolve_change_nothing(post):
    early = answer(post(call(alert(status="resolved"))))
    assert early == {
        "status": "ignored",
        "incident": None,
        "incidents": [],
        "dedup_key": fingerprint_of("QuoteStale"),
    }
    assert Incident.objects.count() == Alert.objects.count() == 0
    answer(post(call(alert())))
    answer(post(call(alert(status="resolved"))))
    before = lines(only())
    assert answer(post(call(alert(status="resolved"))))["status"] == "ignored"
    assert lines(only()) == before
    assert [o[:2] for o in outcomes()] == [
        ("done", "ignored"),
        ("done", f"opened {only().reference}"),
        ("done", f"resolved {only().reference}"),
        ("done", "ignored"),
    ]


@pytest.mark.fault("F18", "it fires again, late")
def test_an_alert_that_fires_again_joins_its_open_incident_and_takes_the_proposal_back(post):
    answer(post(call(alert())))
    answer(post(call(alert(status="resolved"))))
    assert only().recovery_proposed_at is not None
    assert answer(post(call(alert())))["status"] == "folded"
    assert only().recovery_proposed_at is None
    assert Alert.objects.count() == 2
    assert lines(only())[-1] == "Joined by: QuoteStale"


@pytest.fixture
def dismiss(people):
    def call_it() -> Incident:
        return workflow.dismiss(
            incident_id=only().pk,
            reason="A test feed.",
            by=people.actor("commander"),
            at=only().opened_at + timedelta(minutes=1),
        )

    return call_it


def test_what_was_dismissed_while_it_fires_stays_dismissed_until_it_clears_and_fires_anew(
    post, dismiss
):
    answer(post(call(alert())))
    dismissed = dismiss()
    assert answer(post(call(alert())))["status"] == "folded"
    assert answer(post(call(alert(status="resolved"))))["status"] == "resolved"
    dismissed = Incident.objects.get()
    assert (dismissed.phase, dismissed.recovery_proposed_at) == ("dismissed", None)
    assert answer(post(call(alert())))["status"] == "opened"
    assert Incident.objects.count() == 2


def test_a_new_alert_of_a_dismissed_group_opens_anew(post, dismiss):
    answer(post(call(alert("A"))))
    dismiss()
    assert answer(post(call(alert("B"))))["status"] == "opened"


def test_an_alert_after_the_incident_closed_opens_a_new_one(post, incident_in, people, source):
    incident = incident_in("review")
    answer(post(call(alert())))
    opened = Incident.objects.exclude(pk=incident.pk).get()
    Alert.objects.update(incident=incident)
    approver = people.actor("approver")
    at = opened.opened_at
    ReviewFacts.objects.update(missing=[], approved_at=at, approved_by=people["approver"])
    workflow.close(incident_id=incident.pk, by=approver, at=at)
    assert Alert.objects.get().resolved_at == at
    found = answer(post(call(alert())))
    assert found["status"] == "opened"
    assert found["incident"] not in (incident.reference, opened.reference)


def test_what_is_in_review_is_not_proposed_for_recovery(post, incident_in, people, source):
    incident = incident_in("review")
    answer(post(call(alert())))
    Alert.objects.update(incident=incident)
    answer(post(call(alert(status="resolved"))))
    incident.refresh_from_db()
    assert incident.recovery_proposed_at is None
    assert lines(incident)[-1] == "Cleared: QuoteStale."


def test_an_alert_that_was_cleared_by_hand_and_fires_on_joins_again(post, people):
    answer(post(call(alert())))
    responding.clear_alerts(
        incident_id=only().pk,
        reason="The probe was broken.",
        by=people.actor("commander"),
        at=only().opened_at,
    )
    assert answer(post(call(alert())))["status"] == "folded"
    assert Alert.objects.filter(resolved_at=None).count() == 1


def test_one_call_may_resolve_one_and_open_another(post):
    answer(post(call(alert("A"), group="g1")))
    found = answer(post(call(alert("A", status="resolved"), alert("B"), group="g2")))
    assert found["status"] == "opened"
    assert len(found["incidents"]) == 2
    first = Incident.objects.earliest("pk")
    assert first.recovery_proposed_at is not None


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "occurred"),
    [
        ("2026-03-04T09:38:12Z", "2026-03-04T09:38:12"),
        ("2026-03-04T10:38:12.999999999+01:00", "2026-03-04T09:38:12.999999"),
        ("2026-03-04T09:38:12", None),  # without a zone it says nothing
        ("2026-03-05T09:37:12+23:59", "2026-03-04T09:38:12"),  # more than PostgreSQL would take
        ("2026-03-03T09:39:12-23:59", "2026-03-04T09:38:12"),
        ("2026-03-04T09:38:12+24:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2999-01-01T00:00:00Z", None),  # not yet
        ("2026-02-30T00:00:00Z", None),
        ("yesterday", None),
        (1772617092, None),
        (None, None),
    ],
)
def test_a_start_that_cannot_be_read_or_lies_ahead_counts_as_now(post, starts, occurred):
    answer(post(call(alert() | {"startsAt": starts})))
    incident, kept = only(), Alert.objects.get()
    if occurred is None:
        assert incident.occurred_at == kept.first_at == incident.opened_at
    else:
        expected = datetime.fromisoformat(occurred).replace(tzinfo=UTC)
        assert incident.occurred_at == kept.first_at == expected
