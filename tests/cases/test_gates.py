"""Gates: each alone stops its move, says so in its words, and leaves everything as it was.

`MISSING` has a line for each gate of `gates.TABLE`: how an incident that is otherwise ready for
the move comes to lack just that. A gate without a line here fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from cases import gates, response, workflow
from cases.gates import Facts
from cases.models import Alert, Entry, Incident, Involvement, Move, ReviewFacts, System, Task
from incidentdesk.kernel.errors import GateNotMet
from notifications.models import Message
from tests.conftest import NOW, Walk

pytestmark = pytest.mark.django_db

# A move, what it is called in a refusal, who makes it, and the phase it begins in.
MOVES = {
    "begin_containment": ("Containment", "commander", "identification"),
    "begin_mitigation": ("Mitigation", "commander", "containment"),
    "begin_recovery": ("Recovery", "commander", "mitigation"),
    "begin_review": ("Review", "commander", "recovery"),
    "close": ("Closing", "approver", "review"),
}


class Ready:
    """An incident of which every gate of one move is met, and what the tests take from it."""

    def __init__(self, move: str, incident: Incident, people: Any, source: Any) -> None:
        self.move, self.people, self.source = move, people, source
        self.rows = Incident.objects.filter(pk=incident.pk)

    @property
    def incident(self) -> Incident:
        return self.rows.get()

    def lack(self, **fields: Any) -> None:
        """Change columns of the row, past every use case."""
        self.rows.update(**fields)

    def reopen_task(self) -> None:
        phase = MOVES[self.move][2]
        task = self.incident.tasks.filter(phase=phase).first()
        Task.objects.filter(pk=task.pk).update(
            state="open",
            note="",
            ended_at=None,
            ended_by=None,
            confirmed_at=None,
            confirmed_by=None,
        )

    def is_not_signed(self, key: str) -> None:
        """Statements are never removed: it was made ready without this one."""
        assert not self.incident.statements.filter(key=key).exists()

    def another_system(self) -> None:
        system = System.objects.create(name="order-gw-2")
        self.incident.systems.create(system=system, changed_at=NOW)

    def another_partner(self) -> None:
        """Norrbank is affected as well, and was told nothing."""
        from partners.models import Partner

        partner = Partner.objects.create(name="Tidewater FX", code="TIDE")
        Involvement.objects.create(
            incident=self.incident,
            partner=partner,
            title="x",
            meaning="x",
            severity=3,
            phase=self.incident.phase,
            added_at=NOW,
        )

    def fire(self) -> None:
        for number in (1, 2):
            Alert.objects.create(
                source=self.source,
                incident=self.incident,
                external_key=f"k{number}",
                group_key="g",
                title="x",
                first_at=NOW,
                last_at=NOW,
            )


# move → gate → (how it comes to be missing, the words of the refusal, what may be signed instead)
Lack = tuple[Callable[[Ready], None], str, str]
MISSING: dict[str, dict[str, Lack]] = {
    "begin_containment": {
        "category": (lambda r: r.lack(category=None), "Category set", ""),
        "nature": (lambda r: r.lack(confirmed_at=None), "Nature confirmed", ""),
        "axes": (lambda r: r.lack(scope=None), "Impact, scope and urgency answered", ""),
        "times": (
            lambda r: r.lack(aware_at=None),
            "Known when it occurred, was detected, and we became aware",
            "",
        ),
        "systems": (
            lambda r: r.incident.systems.all().delete(),
            "Affected systems listed, or none signed",
            "no_systems",
        ),
        "partners": (
            lambda r: r.incident.involvements.all().delete(),
            "Affected partners listed, or none signed",
            "no_partners",
        ),
        "commander": (lambda r: r.lack(commander=None), "Commander named", ""),
    },
    "begin_mitigation": {
        "containment_tasks": (
            Ready.reopen_task,
            "Every containment task done, or waived with a reason (7 of 8)",
            "",
        ),
        "isolated": (
            Ready.another_system,
            "Every affected system isolated, or a reason why not (1 of 2)",
            "not_isolated",
        ),
        "no_growth": (
            lambda r: r.is_not_signed("no_growth"),
            "Signed that it no longer grows",
            "no_growth",
        ),
        "notified": (
            Ready.another_partner,
            "Affected partners notified, or signed why not (1 of 2)",
            "notice_not_needed",
        ),
    },
    "begin_recovery": {
        "mitigation_tasks": (
            Ready.reopen_task,
            "Every mitigation task done, or waived with a reason (6 of 7)",
            "",
        ),
        "cause": (lambda r: r.lack(cause=" \n"), "Cause or best hypothesis recorded", ""),
        "fix": (
            lambda r: r.is_not_signed("fix_approved"),
            "Signed that the fix is referenced, approved by a second person, and reversible",
            "fix_approved",
        ),
    },
    "begin_review": {
        "recovery_tasks": (
            Ready.reopen_task,
            "Every recovery task done, or waived with a reason (7 of 8)",
            "",
        ),
        "restored": (Ready.another_system, "Every affected system restored (1 of 2)", ""),
        "alerts": (Ready.fire, "Every alert cleared (2 still firing)", ""),
        "recovered": (lambda r: r.lack(recovered_at=None), "Time of recovery recorded", ""),
        "reconciled": (
            lambda r: r.is_not_signed("reconciled"),
            "Signed that data were reconciled",
            "reconciled",
        ),
        "all_clear": (
            Ready.another_partner,
            "All-clear sent to the partners, or signed why not (1 of 2)",
            "all_clear_not_needed",
        ),
    },
    "close": {
        "review_complete": (
            lambda r: ReviewFacts.objects.update(missing=["no lesson", "no root cause"]),
            "Review complete (no lesson, no root cause)",
            "",
        ),
        "review_approved": (
            lambda r: ReviewFacts.objects.update(approved_at=None, approved_by=None),
            "Review approved by someone who did not command",
            "",
        ),
    },
}
GATES = [(move, gate.key) for move, table in gates.TABLE.items() for gate in table]
SIGNED_ONLY = {"no_growth", "fix", "reconciled"}


@pytest.fixture
def ready(incident_in, declare, walk, people, source, request) -> Ready:
    """An incident ready for the move that the test names, but for a gate that is only signed."""
    move, gate = request.param
    origin = MOVES[move][2]
    incident = declare() if origin == "identification" else incident_in(origin)
    found = Ready(move, incident, people, source)
    prepare(walk(incident), move, found, without=gate)
    return found


def prepare(step: Walk, move: str, found: Ready, *, without: str) -> None:
    """What the gates of this move ask for, in the way of the walk through all phases."""
    if move == "close":
        ReviewFacts.objects.filter(incident=found.incident).update(
            missing=[], approved_at=NOW, approved_by=found.people["approver"]
        )
    elif move == "begin_containment":
        step.ready_for_containment()
    else:
        phase = move.removeprefix("begin_")
        getattr(step, f"ready_for_{phase}")(signed=without not in SIGNED_ONLY)


def attempt(ready: Ready) -> Incident:
    """The click."""
    by = ready.people.actor(MOVES[ready.move][1])
    return getattr(workflow, ready.move)(incident_id=ready.incident.pk, by=by, at=NOW)


def _everything() -> dict[str, list[Any]]:
    """All rows that a move could touch."""
    kept = (Incident, Move, Entry, Involvement, ReviewFacts, Task, Message, Alert)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in kept}


def test_every_gate_has_its_case_here():
    assert {m: set(table) for m, table in MISSING.items()} == {
        m: {gate.key for gate in table} for m, table in gates.TABLE.items()
    }
    assert set(gates.TABLE) == set(MOVES)


@pytest.mark.parametrize("ready", GATES, indirect=True, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_a_gate_alone_stops_its_move_in_its_words_and_changes_nothing(ready, request):
    move, key = request.node.callspec.params["ready"]
    lack, words, _ = MISSING[move][key]
    lack(ready)
    before = _everything()
    with pytest.raises(GateNotMet) as refused:
        attempt(ready)
    assert refused.value.unmet == [words]
    assert str(refused.value) == f"{MOVES[move][0]} has to wait: {words}."
    assert _everything() == before
    assert gates.open_for(move)(ready.incident) is False


SIGNABLE = [(m, k) for m, table in MISSING.items() for k, lack in table.items() if lack[2]]


@pytest.mark.parametrize("ready", SIGNABLE, indirect=True, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_what_may_be_signed_instead_opens_the_gate(ready, request):
    move, key = request.node.callspec.params["ready"]
    lack, _, statement = MISSING[move][key]
    lack(ready)
    response.sign(
        incident_id=ready.incident.pk,
        key=statement,
        text="Seen with my own eyes.",
        by=ready.people.actor("commander"),
        at=NOW,
    )
    assert attempt(ready).phase != MOVES[move][2]


@pytest.mark.parametrize(
    "ready", [(move, "") for move in MOVES], indirect=True, ids=lambda pair: pair[0]
)
def test_with_every_gate_met_the_move_is_made(ready):
    assert [c for c in gates.check(ready.move, ready.incident.facts()) if not c.is_met] == []
    following = dict(zip(MOVES, [*[m[2] for m in MOVES.values()][1:], "closed"], strict=True))
    assert attempt(ready).phase == following[ready.move]
    assert ready.incident.phase == following[ready.move]


def test_a_fresh_incident_lacks_everything_and_is_told_all_of_it_at_once(declare, people):
    incident = declare(category_id=None, impact=None)
    with pytest.raises(GateNotMet) as refused:
        workflow.begin_containment(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    assert refused.value.unmet == [words for _, words, _ in MISSING["begin_containment"].values()]


def test_the_page_lists_what_the_refusal_names(declare):
    incident = declare()
    listed = [c.words for c in gates.check("begin_containment", incident.facts()) if not c.is_met]
    with pytest.raises(GateNotMet) as refused:
        gates.require("begin_containment", incident, words="Containment")
    assert refused.value.unmet == listed


def test_a_move_without_gates_has_none():
    assert gates.check("dismiss", None) == []


def test_every_statement_that_may_be_signed_opens_some_gate():
    opening = {gate.statement for table in gates.TABLE.values() for gate in table if gate.statement}
    assert opening == set(gates.STATEMENTS)


def test_every_gate_that_can_be_met_in_a_dialog_names_it():
    without = {gate.key for table in gates.TABLE.values() for gate in table if not gate.do}
    assert without == {"no_growth", "fix", "reconciled", "review_complete", "review_approved"}


def test_every_fact_is_asked_for_by_some_gate():
    """Changing any one fact of a ready incident changes what some gate says."""
    best = Facts(
        **{f.name: True for f in fields(Facts) if f.type == "bool"},
        systems=2,
        systems_affected=0,
        systems_restored=2,
        partners=2,
        partners_told=2,
        partners_cleared=2,
        alerts_firing=0,
        tasks={"containment": (2, 2), "mitigation": (2, 2), "recovery": (2, 2)},
        statements=frozenset(gates.STATEMENTS)
        - {
            "no_systems",
            "no_partners",
            "not_isolated",
            "notice_not_needed",
            "all_clear_not_needed",
        },
        review_missing=(),
    )
    worst = {
        **{f.name: False for f in fields(Facts) if f.type == "bool"},
        "systems": 0,
        "systems_affected": 1,
        "systems_restored": 1,
        "partners": 0,
        "partners_told": 1,
        "partners_cleared": 1,
        "alerts_firing": 1,
        "tasks": {"recovery": (1, 2)},
        "statements": frozenset(),
        "review_missing": ("no lesson",),
    }
    assert set(worst) == {f.name for f in fields(Facts)}

    def met(facts: Facts) -> list[bool]:
        return [c.is_met for move in gates.TABLE for c in gates.check(move, facts)]

    assert all(met(best))
    unasked = {name for name, value in worst.items() if all(met(replace(best, **{name: value})))}
    assert unasked == set()
