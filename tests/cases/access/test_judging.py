"""What a rule finds opens one incident, and feeds it for as long as it is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cases import workflow
from cases.access import judging, own
from cases.models import AccessEvent, AccessFinding, AccessRule, Alert, AlertRule, Incident
from incidentdesk.kernel import clocks
from tests.cases.access.conftest import ATTACKER, line

pytestmark = pytest.mark.django_db
TEN = [line(n * 0.5, actor=f"user{n}") for n in range(10)]


def rests_on(incident: Incident) -> int:
    """How many events are attached to an incident."""
    return AccessFinding.objects.filter(alert__incident=incident).count()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error."""
    return [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]


def test_a_brute_force_attack_opens_one_incident_with_its_events(told):
    assert told(*TEN[:9]) == []
    (incident,) = told(TEN[9])
    assert incident.title == f"10 failures of ssh login from {ATTACKER}"
    assert incident.description.startswith("One address fails 10 times within 10 minutes")
    assert (incident.category.key, incident.detection) == ("unauthorised_access", "log")
    assert (incident.urgency, incident.phase) == (2, "identification")
    assert rests_on(incident) == 10
    assert not AccessEvent.objects.filter(is_judged=False).exists()


def test_what_goes_on_feeds_it_and_opens_no_other(told):
    told(*TEN)
    (incident,) = told(*(line(6 + n, actor=f"late{n}") for n in range(20)))
    assert rests_on(incident) == 30
    assert Alert.objects.get().count == 2
    (incident,) = told(*(line(70 + n * 0.1, actor=f"new{n}") for n in range(10)))  # after a pause
    assert (rests_on(incident), incident.alerts.count()) == (40, 2)


def test_another_address_is_another_incident_and_one_below_the_limit_none(told):
    others = [line(n, actor=f"b{n}", ip="198.51.100.7") for n in range(10)]
    few = [line(n, actor=f"c{n}", ip="192.0.2.1") for n in range(9)]
    incidents = told(*TEN, *others, *few)
    assert [rests_on(one) for one in incidents] == [10, 10]


def test_a_delivery_sent_again_changes_nothing(told):
    told(*TEN)
    before = list(Alert.objects.values())
    told(*TEN)
    assert list(Alert.objects.values()) == before


def test_lines_that_come_late_complete_what_came_before(told):
    told(*TEN[5:])
    (incident,) = told(*TEN[:5])
    assert rests_on(incident) == 10


def test_one_account_from_many_addresses_is_one_incident(told):
    (incident,) = told(*(line(n, ip=f"10.0.{n}.1") for n in range(10)))
    assert incident.title == "10 failures of ssh login for root"


def test_one_address_at_one_account_is_one_incident_though_two_rules_find_it(told):
    (incident,) = told(*(line(n * 0.5) for n in range(10)))
    assert sorted(incident.alerts.values_list("title", flat=True)) == [
        "10 failures of ssh login for root",
        f"10 failures of ssh login from {ATTACKER}",
    ]
    assert told(line(6), line(7)) == [incident]
    assert sorted(incident.alerts.values_list("count", flat=True)) == [2, 2]
    assert rests_on(incident) == 24  # each event once a rule


def test_what_another_rule_finds_later_in_the_same_attack_joins_it(told):
    (incident,) = told(*TEN)
    assert told(*(line(5 + n * 0.1) for n in range(10))) == [incident]
    assert incident.alerts.count() == 2


def test_getting_in_after_failures_is_urgent(told):
    tries = [line(n, actor=f"user{n}") for n in range(5)]
    (incident,) = told(*tries, line(6, actor="deploy", outcome="success"))
    assert incident.title == "deploy came in after 5 failures of ssh login"
    assert (incident.urgency, rests_on(incident)) == (3, 6)


def test_a_revoked_key_in_use_is_an_incident_of_category_e(told):
    (incident,) = told(line(outcome="revoked", actor="key 7"))
    assert (incident.category.key, rests_on(incident)) == ("api_security", 1)
    assert told(line(30, outcome="revoked", actor="key 7")) == [incident]
    assert rests_on(incident) == 2


def test_a_rule_that_is_off_finds_nothing_and_on_again_does_not_look_back(told):
    AccessRule.objects.update(is_on=False)
    assert told(*TEN) == []
    AccessRule.objects.update(is_on=True)
    assert told() == []
    assert len(told(line(6, actor="last"))) == 1  # the attack goes on


def test_once_it_was_dismissed_the_same_attack_calls_nobody_again_but_the_next_does(told, people):
    (incident,) = told(*TEN)
    by, at = people.actor("commander"), clocks.now()
    workflow.take_command(incident_id=incident.pk, by=by, at=at)
    workflow.dismiss(incident_id=incident.pk, reason="A scan of ours.", by=by, at=at)
    told(line(6, actor="more"))
    assert (Incident.objects.count(), rests_on(incident)) == (1, 11)
    told(*(line(90 + n * 0.1, actor=f"again{n}") for n in range(10)))
    assert [rests_on(one) for one in Incident.objects.order_by("pk")] == [11, 10]


def test_of_a_flood_so_many_are_attached_and_it_is_still_one(told, monkeypatch):
    monkeypatch.setattr(judging, "MOST_ATTACHED", 12)
    told(*TEN)
    for batch in range(3):
        told(*(line(6 + batch + n * 0.1, actor=f"f{batch}{n}") for n in range(10)))
    (incident,) = Incident.objects.all()
    assert (rests_on(incident), Alert.objects.count()) == (12 + 3, 1)


def test_no_rule_looks_at_the_future_of_what_it_judges_alone(told):
    """Events an hour apart are never one burst, whatever order they come in."""
    hours = [line(n * 60 / 4, actor=f"slow{n}") for n in range(12)]
    assert told(*reversed(hours)) == []
    assert clocks.now() - AccessEvent.objects.earliest("at").at < timedelta(hours=5)


def test_a_rule_that_cannot_be_held_against_anything_stops_no_other(told, caplog):
    hours = AccessRule.objects.get(kind="hours")
    AccessRule.objects.filter(pk=hours.pk).update(is_on=True, zone="Moon/Sea")
    odd = line(7, actor="kim", outcome="success", privileged=True, ip="192.0.2.1")
    (incident,) = told(*TEN, odd)
    assert (incident.title, rests_on(incident)) == (f"10 failures of ssh login from {ATTACKER}", 10)
    assert not AccessEvent.objects.filter(is_judged=False).exists()
    kim = AccessEvent.objects.get(actor="kim")
    assert errors(caplog) == [
        f"Access rule {hours.pk} fails at 1 of 11 access events, which it passes over: {kim.pk}"
    ]
    assert [rests_on(one) for one in told(line(8, actor="late"))] == [11]  # what stands behind


def test_what_is_held_back_at_the_desk_s_own_source_stops_no_judging(told, caplog):
    AlertRule.objects.create(source=own.source(), position=1, times=2, within_minutes=60)
    assert told(*TEN) == []
    assert not AccessEvent.objects.filter(is_judged=False).exists()
    (incident,) = told(line(6, actor="late"))  # the second time
    assert (rests_on(incident), errors(caplog)) == (11, [])


def test_an_event_that_cannot_be_judged_takes_no_other_with_it(told, logs, caplog):
    """Such a time cannot come in any more; what an older version let in may lie there."""
    at = datetime(1, 1, 1, tzinfo=UTC)
    said = {"actor": "root", "action": "ssh login", "outcome": "failure", "address": "192.0.2.66"}
    known = {"source": logs, "key": UUID(int=1), "received_at": clocks.now()}
    bad = AccessEvent.objects.create(at=at, **known, **said)
    (incident,) = told(*TEN)
    assert (rests_on(incident), incident.alerts.count()) == (10, 1)
    assert not AccessEvent.objects.filter(is_judged=False).exists()
    failing = AccessRule.objects.filter(kind__in=("address", "account", "entered"))
    assert errors(caplog) == [
        f"Access rule {rule.pk} fails at 1 of 11 access events, which it passes over: {bad.pk}"
        for rule in failing
    ]


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_open_one_incident(post, at_once, monkeypatch):
    monkeypatch.setattr(judging, "A_BATCH", 4)
    post(*(line(n * 0.1, actor=f"user{n}") for n in range(40)))
    counts = at_once([lambda: judging.judge(at=clocks.now())] * 3)
    assert sum(counts) == 40
    assert rests_on(Incident.objects.get()) == 40


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_loses_nothing(post, monkeypatch):
    post(*TEN)

    def dies(*args, **known):
        raise SystemExit("killed")

    with monkeypatch.context() as killed:
        killed.setattr(judging, "_attach", dies)
        with pytest.raises(SystemExit):
            judging.judge(at=clocks.now())
    assert not Incident.objects.exists()
    judging.judge(at=clocks.now())
    assert rests_on(Incident.objects.get()) == 10
