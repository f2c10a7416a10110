"""Tasks: whose they are, what shows that they are done, who looked as well, what lets one go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import facts, gates, tasks
from cases.models import Entry, Incident, Task
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
SOON = LATER + timedelta(minutes=30)


@pytest.fixture
def incident(declare) -> Incident:
    return declare()


@pytest.fixture
def step(incident, people):
    """What every step is told: the incident, who, when."""
    return {"incident_id": incident.pk, "by": people.actor("responder"), "at": LATER}


@pytest.fixture
def command(step, people):
    return {**step, "by": people.actor("commander")}


def lines(incident: Incident) -> list[str]:
    """What the timeline says of tasks, with its kind."""
    entries = Entry.objects.filter(incident=incident, sequence__gt=1).order_by("sequence")
    return [entry.body for entry in entries if entry.kind == "task"]


def rows(incident: Incident) -> list[dict]:
    return list(incident.tasks.order_by("pk").values())


def end(step, *ids: int, state: str = "done", note: str = "By hand.") -> int:
    return tasks.end(**step, task_ids=list(ids), state=state, note=note)


@pytest.fixture
def plain(step) -> Task:
    return tasks.add(**step, phase="containment", text="Pull the feed.")


@pytest.fixture
def marked(step) -> Task:
    """Needs evidence and a second person."""
    marks = {"needs_evidence": True, "needs_second_person": True}
    return tasks.add(**step, phase="containment", text="Turn the key", **marks)


# --- adding ---------------------------------------------------------------------------------------


def test_a_task_of_our_own_stands_behind_those_of_its_phase_with_its_marks(incident, step, people):
    tasks.add(**step, phase="containment", text=" Pull the feed. ")
    tasks.add(
        **step,
        phase="containment",
        text="Tell the venue",
        needs_evidence=True,
        is_partner_facing=True,
        owner_id=people["commander"].pk,
        due_at=SOON,
    )
    tasks.add(**step, phase="recovery", text="Put it back", due_at=SOON)
    found = [
        (t.phase, t.position, t.text, t.needs_evidence, t.needs_second_person, t.is_partner_facing)
        for t in incident.tasks.all()
    ]
    assert found == [
        ("containment", 1, "Pull the feed.", False, False, False),
        ("containment", 2, "Tell the venue", True, False, True),
        ("recovery", 1, "Put it back", False, False, False),
    ]
    assert lines(incident) == [
        "Task added: Pull the feed.",
        "Task added: Tell the venue (for Incident commander, due 4 Mar 11:11 UTC).",
        "Task added: Put it back (due 4 Mar 11:11 UTC).",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"phase": "containment", "text": " "}, "A task needs words; write what is to be done."),
        (
            {"phase": "review", "text": "x"},
            "A task belongs to Containment, Mitigation or Recovery; choose one.",
        ),
        (
            {"phase": "recovery", "text": "x", "due_at": LATER},
            "The time until when it is due is over already; check it.",
        ),
        (
            {"phase": "recovery", "text": "x", "owner_id": 404},
            "The owner has to be somebody at the desk who works on incidents; choose one.",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence_and_changes_nothing(incident, step, given, said):
    with pytest.raises(InvalidInput) as refused:
        tasks.add(**step, **given)
    assert (str(refused.value), rows(incident), lines(incident)) == (said, [], [])


# --- owner and time -------------------------------------------------------------------------------


def mails() -> list[tuple[str, str, bool]]:
    found = Message.objects.filter(kind="task").order_by("pk")
    return [(mail.to_address, mail.subject, mail.is_page) for mail in found]


def test_the_owner_is_mailed_once_if_somebody_else_gave_the_task(incident, step, plain, people):
    given = {"task_id": plain.pk, "owner_id": people["commander"].pk, "due_at": SOON}
    for _ in range(2):
        tasks.assign(**step, **given)
    tasks.assign(**step, **{**given, "due_at": SOON + timedelta(hours=1)})
    mine = {**given, "owner_id": people["responder"].pk, "due_at": None}
    tasks.assign(**step, **mine)
    subject = f"{incident.reference}: a task for you, due 4 Mar 11:11 UTC"
    assert mails() == [("commander@desk.test", subject, False)]
    body = Message.objects.get(kind="task").body_text
    assert f"http://localhost:8000{incident.url}?tab=tasks#task-{plain.pk}" in body
    tasks.assign(**step, task_id=plain.pk, owner_id=None, due_at=None)
    assert lines(incident)[1:] == [
        "“Pull the feed”: for Incident commander, due 4 Mar 11:11 UTC.",
        "“Pull the feed”: for Incident commander, due 4 Mar 12:11 UTC.",
        "“Pull the feed”: for Responder.",
        "“Pull the feed”: nobody’s, and not due at any time.",
    ]
    plain.refresh_from_db()
    assert (plain.owner, plain.due_at) == (None, None)


@pytest.mark.parametrize("whom", ["auditor", "communications", "approver", "helix", "switched off"])
def test_a_task_goes_to_nobody_who_may_not_work_on_it(incident, step, plain, people, helix, whom):
    person = people["security" if whom == "switched off" else whom]
    person.is_active = whom != "switched off"
    person.save()
    before = rows(incident)
    with pytest.raises(InvalidInput, match="who works on incidents; choose one"):
        tasks.assign(**step, task_id=plain.pk, owner_id=person.pk, due_at=None)
    assert (rows(incident), mails()) == (before, [])


def test_a_time_that_is_over_may_stay_but_is_not_set(step, plain, people):
    tasks.assign(**step, task_id=plain.pk, owner_id=None, due_at=SOON)
    much_later = {**step, "at": SOON + timedelta(days=1)}
    given = {"task_id": plain.pk, "owner_id": people["commander"].pk}
    assert tasks.assign(**much_later, **given, due_at=SOON).due_at == SOON
    with pytest.raises(InvalidInput, match="over already"):
        tasks.assign(**much_later, **given, due_at=SOON + timedelta(minutes=1))


# --- ending ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["done", "waived"])
def test_tasks_end_together_with_one_note(incident, step, plain, state):
    other = tasks.add(**step, phase="containment", text="Tell the venue")
    last = tasks.add(**step, phase="recovery", text="Put it back")
    assert end(step, plain.pk, other.pk, state=state, note=" By hand. ") == 2
    found = [(t.state, t.note, t.ended_at, t.ended_by_id) for t in incident.tasks.order_by("pk")]
    ended = (state, "By hand.", LATER, step["by"].user_id)
    assert found == [ended, ended, ("open", "", None, None)]
    assert lines(incident)[-1] == f"2 tasks {state}: Pull the feed; Tell the venue. By hand."
    assert Task.objects.get(pk=last.pk).state == "open"


def test_a_task_that_somebody_ended_meanwhile_stops_the_whole_click(step, plain, declare):
    second = tasks.add(**step, phase="containment", text="Tell the venue").pk
    foreign = tasks.add(**{**step, "incident_id": declare().pk}, phase="recovery", text="x").pk
    end(step, plain.pk)
    for ids in ([plain.pk], [plain.pk, second], [second, foreign], [second, 404], []):
        with pytest.raises(Conflict) as refused:
            end(step, *ids)
        assert str(refused.value) == (
            "Some of these tasks were ended by somebody else; look at the page again."
        )
    assert set(Task.objects.filter(state="open").values_list("pk", flat=True)) == {second, foreign}
    assert end(step, second, second) == 1


@pytest.mark.parametrize(
    ("state", "note", "said"),
    [
        ("open", "x", "A task ends as done or as waived; choose one."),
        ("waived", " ", "Ending a task needs a note: how it was done, or why it is waived."),
    ],
)
def test_a_task_ends_as_something_and_with_words(incident, step, plain, state, note, said):
    before = rows(incident)
    with pytest.raises(InvalidInput) as refused:
        end(step, plain.pk, state=state, note=note)
    assert (str(refused.value), rows(incident)) == (said, before)


def test_a_marked_task_is_done_only_with_evidence_and_the_refusal_says_how(
    incident, step, plain, marked, walk
):
    before = rows(incident)
    with pytest.raises(InvalidInput) as refused:
        end(step, plain.pk, marked.pk, note="See CHG-4411.")
    assert str(refused.value) == (
        "“Turn the key” needs evidence before it is done: attach a file to the task, then end it; "
        "or the commander waives it with a reason."
    )
    assert rows(incident) == before
    walk(incident).prove()  # of the incident, and of no task
    with pytest.raises(InvalidInput, match="needs evidence"):
        end(step, marked.pk)
    walk(incident).prove(task_id=marked.pk)
    assert end(step, plain.pk, marked.pk) == 2


def test_only_a_commander_waives_what_has_to_be_shown_or_seen_by_two(
    incident, step, command, plain
):
    proof = tasks.add(**step, phase="containment", text="Show it", needs_evidence=True)
    pair = tasks.add(**step, phase="containment", text="See it", needs_second_person=True)
    before = rows(incident)
    for ids in ([proof.pk], [pair.pk], [plain.pk, proof.pk, pair.pk]):
        with pytest.raises(NotAllowed, match="only a commander waives it"):
            end(step, *ids, state="waived")
    assert rows(incident) == before
    assert end(step, plain.pk, state="waived") == 1
    assert end(command, proof.pk, pair.pk, state="waived", note="The gateway is gone.") == 2


# --- the second person ----------------------------------------------------------------------------


def ended(incident: Incident) -> tuple[int, int]:
    """As the gate counts it."""
    return facts.of(Incident.objects.get(pk=incident.pk), at=NOW).tasks["containment"]


def test_a_task_for_two_has_ended_once_somebody_else_confirmed_it(incident, step, command):
    pair = tasks.add(**step, phase="containment", text="See it", needs_second_person=True)
    end(step, pair.pk)
    assert ended(incident) == (0, 1)
    gate = next(
        c
        for c in gates.check("begin_mitigation", facts.of(incident, at=NOW))
        if "task" in c.gate.key
    )
    assert not gate.is_met
    with pytest.raises(InvalidInput) as refused:
        tasks.confirm(**step, task_id=pair.pk, note="")
    assert str(refused.value) == ("You ended this task yourself; somebody else has to confirm it.")
    task = tasks.confirm(**command, task_id=pair.pk, note=" Pool status at 10:40. ")
    assert (task.confirmed_by_id, task.confirmed_at) == (command["by"].user_id, LATER)
    assert task.confirmation == "Pool status at 10:40."
    assert ended(incident) == (1, 1)
    assert lines(incident)[-1] == ("“See it” confirmed as the second person. Pool status at 10:40.")
    with pytest.raises(Conflict, match="has confirmed this task already"):
        tasks.confirm(**command, task_id=pair.pk, note="")


def test_a_waived_task_for_two_has_ended(incident, command):
    pair = tasks.add(**command, phase="containment", text="See it", needs_second_person=True)
    end(command, pair.pk, state="waived")
    assert ended(incident) == (1, 1)


def test_only_what_is_done_and_marked_is_confirmed(step, command, plain):
    pair = tasks.add(**step, phase="containment", text="See it", needs_second_person=True)
    with pytest.raises(Conflict, match="Only a task that is done"):
        tasks.confirm(**command, task_id=pair.pk, note="")
    end(step, plain.pk)
    with pytest.raises(InvalidInput, match=r"^This task needs no second person\.$"):
        tasks.confirm(**command, task_id=plain.pk, note="")


def test_a_reopened_task_is_as_it_was_before_and_the_timeline_keeps_both(incident, step, command):
    pair = tasks.add(**step, phase="containment", text="See it", needs_second_person=True)
    with pytest.raises(Conflict, match=r"^This task is open already\.$"):
        tasks.reopen(**step, task_id=pair.pk, reason="x")
    before = rows(incident)
    end(step, pair.pk)
    tasks.confirm(**command, task_id=pair.pk, note="Seen.")
    with pytest.raises(InvalidInput, match="needs a reason"):
        tasks.reopen(**step, task_id=pair.pk, reason=" ")
    tasks.reopen(**step, task_id=pair.pk, reason="It came back.")
    assert rows(incident) == before
    assert [line.split(".")[0] for line in lines(incident)] == [
        "Task added: See it",
        "1 task done: See it",
        "“See it” confirmed as the second person",
        "“See it” reopened",
    ]


def test_a_task_of_another_incident_is_no_task_of_this_one(step, declare):
    other = {**step, "incident_id": declare().pk}
    foreign = tasks.add(**other, phase="recovery", text="x", needs_second_person=True)
    calls = [
        lambda: tasks.assign(**step, task_id=foreign.pk, owner_id=None, due_at=SOON),
        lambda: tasks.confirm(**step, task_id=foreign.pk, note=""),
        lambda: tasks.reopen(**step, task_id=foreign.pk, reason="x"),
    ]
    for call in calls:
        with pytest.raises(InvalidInput, match="There is no such task in this incident"):
            call()


def test_an_ended_task_is_given_to_nobody(step, plain, people):
    end(step, plain.pk)
    with pytest.raises(Conflict, match="reopen it first"):
        tasks.assign(**step, task_id=plain.pk, owner_id=people["commander"].pk, due_at=None)
