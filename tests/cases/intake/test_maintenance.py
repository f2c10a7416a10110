"""Maintenance of a system or a partner: what it explains opens nothing, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from time_machine import travel

from cases.intake import alerts, desk, keeping, maintenance, releasing, sources
from cases.intake.signal import Action, Signal
from cases.models import (
    Entry,
    Event,
    HeldAlert,
    Incident,
    LabelMapping,
    MaintenanceWindow,
    Source,
    System,
)
from incidentdesk.kernel import clocks
from partners.models import Partner
from tests.cases.intake.conftest import Post, alert, answer, call, only

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-03-04T12:00:00+00:00")  # a Wednesday
HOUR = timedelta(hours=1)


@pytest.fixture
def gateway(source: Source) -> System:
    """A system that alerts name as `gw`; `ledger` is another."""
    made = System.objects.create(name="gateway")
    LabelMapping.objects.create(source=source, label="system", pattern="gw", system=made)
    other = System.objects.create(name="ledger")
    LabelMapping.objects.create(source=source, label="other", pattern="ledger", system=other)
    return made


def window(**more: object) -> MaintenanceWindow:
    now = clocks.now()
    known = {"name": "Upgrade", "starts_at": now - HOUR, "ends_at": now + HOUR}
    return MaintenanceWindow.objects.create(**(known | more))


def test_an_alert_of_a_system_under_maintenance_opens_nothing_and_is_listed(
    gateway: System, post: Post
) -> None:
    upgrade = window(system=gateway)
    assert answer(post(call(alert("A", system="gw"))))["status"] == "suppressed"
    assert Incident.objects.count() == 0
    assert Event.objects.get().said == "suppressed by maintenance “Upgrade”"
    assert [row.title for row in upgrade.held.all()] == ['A{system="gw"}']


def test_what_names_another_system_as_well_opens(gateway: System, post: Post) -> None:
    window(system=gateway)
    assert answer(post(call(alert("A", system="gw", other="ledger"))))["status"] == "opened"


def test_what_names_no_system_opens(gateway: System, post: Post) -> None:
    window(system=gateway)
    assert answer(post(call(alert("A"))))["status"] == "opened"


def test_an_alert_of_one_partner_alone_is_covered_by_its_window(
    source: Source, post: Post, helix: Partner, norrbank: Partner
) -> None:
    for one in (helix, norrbank):
        LabelMapping.objects.create(source=source, label=one.code, pattern="1", partner=one)
    window(partner=helix)
    both = alert("Both", **{helix.code: "1", norrbank.code: "1"})
    assert answer(post(call(alert("A", **{helix.code: "1"}))))["status"] == "suppressed"
    assert answer(post(call(alert("B", **{norrbank.code: "1"}), group="b")))["status"] == "opened"
    assert answer(post(call(both, group="c")))["status"] == "opened"


@pytest.mark.parametrize(
    ("minutes", "status"), [(-61, "opened"), (59, "suppressed"), (60, "opened")]
)
def test_only_while_it_lasts(gateway: System, post: Post, minutes: int, status: str) -> None:
    with travel(NOON, tick=False) as clock:
        window(system=gateway)
        clock.shift(timedelta(minutes=minutes))
        assert answer(post(call(alert("A", system="gw"))))["status"] == status


def test_a_repeat_of_what_fired_before_is_counted_as_ever(gateway: System, post: Post) -> None:
    answer(post(call(alert("A", system="gw"))))
    window(system=gateway)
    assert answer(post(call(alert("A", system="gw"))))["status"] == "folded"
    assert only().alerts.get().count == 2


def test_what_still_fires_at_the_end_opens_then_and_what_cleared_does_not(
    gateway: System, post: Post
) -> None:
    upgrade = window(system=gateway)
    for name in ("Stays", "Clears"):
        answer(post(call(alert(name, system="gw"), group=name)))
    answer(post(call(alert("Clears", system="gw", status="resolved"), group="Clears")))
    before, after = upgrade.ends_at - timedelta(seconds=1), upgrade.ends_at
    assert (releasing.end_due(at=before), Incident.objects.count()) == (0, 0)
    assert (releasing.end_due(at=after), releasing.end_due(at=after)) == (1, 0)
    incident = only()
    assert [one.labels["alertname"] for one in incident.alerts.all()] == ["Stays"]
    told = incident.entries.filter(kind=Entry.Kind.ALERT).values_list("body", flat=True)
    assert [text for text in told if "Upgrade" in text] == [
        "Held back by maintenance “Upgrade”; it still fires at its end."
    ]
    assert HeldAlert.objects.get(released_at=after).incident == incident


def test_what_another_window_covers_too_stays_held(gateway: System, post: Post) -> None:
    first = window(system=gateway)
    answer(post(call(alert("A", system="gw"))))
    second = window(name="Longer", system=gateway, ends_at=first.ends_at + HOUR)
    assert releasing.end_due(at=first.ends_at) == 1
    assert Incident.objects.count() == 0
    assert releasing.end_due(at=second.ends_at) == 1
    assert only().alerts.count() == 1


def test_one_that_cannot_end_does_not_hold_up_the_others(
    gateway: System, post: Post, monkeypatch: pytest.MonkeyPatch, helix: Partner, source: Source
) -> None:
    LabelMapping.objects.create(source=source, label="client", pattern="h", partner=helix)
    bad = window(system=gateway)
    window(name="Good", partner=helix, ends_at=bad.ends_at + timedelta(seconds=1))
    answer(post(call(alert("A", system="gw"), group="a")))
    answer(post(call(alert("B", client="h"), group="b")))
    HeldAlert.objects.filter(window=bad).update(signal={"urgency": 2})  # cannot be read back
    assert releasing.end_due(at=bad.ends_at + HOUR) == 1
    assert only().alerts.get().labels["client"] == "h"


@pytest.mark.parametrize(
    ("repeats", "zone", "starts", "at", "expected"),
    [
        # Berlin's clock goes on one hour on 29 March 2026 at two, and back on 25 October at three.
        ("daily", "Europe/Berlin", "2026-03-28T02:00Z", "2026-03-28T09:00Z", "2026-03-29T01:00Z"),
        ("daily", "Europe/Berlin", "2026-03-28T01:00Z", "2026-03-28T09:00Z", "2026-03-29T01:00Z"),
        ("daily", "Europe/Berlin", "2026-03-28T01:30Z", "2026-03-28T09:00Z", "2026-03-29T01:00Z"),
        ("daily", "Europe/Berlin", "2026-10-24T02:00Z", "2026-10-24T09:00Z", "2026-10-25T03:00Z"),
        ("weekdays", "UTC", "2026-03-06T12:00Z", "2026-03-06T14:00Z", "2026-03-09T12:00Z"),
        ("weekly", "UTC", "2026-03-04T12:00Z", "2026-03-25T14:00Z", "2026-04-01T12:00Z"),
        ("weekly", "UTC", "2026-03-04T12:00Z", "2026-03-25T12:30Z", "2026-03-25T12:00Z"),
        ("monthly", "UTC", "2026-03-14T12:00Z", "2026-03-15T00:00Z", "2026-04-11T12:00Z"),
        ("monthly", "UTC", "2026-01-31T12:00Z", "2026-02-01T00:00Z", "2026-02-28T12:00Z"),
        ("", "UTC", "2026-03-04T12:00Z", "2026-03-04T14:00Z", None),
    ],
)
def test_one_that_repeats_comes_again_by_the_clock_of_its_zone(
    gateway: System, repeats: str, zone: str, starts: str, at: str, expected: str | None
) -> None:
    starts_at = datetime.fromisoformat(starts)
    made = window(
        system=gateway, starts_at=starts_at, ends_at=starts_at + HOUR, repeats=repeats, zone=zone
    )
    releasing.end_due(at=datetime.fromisoformat(at))
    made.refresh_from_db()
    following = datetime.fromisoformat(expected) if expected else starts_at
    assert (made.starts_at, made.ends_at) == (following, following + HOUR)


def test_after_its_last_day_it_comes_no_more(gateway: System) -> None:
    made = window(
        system=gateway, starts_at=NOON, ends_at=NOON + HOUR, repeats="daily", until=date(2026, 3, 5)
    )
    assert maintenance.following(made, at=NOON + 2 * HOUR) is not None
    assert maintenance.following(made, at=NOON + 25 * HOUR) is None


@pytest.mark.parametrize("wrong", [{"ends_at": NOON}, {"system": None}, {"ends_at": NOON - HOUR}])
def test_the_database_takes_no_window_of_nothing(gateway: System, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        window(**({"system": gateway, "starts_at": NOON, "ends_at": NOON + HOUR} | wrong))


def test_what_waited_to_be_opened_is_held_too(gateway: System, source: Source, post: Post) -> None:
    window(system=gateway)
    answer(post(call(alert("A", system="gw"))))
    Event.objects.update(outcome="pending")
    HeldAlert.objects.all().delete()
    assert alerts.open_pending(at=clocks.now()) == 1
    assert Event.objects.get().said == "later: suppressed by maintenance “Upgrade”"
    assert HeldAlert.objects.count() == 1


def test_raw_events_are_forgotten_after_a_time_and_what_waits_is_not(
    gateway: System, post: Post
) -> None:
    upgrade = window(system=gateway, ends_at=clocks.now() + timedelta(days=200))
    answer(post(call(alert("Held", system="gw"))))
    answer(post(call(alert("Opened"), group="b")))
    answer(post(call(alert("Waits"), group="c")))
    Event.objects.filter(pk=Event.objects.latest("id").pk).update(outcome="pending")
    kept = timedelta(days=90)
    later = clocks.now() + kept + HOUR
    assert keeping.forget(clocks.now() - HOUR, at=clocks.now() + kept - HOUR) == 0
    assert keeping.forget(later - kept, at=later) == 2
    assert [event.outcome for event in Event.objects.all()] == ["pending"]
    assert [row.window for row in HeldAlert.objects.all()] == [upgrade]
    HeldAlert.objects.update(cleared_at=clocks.now())
    assert keeping.forget(later - kept, at=later) == 1


def test_what_the_desk_itself_finds_in_a_system_is_listed_and_held_like_any_alert(
    gateway: System, helix: Partner
) -> None:
    source, at = sources.the_desk(), clocks.now()
    signal = Signal(
        Action.FIRE,
        "1",
        "a",
        "latency",
        systems=(gateway.pk,),
        partners=(helix.pk,),
        detection="anomaly",
    )
    alerts.receive(source=source, raw=desk.written([signal]), signals=[signal], at=at)
    incident = only()
    assert incident.detection == "anomaly"
    assert [row.system for row in incident.systems.all()] == [gateway]
    assert [row.partner for row in incident.involvements.all()] == [helix]
    window(system=gateway)
    second = replace(signal, key="2", group="b")
    held = alerts.receive(source=source, raw=desk.written([second]), signals=[second], at=at)
    assert (held.status, Incident.objects.count()) == ("suppressed", 1)
