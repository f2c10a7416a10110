"""Gates: each alone stops its move, says so in its words, and leaves everything as it was.

`MISSING` has a line for each gate of `gates.TABLE`: how an incident that is otherwise ready for
the move comes to lack just that. A gate without a line here fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from cases import facts, fixes, gates, response, waivers, workflow
from cases.gates import Facts
from cases.models import (
    Alert,
    Entry,
    Fix,
    Incident,
    Involvement,
    Move,
    Notice,
    NoticeCopy,
    RecoveryCheck,
    RegimeRule,
    ReviewFacts,
    System,
    Task,
    Waiver,
)
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput
from incidentdesk.kernel.models import User
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
        self.move, self.people, self.source, self.at = move, people, source, NOW
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

    def unanswer(self) -> None:
        """One axis is open again; what the others rest on stays."""
        self.incident.bases.filter(axis="scope").update(value=4)
        self.lack(scope=None)
        self.incident.bases.filter(axis="scope").delete()

    def fail_a_check(self) -> None:
        """The newest result of the same check failed."""
        RecoveryCheck.objects.create(
            incident=self.incident,
            name="Quote age",
            passed=False,
            result="2 s",
            checked_at=self.at,
            checked_by=self.people["responder"],
        )

    def unconfirm(self) -> None:
        """Nobody of the partner said that it works again."""
        self.incident.involvements.update(recovery_confirmed_at=None, recovery_confirmed_by="")

    def another_partner_that_confirmed(self) -> None:
        """Tidewater confirmed; nothing is decided about it, and it was told nothing."""
        self.another_partner()
        self.incident.involvements.filter(recovery_confirmed_at=None).update(
            recovery_confirmed_at=self.at, recovery_confirmed_by="Their desk"
        )

    def another_partner_to_notify(self) -> None:
        """Tidewater is to be notified, and was told nothing."""
        self.another_partner()
        self.incident.involvements.filter(decision="").update(
            decision="notify",
            decision_reason="It trades on it.",
            decided_at=self.at,
            decided_by=self.people["commander"],
        )

    def another_partner_without_all_clear(self) -> None:
        """Tidewater was told, and confirmed; it had no all-clear."""
        self.another_partner_that_confirmed()
        self.another_partner_to_notify_of(self.incident.involvements.get(decision=""))

    def another_partner_to_notify_of(self, row: Involvement) -> None:
        """It is decided, and a first notice was sent."""
        notice = Notice.objects.create(
            incident=self.incident,
            kind="first",
            body="x",
            tlp="AMBER",
            drafted_at=self.at,
            drafted_by=self.people["communications"],
        )
        NoticeCopy.objects.create(
            notice=notice,
            involvement=row,
            partner=row.partner,
            kind="first",
            tlp="AMBER",
            body="x",
            sent_at=self.at,
        )
        Involvement.objects.filter(pk=row.pk).update(
            decision="notify",
            decision_reason="It trades on it.",
            decided_at=self.at,
            decided_by=self.people["commander"],
        )

    def is_not_signed(self, key: str) -> None:
        """Statements are never removed: it was made ready without this one."""
        assert not self.incident.statements.filter(key=key).exists()

    def owe_a_report(self) -> None:
        """Of two clocks one has no outcome."""
        early, final = RegimeRule.objects.filter(key__in=["NIS2-EW", "NIS2-FINAL"])
        times = {"anchor_at": self.at, "due_at": self.at}
        self.incident.regulatory_clocks.create(rule=early, **times)
        sent = {"outcome": "submitted", "met_at": self.at, "recorded_at": self.at}
        self.incident.regulatory_clocks.create(rule=final, **times, **sent)

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


def _signed_only(key: str, words: str) -> Lack:
    """What only a signature opens: it was made ready without this one."""
    return (lambda r: r.is_not_signed(key), words, key)


def _never_done(words: str, statement: str = "") -> Lack:
    """Rows that are only ever added: it was made ready without them."""
    return (lambda r: None, words, statement)


MISSING: dict[str, dict[str, Lack]] = {
    "begin_containment": {
        "category": (lambda r: r.lack(category=None), "Category set", ""),
        "nature": (lambda r: r.lack(confirmed_at=None), "Nature confirmed", ""),
        "axes": (lambda r: r.unanswer(), "Impact, scope and urgency answered (2 of 3)", ""),
        "bases": (
            lambda r: r.incident.bases.filter(axis="scope").delete(),
            "Each of them with what it rests on (2 of 3)",
            "",
        ),
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
        "regulatory": _signed_only("regulatory_decided", "Regulatory duty decided"),
        "duplicates": _signed_only("no_duplicate", "Checked for duplicates"),
    },
    "begin_mitigation": {
        "containment_tasks": (
            Ready.reopen_task,
            "Every containment task done, or waived with a reason (7 of 8)",
            "",
        ),
        "isolated": (
            Ready.another_system,
            "Every affected system isolated with proof, or a reason why not (1 of 2)",
            "not_isolated",
        ),
        "volatile": _never_done(
            "Volatile evidence saved, or signed that there is none", "no_volatile_evidence"
        ),
        "no_growth": _signed_only("no_growth", "Signed that it no longer grows"),
        "decided": (
            Ready.another_partner,
            "Decided for each affected partner, with a reason, whether it is notified (1 of 2)",
            "",
        ),
        "notified": (
            Ready.another_partner_to_notify,
            "Every partner that is to be notified has its notice (1 not told yet)",
            "",
        ),
        "exposure": (lambda r: r.lack(residual_exposure=" "), "Residual exposure named", ""),
    },
    "begin_recovery": {
        "mitigation_tasks": (
            Ready.reopen_task,
            "Every mitigation task done, or waived with a reason (6 of 7)",
            "",
        ),
        "cause": (lambda r: r.lack(cause=" \n"), "Cause or best hypothesis recorded", ""),
        "fix": _never_done(
            "A fix with a change reference, tested, reversible, approved by a second person",
            "no_fix_needed",
        ),
        "detection": _signed_only("detection_added", "Detection for its return in place"),
    },
    "begin_review": {
        "recovery_tasks": (
            Ready.reopen_task,
            "Every recovery task done, or waived with a reason (7 of 8)",
            "",
        ),
        "restored": (Ready.another_system, "Every affected system restored (1 of 2)", ""),
        "alerts": (Ready.fire, "Every alert cleared (2 still firing)", ""),
        "checks": (
            Ready.fail_a_check,
            "Health checks and key metrics back in band (1 failed)",
            "",
        ),
        "recovered": (lambda r: r.lack(recovered_at=None), "Time of recovery recorded", ""),
        "soak": (
            lambda r: r.lack(recovered_at=r.at - timedelta(minutes=10)),
            "In band for the whole soak time (20 min left)",
            "",
        ),
        "market_open": (
            lambda r: r.lack(severity=1),
            "In band over one market open",
            "market_open_seen",
        ),
        "reconciled": _never_done(
            "Data reconciled: no difference, or every one listed", "nothing_to_reconcile"
        ),
        "confirmed": (
            Ready.unconfirm,
            "Each partner confirmed, or silent for 24 h after two notices (0 of 1)",
            "",
        ),
        "decided": (
            Ready.another_partner_that_confirmed,
            "Decided for each affected partner, with a reason, whether it is notified (1 of 2)",
            "",
        ),
        "blocks": _signed_only("blocks_lifted", "Temporary blocks removed or accepted"),
        "all_clear": (
            Ready.another_partner_without_all_clear,
            "All-clear sent to the partners that were told, or signed why not (1 of 2)",
            "all_clear_not_needed",
        ),
    },
    "close": {
        "clocks": (
            Ready.owe_a_report,
            "The outcome of every regulator's clock recorded (1 open)",
            "",
        ),
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
# What a walk leaves out so that the gate is missing: signatures, and rows that only come.
LEFT_OUT = {
    "regulatory": "regulatory_decided",
    "duplicates": "no_duplicate",
    "volatile": "evidence",
    "no_growth": "no_growth",
    "fix": "fix",
    "detection": "detection_added",
    "reconciled": "reconciled",
    "blocks": "blocks_lifted",
}
# What fails another gate with it: an axis without an answer rests on nothing, and recovery without
# its time was not in band for any time.
_ALSO = {
    "axes": ["Each of them with what it rests on (2 of 3)"],
    "recovered": ["In band for the whole soak time"],
}


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
        step.ready_for_containment(without=LEFT_OUT.get(without, ""))
    else:
        phase = move.removeprefix("begin_")
        getattr(step, f"ready_for_{phase}")(without=LEFT_OUT.get(without, ""))
    found.at = step.tick()


def attempt(ready: Ready) -> Incident:
    """The click."""
    by = ready.people.actor(MOVES[ready.move][1])
    return getattr(workflow, ready.move)(incident_id=ready.incident.pk, by=by, at=ready.at)


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
    unmet = sorted([words, *_ALSO.get(key, [])])
    assert sorted(refused.value.unmet) == unmet
    assert str(refused.value).startswith(f"{MOVES[move][0]} has to wait: ")
    assert _everything() == before
    assert gates.let_through(move)(ready.incident) is False


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
        at=ready.at,
    )
    assert attempt(ready).phase != MOVES[move][2]


@pytest.mark.parametrize(
    "ready", [(move, "") for move in MOVES], indirect=True, ids=lambda pair: pair[0]
)
def test_with_every_gate_met_the_move_is_made(ready):
    held = gates.check(ready.move, facts.of(ready.incident, at=ready.at))
    assert [c for c in held if not c.is_met] == []
    following = dict(zip(MOVES, [*[m[2] for m in MOVES.values()][1:], "closed"], strict=True))
    assert attempt(ready).phase == following[ready.move]
    assert ready.incident.phase == following[ready.move]


def test_a_fresh_incident_lacks_everything_and_is_told_all_of_it_at_once(declare, people):
    incident = declare(category_id=None, impact=None)
    with pytest.raises(GateNotMet) as refused:
        workflow.begin_containment(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    assert [gate.key for gate in gates.TABLE["begin_containment"]] == [
        *MISSING["begin_containment"]
    ]
    assert refused.value.unmet == [
        "Category set",
        "Nature confirmed",
        "Impact, scope and urgency answered (2 of 3)",
        "Each of them with what it rests on (0 of 3)",
        "Known when it occurred, was detected, and we became aware",
        "Affected systems listed, or none signed",
        "Affected partners listed, or none signed",
        "Commander named",
        "Regulatory duty decided",
        "Checked for duplicates",
    ]


def test_the_page_lists_what_the_refusal_names(declare):
    incident = declare()
    found = facts.of(incident, at=NOW)
    listed = [c.words for c in gates.check("begin_containment", found) if not c.is_met]
    with pytest.raises(GateNotMet) as refused:
        gates.require("begin_containment", incident, found, words="Containment")
    assert refused.value.unmet == listed


def test_a_move_without_gates_has_none():
    assert gates.check("dismiss", None) == []


def test_every_statement_that_may_be_signed_opens_some_gate():
    opening = {gate.statement for table in gates.TABLE.values() for gate in table if gate.statement}
    assert opening == set(gates.STATEMENTS)


def test_every_gate_that_can_be_met_in_a_dialog_names_it():
    without = {gate.key for table in gates.TABLE.values() for gate in table if not gate.do}
    assert without == {
        "regulatory",
        "duplicates",
        "no_growth",
        "detection",
        "soak",  # time meets it
        "market_open",
        "blocks",
        "review_complete",
        "review_approved",
    }


def test_every_fact_is_asked_for_by_some_gate():
    """Changing any one fact of a ready incident changes what some gate says."""
    best = Facts(
        **{f.name: True for f in fields(Facts) if f.type == "bool"},
        severity=2,
        axes_answered=3,
        axes_supported=3,
        soak_left=0,
        systems=2,
        systems_affected=0,
        systems_unproven=0,
        systems_restored=2,
        partners=2,
        partners_decided=2,
        partners_owed=0,
        partners_told=2,
        partners_cleared=2,
        partners_unconfirmed=(),
        soak_minutes=30,
        alerts_firing=0,
        evidence=1,
        fixes_proposed=0,
        fixes_approved=1,
        checks=1,
        checks_failed=0,
        reconciliations=1,
        tasks={"containment": (2, 2), "mitigation": (2, 2), "recovery": (2, 2)},
        statements=frozenset(
            {"regulatory_decided", "no_duplicate", "no_growth", "detection_added", "blocks_lifted"}
        ),
        waivers=frozenset(),
        clocks_open=0,
        review_missing=(),
    )
    worst = {
        **{f.name: False for f in fields(Facts) if f.type == "bool"},
        "severity": 1,
        "axes_answered": 2,
        "axes_supported": 2,
        "soak_left": 1,
        "clocks_open": 1,
        "systems": 0,
        "systems_affected": 1,
        "systems_unproven": 1,
        "systems_restored": 1,
        "partners": 0,
        "partners_decided": 1,
        "partners_owed": 1,
        "partners_told": 3,
        "partners_cleared": 1,
        "partners_unconfirmed": ("Helix Markets",),
        "soak_minutes": 30,
        "alerts_firing": 1,
        "evidence": 0,
        "fixes_proposed": 1,
        "fixes_approved": 0,
        "checks": 0,
        "checks_failed": 1,
        "reconciliations": 0,
        "tasks": {"recovery": (1, 2)},
        "statements": frozenset(),
        "review_missing": ("no lesson",),
    }
    worst["waivers"] = frozenset()  # asked in the tests of waivers
    assert set(worst) == {f.name for f in fields(Facts)}

    def met(facts: Facts) -> list[bool]:
        return [c.is_met for move in gates.TABLE for c in gates.check(move, facts)]

    assert all(met(best))
    unasked = {name for name, value in worst.items() if all(met(replace(best, **{name: value})))}
    assert unasked == {"waivers", "soak_minutes"}  # the latter is shown beside the gate


# --- waivers --------------------------------------------------------------------------------------

WAIVABLE = [(m, g.key) for m, table in gates.TABLE.items() for g in table if g.may_waive]


def waive(ready: Ready, gate: str, *, reason: str = "The market closes.") -> Waiver:
    by = ready.people.actor("commander")
    return waivers.waive(
        incident_id=ready.incident.pk, gate=gate, reason=reason, by=by, at=ready.at
    )


@pytest.mark.parametrize("ready", WAIVABLE, indirect=True, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_a_gate_that_may_be_waived_opens_with_a_reason_that_stays(ready, request):
    move, key = request.node.callspec.params["ready"]
    MISSING[move][key][0](ready)
    waive(ready, key)
    attempt(ready)
    kept = Waiver.objects.get()
    assert (kept.gate, kept.reason, kept.stay) == (key, "The market closes.", 0)
    assert kept.waived_by == ready.people["commander"]
    words = next(g.words for g in gates.TABLE[move] if g.key == key)
    said = f"Waived: {words}. Reason: The market closes."
    assert ready.incident.entries.filter(body=said).count() == 1


FIRM = [pair for pair in GATES if pair not in WAIVABLE]


@pytest.mark.parametrize("ready", FIRM, indirect=True, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_a_gate_that_has_to_be_met_cannot_be_waived(ready, request):
    move, key = request.node.callspec.params["ready"]
    MISSING[move][key][0](ready)
    before = _everything()
    with pytest.raises(InvalidInput, match=r"cannot be waived; it has to be met\.$"):
        waive(ready, key)
    assert (_everything(), Waiver.objects.count()) == (before, 0)


@pytest.mark.parametrize("ready", [("begin_containment", "regulatory")], indirect=True)
def test_a_waiver_is_refused_in_words_where_it_makes_no_sense(ready):
    for gate, reason, error, words in (
        ("regulatory", " ", InvalidInput, "Waiving a gate needs a reason"),
        ("soak", "x", InvalidInput, "No such gate stands before the next move"),
        ("times", "x", Conflict, "is met already"),
    ):
        with pytest.raises(error, match=words):
            waive(ready, gate, reason=reason)
    waive(ready, "regulatory")
    with pytest.raises(Conflict, match="is waived already"):
        waive(ready, "regulatory")
    assert Waiver.objects.count() == 1


@pytest.mark.parametrize("ready", [("begin_containment", "regulatory")], indirect=True)
def test_a_waiver_lapses_with_a_step_back_and_is_asked_for_again(ready):
    waive(ready, "regulatory")
    attempt(ready)
    by = ready.people.actor("commander")
    workflow.step_back(incident_id=ready.incident.pk, reason="Too early.", by=by, at=ready.at)
    with pytest.raises(GateNotMet) as refused:
        attempt(ready)
    assert "Regulatory duty decided" in refused.value.unmet
    assert waive(ready, "regulatory").stay == 1


@pytest.mark.parametrize("ready", [("begin_recovery", "fix")], indirect=True)
def test_who_proposed_a_fix_passes_its_gate_by_no_signature_of_their_own(ready):
    """Waiving the second person's approval, or signing that no fix is needed, needs another one."""
    by = ready.people.actor("commander")
    step = {"incident_id": ready.incident.pk, "by": by, "at": ready.at}
    fix = fixes.propose(
        **step,
        kind="permanent",
        text="Resubscribe.",
        change_reference="CHG-1",
        test_evidence="Replayed.",
        rollback_plan="Build 812.",
    )
    for call in (
        lambda: waive(ready, "fix"),
        lambda: response.sign(**step, key="no_fix_needed", text="Seen."),
    ):
        with pytest.raises(InvalidInput) as refused:
            call()
        assert str(refused.value) == (
            "You proposed Permanent fix CHG-1, which waits for a second person: somebody else "
            "approves it or lets it pass, or you withdraw it."
        )
    assert (
        Waiver.objects.count(),
        ready.incident.statements.filter(key="no_fix_needed").count(),
    ) == (
        0,
        0,
    )
    other = User.objects.create_user("night@desk.test", name="Noor", roles=["commander"])
    waivers.waive(
        incident_id=ready.incident.pk,
        gate="fix",
        reason="The market opens.",
        by=access.actor_for(other),
        at=ready.at,
    )
    assert (Waiver.objects.get().waived_by, Fix.objects.get().state) == (other, "proposed")
    assert fix.proposed_by == ready.people["commander"]
