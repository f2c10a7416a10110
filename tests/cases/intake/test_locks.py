"""Clicks and deliveries at once: both lock incidents before alerts, each in the order of their ids,
so nobody is the victim of a deadlock and nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from threading import Thread
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from cases import response, timeline, workflow
from cases.intake import alerts
from cases.models import Alert, Entry, Event, Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import DeskError
from notifications.models import Escalation
from tests.cases.intake.conftest import alert, call
from tests.cases.intake.test_parallel import sending

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("source")]
NAMES = [f"A{number}" for number in range(12)]


def shuffled(chance: random.Random, names: list[str] = NAMES) -> list[str]:
    return chance.sample(names, len(names))


def firing(names: list[str], group: str, **more: str) -> Callable[[], dict[str, Any]]:
    return sending(call(*(alert(name, **more) for name in names), group=group))


@pytest.fixture
def deadlocks() -> Callable[[], int]:
    """How often PostgreSQL had to end somebody's waiting, in this database."""

    def read() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
            return int(cursor.fetchone()[0])

    return read


def clicks(people) -> list[Callable[[], Any]]:
    """What people do meanwhile, each to whichever incident of the two is first or last."""
    by = people.actor("commander")

    def first() -> Incident:
        return Incident.objects.order_by("pk").first()

    def last() -> Incident:
        return Incident.objects.order_by("pk").last()

    def click(verb: Callable[..., Any], which: Callable[[], Incident], **facts: Any):
        return lambda: verb(incident_id=which().pk, by=by, at=clocks.now(), **facts)

    return [
        click(workflow.take_command, first),
        click(workflow.take_command, last),
        click(response.clear_alerts, first, reason="By hand."),
        click(response.clear_alerts, last, reason="By hand."),
        lambda: workflow.dismiss(
            incident_id=last().pk,
            reason="The same.",
            duplicate_of=first().reference,
            by=by,
            at=clocks.now(),
        ),
        click(response.post_update, first, text="Looking."),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_clicks_and_deliveries_at_once_wait_in_one_order(people, at_once, deadlocks, seed):
    chance = random.Random(seed)
    # Alerts of two incidents, whose ids alternate.
    for name in shuffled(chance):
        at_once([firing([name], chance.choice(["g1", "g2"]))])
    before, fresh = deadlocks(), count()
    deliveries = [
        firing(shuffled(chance), chance.choice(["g1", "g2"]), status=status)
        for status in ["firing"] * 8 + ["resolved"] * 3
    ]
    deliveries += [
        firing([*shuffled(chance)[:6], f"New{next(fresh)}"], group) for group in ("g1", "g2") * 3
    ]
    deeds = deliveries + clicks(people) * 2
    chance.shuffle(deeds)
    answers = at_once(deeds)
    raised = [answer for answer in answers if isinstance(answer, Exception)]
    assert {type(error) for error in raised if not isinstance(error, DeskError)} == set()
    assert deadlocks() == before
    assert Event.objects.exclude(outcome="done").count() == 0
    _is_consistent()


def _is_consistent() -> None:
    """Every alert belongs to an open incident unless it is over; chains are whole."""
    firing = Alert.objects.filter(resolved_at=None)
    assert not firing.filter(incident__phase__in=["closed", "dismissed"]).exists()
    assert firing.count() == firing.values("external_key").distinct().count()
    for incident in Incident.objects.all():
        assert timeline.first_fault(incident) is None
        if incident.recovery_proposed_at is not None:
            assert not incident.alerts.filter(resolved_at=None).exists()
        ladder = Escalation.objects.filter(about=incident.about, state="running")
        assert ladder.exists() is (incident.is_open and incident.acknowledged_at is None)


def test_a_pure_repeat_does_not_wait_for_a_click_on_its_incident(people, at_once):
    """It locks alerts alone: somebody who holds the incident does not hold it up."""
    at_once([firing(["A"], "g1")])
    with transaction.atomic():
        workflow.take_command(
            incident_id=Incident.objects.get().pk, by=people.actor("commander"), at=clocks.now()
        )
        (found,) = at_once([firing(["A"], "g1")])
        assert found["status"] == "folded"
    assert Alert.objects.get().count == 2


def test_what_a_duplicate_handed_over_is_resolved_where_it_is_now(people, at_once):
    """The delivery finds the alert at one incident, waits for the click, and looks again."""
    at_once([firing(["A"], "g1")])
    at_once([firing(["B"], "g2")])
    first, second = Incident.objects.order_by("pk")
    answers: list[Any] = []
    with transaction.atomic():
        workflow.dismiss(
            incident_id=second.pk,
            reason="The same.",
            duplicate_of=first.reference,
            by=people.actor("commander"),
            at=clocks.now(),
        )
        resolve = firing(["B"], "g2", status="resolved")
        waiting = Thread(target=lambda: answers.extend(at_once([resolve])))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(10)
    assert answers == [
        {
            "status": "resolved",
            "incident": first.reference,
            "incidents": [first.reference],
            "dedup_key": answers[0]["dedup_key"],
        }
    ]
    assert Alert.objects.get(title="B").resolved_at is not None
    assert Entry.objects.filter(incident=first, body__startswith="Cleared: B").exists()
    assert alerts.open_pending(at=clocks.now()) == 0


@pytest.mark.fault("F7", "the connection is cut before a delivery")
def test_a_connection_that_the_server_ended_costs_no_delivery(at_once):
    """The first statement does not ask whether its connection lives; it is said again if not."""
    at_once([firing(["A"], "g1")])
    fire = firing(["A"], "g1")

    def cut_and_fire() -> list[str]:
        found = []
        for _ in range(3):
            connection.close_if_unusable_or_obsolete()
            _end_server_side()
            found.append(fire()["status"])
        return found

    assert at_once([cut_and_fire]) == [["folded"] * 3]
    assert Alert.objects.get().count == 4


def _end_server_side() -> None:
    """As a restart of the server does."""
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
