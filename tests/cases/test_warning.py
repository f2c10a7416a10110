"""Reminders of the desk's own clocks and of tasks: at each stage once, one mail a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cases import evaluation, tasks, warning, workflow
from cases.models import Deadline, Incident, Task
from incidentdesk.kernel.models import User
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def led(declare, people):
    """`led()`: a SEV-1 that is commanded, beside one that nobody commands."""

    def call(**known: Any) -> Incident:
        declare(title="Another", impact=4)
        incident = declare(**{"impact": 4, "scope": 4, "urgency": 3, **known})
        by = people.actor("commander")
        workflow.take_command(incident_id=incident.pk, by=by, at=NOW)
        return Incident.objects.get(pk=incident.pk)

    return call


@pytest.fixture
def task(people):
    """`task(incident)`: of the responder, due in 100 minutes, given by the commander."""

    def call(incident: Incident, **known: Any) -> Task:
        given: dict[str, Any] = {
            "phase": "containment",
            "text": "Isolate EU-2.",
            "owner_id": people["responder"].pk,
            "due_at": after(100),
            "by": people.actor("commander"),
            "at": NOW,
        }
        return tasks.add(incident_id=incident.pk, **given | known)

    return call


def told(minutes: float) -> list[tuple[str, str]]:
    """To whom and what, without the reference; asked twice, the second time for nothing."""
    before = set(Message.objects.values_list("pk", flat=True))
    count = warning.warn(at=after(minutes))
    assert warning.warn(at=after(minutes)) == 0
    rows = Message.objects.exclude(pk__in=before).order_by("pk")
    assert {row.kind for row in rows} <= {"deadline"}
    assert len(rows) == count
    return [(row.to_address, row.subject.partition(": ")[2]) for row in rows]


COMMANDER, OWNER = "commander@desk.test", "responder@desk.test"


# --- the desk's own clocks ------------------------------------------------------------------------


def test_the_commander_is_reminded_of_each_clock_at_each_stage(led):
    led()
    found = {minutes: told(minutes) for minutes in (4, 5, 7.5, 9, 10, 11, 30)}
    assert found == {
        4: [],
        5: [(COMMANDER, "Commander, category and severity due in 5 min")],
        7.5: [(COMMANDER, "Commander, category and severity due in 2 min")],
        9: [(COMMANDER, "Commander, category and severity due in 1 min")],
        10: [(COMMANDER, "Commander, category and severity is late")],
        11: [],
        30: [(COMMANDER, "Contained due in 30 min")],
    }


def test_several_clocks_are_one_mail_with_the_last_stage_of_each(led):
    incident = led()
    assert told(110) == [(COMMANDER, "Commander, category and severity is late, and 2 more")]
    mail = Message.objects.get(kind="deadline")
    assert mail.body_text.splitlines()[3:-2] == [
        "Commander, category and severity: was due 4 Mar 2026, 09:51 UTC and is still open.",
        "",
        "Contained: was due 4 Mar 2026, 10:41 UTC and is still open.",
        "",
        "Recovered: due 4 Mar 2026, 11:41 UTC, in 10 min; 90 % of the time is over.",
    ]
    assert mail.about == incident.about
    assert incident.url in mail.body_text


def test_before_there_is_a_commander_the_path_pages_and_no_mail_goes(declare, people):
    incident = declare(impact=4, scope=4, urgency=3)
    assert told(500) == []
    by = people.actor("commander")
    workflow.take_command(incident_id=incident.pk, by=by, at=after(501))
    assert told(502) == []  # its stages were over


def test_a_clock_that_does_not_move_is_not_told_again(led, people):
    incident = led()
    told(5)
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": after(6)}
    evaluation.override_severity(**step, severity=1, reason="x")
    assert told(6) == []
    evaluation.override_severity(**step, severity=2, reason="x")
    assert told(8) == []
    assert told(10) == [(COMMANDER, "Commander, category and severity due in 10 min")]


def test_what_is_met_or_over_and_a_drill_remind_nobody(led, people):
    led(is_exercise=True)
    incident = led()
    workflow.dismiss(incident_id=incident.pk, reason="x", by=people.actor("commander"), at=NOW)
    assert told(500) == []


def test_of_a_first_notice_who_does_the_communications_is_told_too(led):
    incident = led()
    Deadline.objects.update(warn_at=None)
    Deadline.objects.create(
        incident=incident,
        kind="first_notice",
        anchor_at=NOW,
        due_at=after(30),
        warn_at=after(15),
    )
    assert told(15) == [
        ("communications@desk.test", "First partner notice due in 15 min"),
        (COMMANDER, "First partner notice due in 15 min"),
    ]


def test_a_commander_who_left_is_no_help_and_the_administrators_are_told(led, people):
    led()
    User.objects.filter(pk=people["commander"].pk).update(is_active=False)
    assert told(5) == [("administrator@desk.test", "Commander, category and severity due in 5 min")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_remind_once(led, at_once):
    led()
    assert sorted(at_once([lambda: warning.warn(at=after(5))] * 2)) == [0, 1]
    assert Message.objects.filter(kind="deadline").count() == 1


# --- tasks ----------------------------------------------------------------------------------------


@pytest.fixture
def isolate(led, task):
    """No clock is left to be told of."""
    made = task(led())
    Deadline.objects.update(warn_at=None)
    return made


def test_the_owner_of_a_task_is_reminded_at_each_stage(isolate):
    name = "Task “Isolate EU-2”"
    assert {minutes: told(minutes) for minutes in (49, 50, 75, 90, 99, 100, 900)} == {
        49: [],
        50: [(OWNER, f"{name} due in 50 min")],
        75: [(OWNER, f"{name} due in 25 min")],
        90: [(OWNER, f"{name} due in 10 min")],
        99: [],
        100: [(OWNER, f"{name} is late")],
        900: [],
    }
    mail = Message.objects.filter(kind="deadline").latest("pk")
    assert f"?tab=tasks#task-{isolate.pk}" in mail.body_text


def test_a_task_that_nobody_owns_any_more_is_the_commanders(isolate, people):
    User.objects.filter(pk=people["responder"].pk).update(is_active=False)
    assert told(50) == [(COMMANDER, "Task “Isolate EU-2” due in 50 min")]


def test_another_time_begins_the_reminders_anew_and_another_owner_does_not(isolate, people):
    assert len(told(50)) == 1
    step: dict[str, Any] = {"incident_id": isolate.incident_id, "task_id": isolate.pk}
    step |= {"owner_id": people["security"].pk, "by": people.actor("security")}
    tasks.assign(**step, due_at=after(100), at=after(60))
    assert told(60) == []
    assert [address for address, _ in told(75)] == ["security@desk.test"]
    tasks.assign(**step, due_at=after(180), at=after(80))
    assert [told(minutes) != [] for minutes in (100, 129, 130)] == [False, False, True]
    tasks.assign(**step, due_at=None, at=after(140))
    assert told(900) == []


def test_a_task_that_ended_reminds_of_nothing_until_it_is_reopened(isolate, people):
    step: dict[str, Any] = {"incident_id": isolate.incident_id, "at": after(10)}
    step["by"] = people.actor("commander")
    tasks.end(**step, task_ids=[isolate.pk], state="done", note="Off.")
    assert told(900) == []
    tasks.reopen(**step, task_id=isolate.pk, reason="It is back.")
    assert told(900) == [(OWNER, "Task “Isolate EU-2” is late")]
