"""Somebody acknowledged, and nothing followed: it is paged again until somebody works on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cases import (
    crew,
    evaluation,
    jobs,
    response,
    restriction,
    sight,
    silence,
    timeline,
    workflow,
)
from cases.models import Assignment, Entry, Incident, SeverityRule
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
from notifications import escalation
from notifications import queries as post
from notifications.models import Escalation, Message
from notifications.rotas import oncall
from tests.cases.intake.test_pending import broken
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
AXES = {1: (4, 4, 3), 2: (3, 2, 2), 3: (2, 2, 2), 4: (1, 1, 1)}  # impact, scope, urgency


def after(minutes: float) -> datetime:
    return NOW + minutes * MINUTE


@pytest.fixture
def taken(declare, people):
    """`taken(1)`: a SEV-1 that the responder acknowledged at NOW, beside another one nobody did."""

    def call(severity: int, **known: Any) -> Incident:
        axes = dict(zip(("impact", "scope", "urgency"), AXES[severity], strict=True))
        declare(title="Another", impact=4)
        incident = declare(**axes, **known)
        by = people.actor("responder")
        workflow.acknowledge(incident_id=incident.pk, by=by, at=NOW)
        return Incident.objects.get(pk=incident.pk)

    return call


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def newest(incident: Incident) -> tuple[str, str, str]:
    entry = Entry.objects.filter(incident=incident).latest("sequence")
    return entry.kind, entry.actor, entry.body


def test_the_shipped_times_are_the_framework_s():
    assert dict(SeverityRule.objects.values_list("severity", "silence_minutes")) == {
        1: 15,
        2: 30,
        3: 240,
        4: None,
    }


@pytest.mark.parametrize(("severity", "minutes"), [(1, 15), (2, 30), (3, 240)])
def test_it_is_paged_again_from_its_first_step_once_its_time_is_over(taken, severity, minutes):
    incident = taken(severity)
    before = post.escalation(incident.about)
    assert silence.watch(at=after(minutes) - timedelta(seconds=1)) == 0
    assert silence.watch(at=after(minutes)) == 1
    again = post.escalation(incident.about)
    assert (before.state, again.state, again.severity) == ("acknowledged", "running", severity)
    assert (again.next_position, again.started_at) == (0, after(minutes))
    assert fresh(incident).acknowledged_at is None
    assert (fresh(incident).first_acknowledged_at, incident.acknowledged_by.name) == (
        NOW,
        "Responder",
    )
    span = clocks.words(minutes * MINUTE)
    assert newest(incident) == (
        "page",
        "The desk",
        f"Nobody has worked on it for {span}, as far as is written here; Responder had "
        "acknowledged it. It is paged again.",
    )
    assert silence.watch(at=after(minutes + 500)) == 0


def test_the_page_names_who_had_acknowledged(taken, people):
    incident = taken(1)
    path = post.escalation(incident.about).path
    path.steps.order_by("position").first().users.add(people["commander"])
    silence.watch(at=after(15))
    escalation.run_due(at=after(15))
    mail = Message.objects.get(about=incident.about, created_at=after(15))
    assert mail.to_user == people["commander"]
    assert (
        "Responder acknowledged it 15 min ago, and nobody is seen to work on it." in mail.body_text
    )


def test_a_severity_that_pages_nobody_and_a_drill_are_left_alone(taken):
    mild, drill = taken(4), taken(1, is_exercise=True)
    loud = taken(1, is_exercise=True, exercise_pages=True)
    silence.watch(at=after(9000))
    assert [fresh(one).acknowledged_at for one in (mild, drill, loud)] == [NOW, NOW, None]


def test_what_a_person_writes_counts_and_what_the_desk_an_alert_or_a_partner_writes_does_not(
    taken, people, helix
):
    incident = taken(1)
    contact, desk = people.contact("helix", helix), access.SYSTEM
    timeline.record(incident, Entry.Kind.UPDATE, "x", by=desk, at=after(14))
    timeline.record(incident, Entry.Kind.ALERT, "x", by=people.actor("security"), at=after(14))
    timeline.record(
        incident, Entry.Kind.PARTNER, "x", by=contact, at=after(14), partner_id=helix.pk
    )
    timeline.record(incident, Entry.Kind.TASK, "x", by=people.actor("security"), at=after(9))
    silence.watch(at=after(15))
    assert (fresh(incident).acknowledged_at, fresh(incident).silent_at) == (NOW, after(24))
    assert silence.watch(at=after(24)) == 1
    assert fresh(incident).acknowledged_at is None
    assert "for 15 min" in newest(incident)[2]


def test_it_is_over_with_the_recovery_and_goes_on_when_that_is_taken_back(taken, people):
    incident = taken(1)
    Incident.objects.filter(pk=incident.pk).update(recovered_at=after(5))
    assert silence.watch(at=after(500)) == 0
    Incident.objects.filter(pk=incident.pk).update(recovered_at=None)
    assert silence.watch(at=after(500)) == 1


def test_somebody_s_entry_acknowledges_what_was_paged_again(taken, people):
    incident = taken(1)
    silence.watch(at=after(15))
    assert silence.watch(at=after(16)) == 0
    by = people.actor("security")
    response.post_update(incident_id=incident.pk, text="Looking.", by=by, at=after(17))
    assert silence.watch(at=after(18)) == 1
    row = fresh(incident)
    assert (row.acknowledged_by, row.acknowledged_at, row.first_acknowledged_at) == (
        people["security"],
        after(18),
        NOW,
    )
    assert post.escalation(incident.about).state == "acknowledged"
    assert newest(incident) == (
        "page",
        "The desk",
        "Security lead works on it, which acknowledges it.",
    )
    assert silence.watch(at=after(32)) == 0
    assert silence.watch(at=after(33)) == 1  # nothing more was done
    assert fresh(incident).acknowledged_at is None


def test_whoever_acknowledges_again_has_the_time_anew(taken, people):
    incident = taken(1)
    silence.watch(at=after(15))
    by = people.actor("commander")
    assert workflow.acknowledge(incident_id=incident.pk, by=by, at=after(16)) is True
    assert post.escalation(incident.about).state == "acknowledged"
    assert silence.watch(at=after(30)) == 0
    assert silence.watch(at=after(31)) == 1


def test_staff_change_the_times(taken, as_):
    data = {"soak_minutes": 60, "silence_minutes": 45}
    as_("administrator").post("/admin/cases/severityrule/1/change/", data)
    incident = taken(1)
    assert silence.watch(at=after(44)) == 0
    SeverityRule.objects.update(silence_minutes=None)
    silence.watch(at=after(45))
    assert (fresh(incident).acknowledged_at, fresh(incident).silent_at) == (NOW, None)


def test_an_acknowledged_incident_that_becomes_worse_is_paged_by_its_new_path(taken, people):
    incident = taken(3)
    by, at = people.actor("commander"), after(5)
    evaluation.override_severity(
        incident_id=incident.pk, severity=1, reason="A venue says so.", by=by, at=at
    )
    ladder = post.escalation(incident.about)
    assert (ladder.state, ladder.severity, str(ladder.path)) == ("running", 1, "SEV-1")
    assert fresh(incident).acknowledged_at is None
    assert newest(incident)[2] == (
        "SEV-1 now, SEV-3 when Responder acknowledged it; it is paged again."
    )
    response.post_update(incident_id=incident.pk, text="Looking.", by=by, at=after(6))
    silence.watch(at=after(60))
    assert post.escalation(incident.about) == ladder  # only an acknowledgement stops this one
    assert ladder.state == "running"


def test_of_a_restricted_incident_the_page_names_nothing(taken, people):
    incident = taken(1, title="ZEBRA")
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    restriction.restrict(**step, user_ids=[people["responder"].pk], reason="Perhaps one of us.")
    before = Message.objects.count()
    for moment in (15, 15, 16, 30):
        silence.watch(at=after(moment))
    pages = list(Message.objects.order_by("pk")[before:])
    assert {page.subject for page in pages} == {"SEV-1 Restricted: A restricted incident needs you"}
    assert ["ZEBRA" in page.body_text for page in pages] == [False] * len(pages)
    let_in = oncall.pageable().filter(pk__in=sight.let_in(fresh(incident)))
    told = list(let_in.values_list("email", flat=True))
    assert people["responder"].email in told
    assert sorted(page.to_address for page in pages) == sorted([*told, *told])  # twice, and no more
    assert fresh(incident).acknowledged_at is not None


def test_the_worker_looks_when_its_time_is_over_and_not_before(taken, monkeypatch):
    incident = taken(1)
    for minutes, is_taken in ((14.9, True), (15, False)):
        monkeypatch.setattr(clocks, "database_now", lambda minutes=minutes: after(minutes))
        jobs.page_again()
        assert (fresh(incident).acknowledged_at is not None) == is_taken


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_page_it_once(taken, at_once):
    incident = taken(1)
    answers = at_once([lambda: silence.watch(at=after(15))] * 2)
    assert sorted(answers) == [0, 1]
    assert Escalation.objects.filter(about=incident.about).count() == 2
    assert Entry.objects.filter(incident=incident, body__contains="paged again").count() == 1
    assert timeline.first_fault(incident) is None


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_holds_up_neither_those_behind_it_nor_the_offers(taken, people, monkeypatch):
    cursed, sound = taken(1), taken(1)
    night = User.objects.create_user("night@desk.test", name="Noor", roles=["commander"])
    step = {"incident_id": sound.pk, "by": people.actor("commander"), "at": NOW}
    workflow.take_command(**step)
    crew.hand_over(**step, role="commander", user_id=night.pk, note="EU-2.")
    Incident.objects.filter(pk=cursed.pk).update(silent_at=after(14))
    monkeypatch.setattr(clocks, "database_now", lambda: after(20))
    with broken("cases_entry", when=f"NEW.incident_id = {cursed.pk}"):
        jobs.page_again()
    assert fresh(cursed).acknowledged_at is not None
    assert fresh(sound).acknowledged_at is None
    assert Assignment.objects.filter(reminders=1).count() == 1
    jobs.page_again()
    assert fresh(cursed).acknowledged_at is None
