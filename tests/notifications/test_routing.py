"""Which path is taken: what a path asks for, and when; whom its steps reach besides people."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from notifications import delivery, escalation, routing
from notifications.models import EscalationPath, Message
from tests.notifications.conftest import (
    NOON,
    group,
    minutes,
    names_paged,
    paged,
    path,
    person,
    start,
)
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_default_paths(db: None) -> None:
    """The paths of the test and no others."""
    EscalationPath.objects.update(is_active=False)


def taken(**facts: Any) -> str:
    """The name of the path that these facts take at noon on a Monday."""
    known: dict[str, Any] = {"severity": 1, "category": "outage", "at": NOON}
    found = routing.path_for(**(known | facts))
    return found.name if found else ""


def test_a_path_for_systems_is_taken_when_one_of_them_is_hit() -> None:
    path((0, []), name="gateways", position=1, systems=["gw-eu", "gw-us"])
    path((0, []), name="all", position=2)
    hits = [[], ["ledger"], ["ledger", "gw-us"], ["GW-US"], ["gw-us, gw-eu"]]
    assert [taken(systems=one) for one in hits] == ["all", "all", "gateways", "all", "all"]


def test_a_path_for_partners_and_a_system_asks_for_both() -> None:
    path((0, []), name="Helix' gateway", position=1, systems=["gw"], partners=["HELIX"])
    facts = [(["gw"], []), ([], ["HELIX"]), (["gw"], ["NORRBANK"]), (["gw"], ["HELIX"])]
    found = [taken(systems=systems, partners=partners) for systems, partners in facts]
    assert found == ["", "", "", "Helix' gateway"]


@pytest.mark.parametrize(
    ("at", "is_working"),
    [
        (datetime(2026, 3, 2, 7, 59, 59, tzinfo=UTC), False),  # Monday 08:59:59 in Berlin
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 16, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 7, 12, 0, tzinfo=UTC), False),  # a Saturday
        (datetime(2026, 3, 30, 7, 0, tzinfo=UTC), True),  # the day after the clocks went forward
        (datetime(2026, 3, 30, 6, 59, tzinfo=UTC), False),
    ],
)
def test_working_hours_go_by_the_clock_of_the_path_s_zone(at: datetime, is_working: bool) -> None:
    for number, hours in enumerate(("working", "off"), 1):
        path((0, []), name=hours, position=number, hours=hours, zone="Europe/Berlin")
    assert taken(at=at) == ("working" if is_working else "off")


def test_what_is_started_takes_the_path_that_would_be_taken() -> None:
    path((0, []), name="night", position=1, hours="off", systems=["gw"])
    path((7, []), name="day", position=2, hours="working", systems=["gw"])
    path((0, []), name="rest", position=3)
    for number, (at, systems) in enumerate(
        [(NOON, ["gw"]), (NOON + timedelta(hours=10), ["gw"]), (NOON, []), (NOON, ["x", "gw"])]
    ):
        row = start(about=f"incident:{number}", at=at, systems=systems)
        assert row.path is not None
        assert row.path.name == taken(at=at, systems=systems)
        expected = at + timedelta(minutes=7 if row.path.name == "day" else 0)
        assert row.next_action_at == expected


def test_hours_that_end_before_they_begin_are_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="path_opens_first"):
        EscalationPath.objects.create(name="wrong", severities=[1], opens=time(17), closes=time(9))


def test_a_step_for_a_role_reaches_everybody_who_has_it_and_may_be_paged() -> None:
    made = path((0, [person("Ada")]))
    person("Bo", "commander")
    person("Cy", "commander", is_active=False)
    person("Di", "auditor")
    made.steps.update(roles=["commander"])
    start()
    escalation.run_due(at=NOON)
    assert names_paged() == ["Ada", "Bo"]


def test_an_outside_contact_is_told_once_and_has_no_link_to_acknowledge(sink: SmtpSink) -> None:
    made = path((0, [person("Ada")]), repeat_minutes=5)
    made.steps.update(addresses=["duty@carrier.test"])
    start()
    for at in (NOON, minutes(5), minutes(10)):
        escalation.run_due(at=at)
        delivery.deliver_due(at=at)
    told = [message for message in sink.messages if message["To"] == "duty@carrier.test"]
    assert len(told) == 1
    text = told[0].get_body(("plain",)).get_content()
    assert "INC-2026-0007" in text
    assert ["/ack/" in text, "/admin/" in text] == [False, False]
    assert len(sink.messages) == 4


def test_a_step_that_only_tells_outside_passes_the_page_on_at_once() -> None:
    made = path((0, []), (10, [person("Ada")]))
    made.steps.filter(position=1).update(addresses=["duty@carrier.test"])
    start()
    escalation.run_due(at=NOON)
    assert [address for address, _ in paged()] == ["duty@carrier.test", "ada@desk.test"]


def test_after_so_many_repeats_administrators_are_paged_as_well_every_time() -> None:
    path((0, [group("Team", person("Ada"))]), repeat_minutes=5, repeats=2)
    person("Root", "administrator")
    start()
    told = []
    for number in range(6):
        Message.objects.all().update(state="suppressed", next_try_at=None)  # no list of pages
        before = len(names_paged())
        escalation.run_due(at=minutes(5 * number))
        told.append(names_paged()[before:])
    assert told == [["Ada"], ["Ada"], ["Ada"], ["Ada", "Root"], ["Ada", "Root"], ["Ada", "Root"]]
