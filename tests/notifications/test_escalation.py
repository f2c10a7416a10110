"""Escalation: step after step at the right minute, until somebody acknowledges."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from incidentdesk.kernel import errors
from incidentdesk.kernel.models import User
from notifications import bundling, delivery, escalation, jobs, outbox
from notifications.models import Escalation, EscalationPath, Group, Message
from tests.notifications.conftest import (
    ABOUT,
    NOON,
    group,
    in_threads,
    minutes,
    names_paged,
    paged,
    path,
    person,
    seconds,
    start,
)
from tests.sinks import SmtpSink


def acknowledge(name: str = "Ada", *, at: Any = NOON) -> bool:
    """Acknowledge as a person would, in a transaction."""
    with transaction.atomic():
        return escalation.acknowledge(about=ABOUT, by_user_id=None, by_name=name, at=at)


@pytest.mark.django_db
def test_step_two_is_paged_at_its_minute_and_not_a_second_before() -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]))
    start()

    escalation.run_due(at=NOON)
    assert names_paged() == ["Ada"]

    escalation.run_due(at=seconds(179))
    assert names_paged() == ["Ada"]

    escalation.run_due(at=seconds(180))
    assert names_paged() == ["Ada", "Bo"]


@pytest.mark.django_db
def test_after_an_acknowledgement_nobody_further_is_paged() -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]))
    row = start()
    escalation.run_due(at=NOON)

    assert acknowledge(at=minutes(2)) is True
    escalation.run_due(at=minutes(60))

    assert names_paged() == ["Ada"]
    row.refresh_from_db()
    assert (row.state, row.acknowledged_by, row.acknowledged_at, row.next_action_at) == (
        "acknowledged",
        "Ada",
        minutes(2),
        None,
    )


@pytest.mark.django_db
def test_a_second_acknowledgement_changes_nothing() -> None:
    path((0, [person("Ada")]))
    row = start()

    assert acknowledge("Ada") is True
    assert acknowledge("Bo", at=minutes(1)) is False

    row.refresh_from_db()
    assert row.acknowledged_by == "Ada"


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault("F25", "four at once")
def test_of_two_who_acknowledge_at_once_one_wins() -> None:
    path((0, [person("Ada")]))
    row = start()

    won = in_threads(*[lambda n=name: acknowledge(n) for name in ("Ada", "Bo", "Cy", "Di")])

    assert sorted(won) == [False, False, False, True]
    assert [e.event for e in row.events.all()] == ["acknowledged"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault("F3", "four schedulers at once")
def test_many_schedulers_at_once_take_each_step_exactly_once() -> None:
    path((0, [person("Ada"), person("Bo")]))
    for number in range(12):
        start(about=f"incident:{number}")

    moved = in_threads(*[lambda: escalation.run_due(at=NOON)] * 4)

    assert sum(moved) == 12
    assert len(paged()) == 24


@pytest.mark.django_db
def test_after_the_last_step_its_page_is_repeated_until_somebody_acknowledges() -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]), repeat_minutes=15)
    start()

    for minute in range(49):
        escalation.run_due(at=minutes(minute))
    assert names_paged() == ["Ada", "Bo", "Bo", "Bo", "Bo"]

    acknowledge(at=minutes(49))
    escalation.run_due(at=minutes(500))
    assert len(paged()) == 5


@pytest.mark.django_db
@pytest.mark.fault("F24", "an empty group, a disabled person")
def test_an_empty_group_passes_the_page_to_the_next_step_at_once() -> None:
    path(
        (0, [group("Nobody yet")]),
        (3, [person("Bo", is_active=False)]),
        (6, [group("Duty", person("Cy"))]),
        (10, [person("Di")]),
    )
    row = start()

    escalation.run_due(at=NOON)

    assert names_paged() == ["Cy"]
    assert [(e.event, e.detail) for e in row.events.order_by("id")] == [
        ("empty", "Step 1 after 0 min: there is nobody to page"),
        ("empty", "Step 2 after 3 min: there is nobody to page"),
        ("paged", "Step 3 after 6 min: Cy"),
    ]
    row.refresh_from_db()
    assert row.next_action_at == minutes(10)


@pytest.mark.django_db
@pytest.mark.fault("F24", "a path without anybody")
def test_with_nobody_on_any_step_the_administrators_are_paged_the_oldest_first() -> None:
    path((0, [group("Nobody yet")]), (3, []))
    person("Ada", "administrator")
    person("Gone", "administrator", is_active=False)
    person("Bo", "administrator", "auditor")
    person("Cy", "commander")
    row = start()

    escalation.run_due(at=NOON)

    assert names_paged() == ["Ada", "Bo"]
    assert row.events.order_by("id").last().detail == "Last resort: Ada, Bo"  # type: ignore[union-attr]
    row.refresh_from_db()
    assert row.next_action_at == minutes(15)


@pytest.mark.django_db
def test_when_no_path_matches_the_administrators_are_paged() -> None:
    EscalationPath.objects.update(is_active=False)
    person("Ada", "administrator")
    row = start()

    escalation.run_due(at=NOON)
    escalation.run_due(at=minutes(15))

    assert row.path is None
    assert names_paged() == ["Ada", "Ada"]


@pytest.mark.django_db
def test_a_desk_with_nobody_at_all_says_so_loudly_and_goes_on_trying(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path((0, []))
    row = start()

    escalation.run_due(at=NOON)
    row.refresh_from_db()

    assert "nobody can be paged" in caplog.text
    assert row.next_action_at == minutes(5)
    person("Ada", "administrator")
    escalation.run_due(at=minutes(5))
    assert names_paged() == ["Ada"]


@pytest.mark.django_db
def test_a_partner_s_contact_in_a_group_is_never_paged_about_an_incident() -> None:
    contact = person("Contact")
    User.objects.filter(pk=contact.pk).update(roles=[])
    path((0, [group("Mixed", contact, person("Ada"))]))
    start()

    escalation.run_due(at=NOON)

    assert names_paged() == ["Ada"]


@pytest.mark.django_db
def test_a_person_who_is_named_and_in_two_groups_gets_one_page() -> None:
    ada = person("Ada")
    path((0, [ada, group("One", ada), group("Two", ada)]))
    start()

    escalation.run_due(at=NOON)

    assert names_paged() == ["Ada"]


@pytest.mark.django_db
@pytest.mark.fault("F4", "25 minutes of standstill")
def test_after_a_standstill_overdue_steps_run_in_order_and_each_person_gets_one_page() -> None:
    ada, bo, cy = person("Ada"), person("Bo"), person("Cy")
    path((0, [ada]), (3, [bo, ada]), (6, [cy]), (10, [ada, bo, cy]), repeat_minutes=15)
    row = start()

    assert escalation.run_due(at=minutes(25)) == 1

    assert names_paged() == ["Ada", "Bo", "Cy"]
    assert [e.detail for e in row.events.order_by("id")] == [
        "Step 1 after 0 min: Ada",
        "Step 2 after 3 min: Bo",
        "Step 3 after 6 min: Cy",
        "Step 4 after 10 min: nobody who was not paged just now",
    ]
    row.refresh_from_db()
    assert row.next_action_at == minutes(40)


@pytest.mark.django_db
def test_a_severity_raise_ends_the_old_path_and_starts_the_new_one_at_step_one() -> None:
    path((0, [person("Ada")]), (30, [person("Bo")]), severities=[3], name="slow")
    path((0, [person("Cy")]), (3, [person("Di")]), severities=[1], name="fast")
    old = start(severity=3)
    escalation.run_due(at=NOON)

    with transaction.atomic():
        new = escalation.restart(
            about=ABOUT,
            severity=1,
            category="outage",
            title="Quotes are stale",
            reference="INC-2026-0007",
            url="/",
            at=minutes(5),
        )
    for minute in (5, 8, 31):
        escalation.run_due(at=minutes(minute))

    old.refresh_from_db()
    assert (old.state, new.path and new.path.name) == ("stopped", "fast")
    assert names_paged() == ["Ada", "Cy", "Di", "Di"]


@pytest.mark.django_db
def test_a_stopped_escalation_pages_nobody_and_a_second_stop_is_no_error() -> None:
    path((0, [person("Ada")]))
    row = start()

    assert escalation.stop(about=ABOUT, at=NOON, why="A false alarm.") is True
    assert escalation.stop(about=ABOUT, at=NOON, why="A false alarm.") is False
    escalation.run_due(at=minutes(60))

    assert paged() == []
    assert [e.detail for e in row.events.all()] == ["A false alarm."]


@pytest.mark.django_db
def test_starting_twice_gives_the_escalation_that_runs() -> None:
    path((0, [person("Ada")]))

    assert start().pk == start(at=minutes(1)).pk
    assert Escalation.objects.count() == 1


@pytest.mark.django_db
def test_starting_costs_one_query_and_pages_nobody_by_itself() -> None:
    path((0, [person("Ada")]))

    with CaptureQueriesContext(connection) as seen:
        start()

    queries = [q["sql"] for q in seen if "SAVEPOINT" not in q["sql"]]
    assert len(queries) == 1
    assert paged() == []


@pytest.mark.django_db(transaction=True)
def test_the_first_step_is_announced_to_the_worker_after_the_commit(woken: list[str]) -> None:
    path((0, [person("Ada")]))

    start()

    assert woken == ["notifications.jobs.escalate"]


@pytest.mark.django_db
def test_a_path_whose_first_step_is_late_waits_for_it(woken: list[str]) -> None:
    path((1440, [person("Ada")]), severities=[4], repeat_minutes=1440)
    row = start(severity=4)

    assert row.next_action_at == minutes(1440)
    escalation.run_due(at=minutes(1439))
    assert paged() == []
    escalation.run_due(at=minutes(1440))
    assert names_paged() == ["Ada"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("severity", "category", "expected"),
    [
        (1, "outage", "outages"),
        (1, "data", "all severe"),
        (2, "outage", "all severe"),
        (3, "outage", "SEV-3"),
    ],
)
def test_exactly_one_path_matches_the_first_by_its_order(
    severity: int, category: str, expected: str, default_paths: None
) -> None:
    path((0, []), severities=[1], categories=["outage"], position=2, name="outages")
    path((0, []), severities=[1, 2], position=3, name="all severe")
    off = path((0, []), severities=[1, 2, 3], position=1, name="switched off")
    EscalationPath.objects.filter(pk=off.pk).update(is_active=False)

    row = start(severity=severity, category=category)

    assert row.path is not None
    assert row.path.name == expected


@pytest.mark.django_db
def test_while_it_runs_an_escalation_always_has_a_next_action() -> None:
    path((0, [person("Ada")]), (3, []), (6, [person("Bo")]))
    start()

    for minute in range(0, 120, 2):
        escalation.run_due(at=minutes(minute))
        row = Escalation.objects.get()
        assert row.next_action_at is not None
        assert row.next_action_at > minutes(minute)


@pytest.mark.django_db
def test_the_database_refuses_a_running_escalation_without_a_next_action() -> None:
    from django.db import IntegrityError

    path((0, [person("Ada")]))
    row = start()

    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=row.pk).update(next_action_at=None)


@pytest.mark.django_db(transaction=True)
def test_an_escalation_that_cannot_move_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path((0, [person("Ada")]))
    bad = start(about="incident:1")
    start(about="incident:2", at=seconds(1))
    from notifications import ladder

    climb = ladder.climb

    def fails(row: Escalation, **values: Any) -> ladder.Climb:
        if row.pk == bad.pk:
            raise RuntimeError("a broken step")
        return climb(row, **values)

    with monkeypatch.context() as patched:
        patched.setattr(ladder, "climb", fails)
        assert escalation.run_due(at=minutes(1)) == 1
    assert Message.objects.values_list("about", flat=True).get() == "incident:2"

    assert escalation.run_due(at=minutes(1)) == 1
    assert len(paged()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_long_list_of_due_steps_lets_the_pages_out_in_between(
    woken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path((0, [person("Ada")]))
    for number in range(3):
        start(about=f"incident:{number}")
    monkeypatch.setattr(escalation, "RUN_LIMIT", 2)
    monkeypatch.setattr(bundling, "AT_ONCE", 3)

    for left in (1, 0):
        woken.clear()
        jobs.escalate()
        assert Escalation.objects.filter(next_position=0).count() == left
        assert ("notifications.jobs.escalate" in woken) is bool(left)
        assert "notifications.jobs.deliver" in woken


@pytest.mark.django_db
def test_inside_quiet_an_escalation_pages_nobody_then_or_later() -> None:
    path((0, [person("Ada")]))
    with outbox.quiet():
        row = start()

    escalation.run_due(at=minutes(600))

    assert (row.state, row.next_action_at) == ("suppressed", None)
    assert paged() == []
    assert acknowledge(at=minutes(4)) is True


@pytest.mark.django_db
def test_a_page_tells_what_it_is_about_and_how_to_acknowledge(sink: SmtpSink) -> None:
    path((0, [person("Ada")]))
    start()
    escalation.run_due(at=NOON)

    delivery.deliver_due(at=NOON)

    letter = sink.messages[0]
    assert letter["Subject"] == "SEV-1 INC-2026-0007: Quotes are stale"
    for part in letter.iter_parts():
        body = part.get_content()
        assert "http://localhost:8000/admin/cases/incident/7/change/" in body
        assert "http://localhost:8000/ack/" in body


@pytest.mark.django_db
def test_a_page_sent_by_a_person_reaches_people_and_groups_once_each() -> None:
    ada, bo = person("Ada"), person("Bo")
    team = group("Team", ada, bo, person("Gone", is_active=False))
    values: dict[str, Any] = {
        "about": ABOUT,
        "by_name": "Cy",
        "note": "Please look at <the gateway>.",
        "title": "Quotes are stale",
        "reference": "INC-2026-0007",
        "url": "/",
        "user_ids": [ada.pk],
        "group_ids": [team.pk],
    }

    people = escalation.page(at=NOON, **values)
    escalation.page(at=seconds(20), **values)  # the same click again

    assert [p.name for p in people] == ["Ada", "Bo"]
    assert names_paged() == ["Ada", "Bo"]
    body = Message.objects.order_by("id")[0].body_text
    assert "Cy asks for you." in body
    assert "Please look at <the gateway>." in body


@pytest.mark.django_db
def test_a_page_that_would_reach_nobody_is_refused_in_words() -> None:
    empty = Group.objects.create(name="Empty")

    with pytest.raises(errors.InvalidInput, match="Nobody would be paged; choose a person"):
        escalation.page(
            about=ABOUT,
            by_name="Cy",
            note="",
            title="T",
            reference="R",
            url="/",
            at=NOON,
            group_ids=[empty.pk],
        )
