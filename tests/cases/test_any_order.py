"""Any sequence of use cases by any roles: no phase is reached past its gates, no entry is lost, the
chain never breaks, and what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cases import (
    deciding,
    disclosure,
    evaluation,
    facts,
    fixes,
    gates,
    notices,
    response,
    restoring,
    tasks,
    timeline,
    waivers,
    workflow,
)
from cases.models import (
    Category,
    Entry,
    Evidence,
    Fix,
    Incident,
    Move,
    Notice,
    Phase,
    Statement,
    System,
    Task,
    Waiver,
)
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.roles import ROLES
from tests.conftest import NOW, People

MOVES = ("begin_containment", "begin_mitigation", "begin_recovery", "begin_review", "close")
WORDS = st.sampled_from(["", "  ", "Seen on the monitor.", "**bold** <script>", "ж" * 400])
KEPT = (Incident, Move, Entry, Statement, Waiver, Task, Fix, Evidence, Notice)


def rows() -> dict[str, list[dict[str, Any]]]:
    """Everything that a use case of these could have changed."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in KEPT}


class Desk(RuleBasedStateMachine):
    """One incident, everybody of the desk, and a clock that goes on."""

    people: People
    partner_id: int

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.at = NOW
        self.entries: list[tuple[int, str]] = []
        opening = workflow.Opening(
            title="Stale prices",
            detection=Incident.Detection.STAFF,
            detected_by="staff",
            detected_at=NOW,
        )
        opened = workflow.open_incident(opening=opening, by=self.people.actor("responder"), at=NOW)
        self.id = opened.pk
        self.phase = opened.phase

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @property
    def incident(self) -> Incident:
        return Incident.objects.get(pk=self.id)

    def click(self, role: str, call: Callable[..., Any], **given: Any) -> None:
        """One use case; if it is refused, nothing has changed."""
        self.at += timedelta(minutes=7)
        before = rows()
        try:
            call(by=self.people.actor(role), at=self.at, **given)
        except DeskError as refusal:
            said = str(refusal)
        else:
            return
        assert said.endswith((".", "!", "?"))
        assert rows() == before

    # --- moves ---

    @rule(move=st.sampled_from(MOVES), role=st.sampled_from(list(ROLES)))
    def move(self, move: str, role: str) -> None:
        at = self.at + timedelta(minutes=7)
        held = gates.check(move, facts.of(self.incident, at=at))
        before = self.incident.phase
        self.click(role, getattr(workflow, move), incident_id=self.id)
        if self.incident.phase != before:
            assert [gate.words for gate in held if not gate.is_open] == []

    @rule(role=st.sampled_from(list(ROLES)), reason=WORDS)
    def step_back(self, role: str, reason: str) -> None:
        self.click(role, workflow.step_back, incident_id=self.id, reason=reason)

    @rule(role=st.sampled_from(["commander", "responder", "auditor"]), reason=WORDS)
    def reopen(self, role: str, reason: str) -> None:
        self.click(role, workflow.reopen, incident_id=self.id, reason=reason)

    @precondition(lambda self: self.at > NOW + timedelta(hours=2))
    @rule(role=st.sampled_from(["commander", "responder"]), reason=WORDS)
    def dismiss(self, role: str, reason: str) -> None:
        self.click(role, workflow.dismiss, incident_id=self.id, reason=reason)

    @rule(role=st.sampled_from(list(ROLES)))
    def take_command(self, role: str) -> None:
        self.click(role, workflow.take_command, incident_id=self.id)

    @rule(role=st.sampled_from(list(ROLES)))
    def acknowledge(self, role: str) -> None:
        self.click(role, workflow.acknowledge, incident_id=self.id)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    # --- what gates ask for ---

    @rule(
        role=st.sampled_from(["responder", "commander", "approver"]),
        axes=st.tuples(*[st.none() | st.integers(1, 3)] * 3),
        words=WORDS,
        confirmed=st.booleans(),
        reason=WORDS,
    )
    def evaluate(
        self, role: str, axes: tuple[Any, ...], words: str, confirmed: bool, reason: str
    ) -> None:
        impact, scope, urgency = axes
        bases = {
            axis: evaluation.Support(words=words)
            for axis, value in zip(("impact", "scope", "urgency"), axes, strict=True)
            if value and words.strip()
        }
        found = evaluation.Evaluation(
            category_id=Category.objects.get(key="outage").pk,
            impact=impact,
            scope=scope,
            urgency=urgency,
            occurred_at=NOW - timedelta(minutes=2),
            aware_at=NOW,
            is_confirmed=confirmed,
            reason=reason,
            bases=bases,
        )
        self.click(role, evaluation.evaluate, incident_id=self.id, found=found)

    @rule(role=st.sampled_from(["responder", "approver"]))
    def add_system(self, role: str) -> None:
        system = System.objects.get(name="quote-gw-eu-2")
        self.click(role, response.add_system, incident_id=self.id, system_id=system.pk)

    @rule(
        role=st.sampled_from(["responder", "commander"]),
        state=st.sampled_from(["isolated", "restored", "affected", "gone"]),
        how=WORDS,
    )
    def change_system(self, role: str, state: str, how: str) -> None:
        for affected in self.incident.systems.all():
            self.click(
                role,
                response.change_system,
                incident_id=self.id,
                affected_id=affected.pk,
                state=state,
                how=how,
            )

    @rule(role=st.sampled_from(["commander", "responder", "communications"]), words=WORDS)
    def add_partner(self, role: str, words: str) -> None:
        self.click(
            role,
            disclosure.add_partner,
            incident_id=self.id,
            partner_id=self.partner_id,
            title="Delayed quotes",
            meaning=words,
            severity=3,
        )

    @rule(
        role=st.sampled_from(["commander", "responder"]),
        phase=st.sampled_from(["containment", "mitigation", "recovery"]),
        state=st.sampled_from(["waived", "done", "open"]),
        note=WORDS,
    )
    def end_tasks(self, role: str, phase: str, state: str, note: str) -> None:
        ids = list(
            self.incident.tasks.filter(phase=phase, state="open").values_list("pk", flat=True)
        )
        self.click(role, tasks.end, incident_id=self.id, task_ids=ids, state=state, note=note)

    @rule(role=st.sampled_from(["commander", "security"]), text=WORDS, data=st.data())
    def sign(self, role: str, text: str, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([*gates.STATEMENTS, "no_such_statement"]))
        self.click(role, response.sign, incident_id=self.id, key=key, text=text)

    @rule(role=st.sampled_from(["commander", "responder"]), reason=WORDS, data=st.data())
    def waive(self, role: str, reason: str, data: st.DataObject) -> None:
        keys = [gate.key for table in gates.TABLE.values() for gate in table]
        key = data.draw(st.sampled_from([*keys, "no_such_gate"]))
        self.click(role, waivers.waive, incident_id=self.id, gate=key, reason=reason)

    @rule(role=st.sampled_from(["responder", "commander", "auditor"]), text=WORDS)
    def say(self, role: str, text: str) -> None:
        self.click(role, response.post_update, incident_id=self.id, text=text)
        self.click(role, response.record_cause, incident_id=self.id, cause=text)
        self.click(role, restoring.record_residual_exposure, incident_id=self.id, text=text)

    @rule(role=st.sampled_from(["responder", "commander"]), second=st.sampled_from(list(ROLES)))
    def fix(self, role: str, second: str) -> None:
        self.click(
            role,
            fixes.propose,
            incident_id=self.id,
            kind="permanent",
            text="Resubscribe.",
            change_reference="CHG-1",
            test_evidence="Replayed.",
            rollback_plan="Build 812.",
        )
        for fix in self.incident.fixes.filter(state="proposed"):
            self.click(second, fixes.approve, fix_id=fix.pk)

    @rule(role=st.sampled_from(["responder", "auditor"]), passed=st.booleans())
    def restore_service(self, role: str, passed: bool) -> None:
        self.click(
            role,
            restoring.record_check,
            incident_id=self.id,
            name="Quote age",
            passed=passed,
            result="Measured.",
        )
        self.click(
            role,
            restoring.reconcile,
            incident_id=self.id,
            what="Orders",
            compared=10,
            differences=0 if passed else 3,
            listed="",
        )
        self.click(role, response.record_recovery, incident_id=self.id, recovered_at=self.at)
        for involvement in self.incident.involvements.all():
            self.click(
                role,
                restoring.confirm_partner,
                incident_id=self.id,
                involvement_id=involvement.pk,
                who="Their desk",
            )

    @rule(
        kind=st.sampled_from(["first", "update", "all_clear"]),
        drafter=st.sampled_from(["commander", "communications", "approver"]),
        second=st.sampled_from(["approver", "security", "commander"]),
    )
    def notify(self, kind: str, drafter: str, second: str) -> None:
        involved = list(self.incident.involvements.values_list("pk", flat=True))
        self.click(
            drafter,
            notices.draft,
            incident_id=self.id,
            kind=kind,
            body="Quotes were delayed.",
            involvement_ids=involved,
        )
        for notice in Notice.objects.filter(incident_id=self.id).exclude(state="sent"):
            self.click(second, notices.approve, notice_id=notice.pk)
            self.click(drafter, notices.send, notice_id=notice.pk)

    @rule(
        role=st.sampled_from(["commander", "communications"]),
        choice=st.sampled_from(["notify", "not", "digest", "x"]),
    )
    def decide(self, role: str, choice: str) -> None:
        involved = list(self.incident.involvements.values_list("pk", flat=True))
        self.click(
            role,
            deciding.decide,
            incident_id=self.id,
            involvement_ids=involved,
            choice=choice,
            reason="It trades on it.",
        )

    @rule(data=st.data(), number=st.integers(1, 14))
    def work_off(self, data: st.DataObject, number: int) -> None:
        """Somebody does what the page says is missing; else chance alone would not get far."""
        move = waivers.MOVE_OUT_OF.get(self.incident.phase, "")
        held = gates.check(move, facts.of(self.incident, at=self.at))
        unmet = [gate.gate for gate in held if not gate.is_open]
        for gate in data.draw(st.permutations(unmet))[:number]:
            self.meet(gate)
        if data.draw(st.booleans()):
            self.click("commander", getattr(workflow, move or "close"), incident_id=self.id)

    def meet(self, gate: gates.Gate) -> None:
        """By the people whose work it is; a step that depends on another may be refused."""
        meant: dict[str, Callable[[], None]] = {
            "evaluate": lambda: self.evaluate(
                "commander", (2, 2, 2), "Seen.", True, "Known by now."
            ),
            "add_system": lambda: self.add_system("responder"),
            "add_partner": lambda: self.add_partner("commander", "Use EU-1."),
            "take_command": lambda: self.take_command("commander"),
            "isolate": lambda: self.change_system("responder", "isolated", "Out of the pool."),
            "restore": lambda: self.change_system("responder", "restored", "Back in it."),
            "draft_notice": lambda: self.notify(
                "all_clear" if gate.key == "all_clear" else "first", "communications", "approver"
            ),
            "decide_notice": lambda: self.decide("commander", "notify"),
            "residual_exposure": lambda: self.say("commander", "None."),
            "record_cause": lambda: self.say("responder", "A stuck handler."),
            "propose_fix": lambda: self.fix("responder", "commander"),
            "record_check": lambda: self.restore_service("responder", True),
            "reconcile": lambda: self.restore_service("responder", True),
            "recovered": lambda: self.restore_service("responder", True),
            "confirm_partner": lambda: self.restore_service("responder", True),
        }
        if gate.key.endswith("_tasks"):
            self.end_tasks("commander", gate.key.removesuffix("_tasks"), "waived", "Not needed.")
        elif gate.key == "soak":
            self.wait(1)
        elif gate.statement:
            self.click(
                "commander", response.sign, incident_id=self.id, key=gate.statement, text="Seen."
            )
        elif gate.do in meant:
            meant[gate.do]()

    # --- what always holds ---

    @invariant()
    def the_phase_has_its_move_on_record(self) -> None:
        newest = Move.objects.filter(incident_id=self.id).order_by("-id").first()
        assert newest is not None
        assert newest.to_phase == self.incident.phase
        with connection.cursor() as cursor:  # what the database asks at the end of a transaction
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    @invariant()
    def no_entry_is_lost_and_the_chain_holds(self) -> None:
        entries = list(
            Entry.objects.filter(incident_id=self.id)
            .order_by("sequence")
            .values_list("sequence", "hash")
        )
        assert entries[: len(self.entries)] == self.entries
        assert [number for number, _ in entries] == list(range(1, len(entries) + 1))
        self.entries = entries
        assert timeline.first_fault(self.incident) is None

    @invariant()
    def what_is_closed_was_reviewed(self) -> None:
        incident = self.incident
        if incident.phase == Phase.CLOSED:
            assert incident.review_facts.approved_by_id not in incident.commanded_by


@pytest.mark.asvs("2.3.1", 8)
@pytest.mark.django_db
def test_whatever_is_clicked_in_whatever_order_the_gates_hold_and_the_timeline_stands(
    people, helix
):
    System.objects.create(name="quote-gw-eu-2")
    Desk.people, Desk.partner_id = people, helix.pk
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_phase_can_be_reached_by_these_clicks():
    """The machine knows a click for every gate: none is out of its reach."""
    clicks = {
        name for name in dir(Desk) if hasattr(getattr(Desk, name), "hypothesis_stateful_rule")
    }
    asked = {
        "move",
        "evaluate",
        "add_system",
        "change_system",
        "add_partner",
        "end_tasks",
        "sign",
        "waive",
        "say",
        "fix",
        "restore_service",
        "notify",
        "take_command",
    }
    assert asked <= clicks
