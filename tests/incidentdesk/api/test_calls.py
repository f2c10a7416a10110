"""Use cases through the API: the same permissions, gates and words as at the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import fixes
from cases.intake import reports
from cases.models import Category, Incident, System
from incidentdesk.api.calls import CALLS
from reviews.models import Review
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def call(caller, path, **fields):
    """What a call that is taken answers."""
    answer = caller.post(path, **fields)
    assert answer.status_code in (200, 201), (path, answer.json())
    return answer.json()


def test_an_incident_walks_from_declaration_to_closed_through_the_api(
    program, clock, people, helix
):
    commander, comms, approver = (
        program(who) for who in ("commander", "communications", "approver")
    )
    category = Category.objects.get(key="outage")
    system = System.objects.create(name="quote-gw-eu-2")
    at = [NOW]

    def step(caller, path, **fields):
        at[0] += timedelta(minutes=5)
        clock(at[0])
        return call(caller, path, **fields)

    made = step(
        commander,
        "/incidents",
        title="Stale prices",
        detection="staff",
        detected_by="status page",
        detected_at="2026-03-04T09:40:00Z",
        category_id=category.pk,
        impact=3,
        scope=2,
        urgency=2,
    )
    one = f"/incidents/{made['id']}"
    assert (made["phase"], made["category"]) == ("identification", "outage")
    refused = commander.post(f"{one}/begin-containment")
    assert refused.status_code == 409
    assert set(refused.json()) == {"error", "unmet"}
    assert len(refused.json()["unmet"]) > 2
    assert step(commander, f"{one}/take-command")["commander"] == "Incident commander"
    step(
        commander,
        f"{one}/evaluate",
        category_id=category.pk,
        impact=3,
        scope=2,
        urgency=2,
        occurred_at="2026-03-04T09:38:00Z",
        aware_at="2026-03-04T09:41:00Z",
        is_confirmed=True,
        bases={axis: {"words": "Seen."} for axis in ("impact", "scope", "urgency")},
    )
    affected = step(commander, f"{one}/systems", system_id=system.pk)
    assert (affected["system"], affected["state"]) == ("quote-gw-eu-2", "affected")
    involved = step(
        comms, f"{one}/partners", partner_id=helix.pk, title="Delay", meaning="x", severity=2
    )

    def sign(*keys):
        for key in keys:
            step(commander, f"{one}/sign", key=key, text="Seen.")

    def end(phase):
        found = commander.get(f"{one}/tasks", phase=phase, state="open").json()["items"]
        ids = [task["id"] for task in found]
        done = step(commander, f"{one}/tasks/end", task_ids=ids, state="waived", note="Not here.")
        assert done == {"count": len(ids)}

    sign("regulatory_decided", "no_duplicate")
    assert step(commander, f"{one}/begin-containment")["phase"] == "containment"

    def tell(kind):
        ids = [involved["id"]]
        notice = step(comms, f"{one}/notices", kind=kind, body="Delayed.", involvement_ids=ids)
        path = f"/notices/{notice['id']}"
        assert comms.post(f"{path}/approve").status_code == 403
        assert step(approver, f"{path}/approve")["state"] == "approved"
        assert step(comms, f"{path}/send")["state"] == "sent"

    end("containment")
    system_path = f"{one}/systems/{affected['id']}/change"
    step(commander, system_path, state="isolated", how="Out of the pool.")
    why = {"choice": "notify", "reason": "It trades on it."}
    ids = [involved["id"]]
    assert step(commander, f"{one}/partners/decide", involvement_ids=ids, **why) == {"count": 1}
    tell("first")
    sign("no_volatile_evidence", "no_growth")
    step(commander, f"{one}/record-residual-exposure", text="None.")
    assert step(commander, f"{one}/begin-mitigation")["phase"] == "mitigation"
    end("mitigation")
    assert step(commander, f"{one}/record-cause", cause="A handler.")["cause"] == "A handler."
    fix = step(
        commander,
        f"{one}/fixes",
        kind="permanent",
        text="Resubscribe.",
        change_reference="CHG-1",
        test_evidence="Replayed.",
        rollback_plan="Build 812.",
    )
    assert step(program("responder"), f"/fixes/{fix['id']}/approve")["state"] == "approved"
    sign("detection_added")
    assert step(commander, f"{one}/begin-recovery")["phase"] == "recovery"
    end("recovery")
    step(commander, system_path, state="restored", how="Back.")
    step(commander, f"{one}/record-recovery", recovered_at=at[0].isoformat())
    tell("all_clear")
    sign("blocks_lifted")
    step(commander, f"{one}/checks", name="Quote age", passed=True, result="150 ms")
    step(commander, f"{one}/reconciliations", what="Orders", compared=10, differences=0)
    step(comms, f"{one}/partners/{involved['id']}/confirm", who="Their desk")
    at[0] += timedelta(minutes=30)  # the soak
    review = step(commander, f"{one}/begin-review")
    assert Review.objects.get(pk=review["id"]).incident_id == made["id"]
    assert Incident.objects.get(pk=made["id"]).phase == "review"


@pytest.mark.asvs("8.3.1", 5)
@pytest.mark.mistake(5)
def test_every_call_of_someone_without_the_right_changes_nothing(program, incident_in, people):
    """The auditor reads; every use case says 403 in words, or 404 where the row is not there."""
    incident = incident_in("review")
    before = Incident.objects.filter(pk=incident.pk).values().get()
    auditor = program("auditor")
    found = {}
    readings = {"cases.evidence.open_file", "cases.evidence.export"}  # written down, for auditors
    for call in CALLS:
        if call.use_case in readings:
            continue
        path = call.path
        for name in ("incident_id",):
            path = path.replace(f"{{{name}}}", str(incident.pk))
        answer = auditor.post(path.replace("{", "").replace("}", ""))
        found[call.path] = answer.status_code
    assert set(found.values()) <= {403, 404, 422}
    assert found["/incidents/{incident_id}/take-command"] == 403
    assert Incident.objects.filter(pk=incident.pk).values().get() == before


def test_the_first_to_acknowledge_is_told_so_and_the_second_too(program, declare):
    path = f"/incidents/{declare().pk}/acknowledge"
    assert program("responder").post(path).json() == {"changed": True}
    assert program("commander").post(path).json() == {"changed": False}
    assert program("commander").post(path, why="x").json() == {
        "error": "This call takes no fields; send none."
    }


def test_a_scope_that_is_missing_is_said(program, declare):
    path = f"/incidents/{declare().pk}/take-command"
    refused = program("commander", scopes=["respond"]).post(path)
    assert refused.status_code == 403
    assert "this token has no scope for it" in refused.json()["error"]


def test_the_second_person_of_a_fix_needs_the_scope_that_approves(program, incident_in, people):
    incident = incident_in("mitigation")
    fix = fixes.propose(
        incident_id=incident.pk,
        kind="permanent",
        text="Resubscribe.",
        change_reference="CHG-1",
        test_evidence="Replayed.",
        rollback_plan="Build 812.",
        by=people.actor("commander"),
        at=NOW,
    )
    path = f"/fixes/{fix.pk}/approve"
    assert program("responder", scopes=["read", "respond"]).post(path).status_code == 403
    assert call(program("responder", scopes=["read", "approve"]), path)["state"] == "approved"


def test_an_evaluation_that_says_nothing_of_the_tlp_leaves_it(program, declare, people):
    incident = declare()
    said = {"category_id": Category.objects.get(key="outage").pk}
    said |= {"impact": 2, "scope": 2, "urgency": 2}
    path = f"/incidents/{incident.pk}/evaluate"
    assert call(program("responder"), path, **said, tlp="RED")["tlp"] == "RED"
    assert call(program("responder"), path, **said)["tlp"] == "RED"
    assert program("responder").post(path, **said, tlp="CLEAR").status_code == 403


def test_what_a_call_names_and_is_not_there_is_404(program, declare):
    one = f"/incidents/{declare().pk}"
    commander = program("commander")
    assert commander.post("/incidents/999/take-command").status_code == 404
    assert commander.post(f"{one}/systems", system_id=999).status_code == 404
    wrong = commander.post("/notices/999/send")
    assert (wrong.status_code, wrong.json()) == (404, {"error": "There is no notice 999."})


def test_a_source_s_key_is_answered_once(program):
    administrator = program("administrator")
    made = administrator.post("/sources", name="prod", source_format="alertmanager")
    assert made.status_code == 201
    assert len(made.json()["key"]) >= 20
    shown = administrator.get("/sources").json()["items"]
    found = [(row["name"], "key" in row) for row in shown]
    assert found == [
        ("prod", False),
        ("The desk itself", False),
    ]  # by which tokens in use are noted
    twice = administrator.post("/sources", name="prod", source_format="alertmanager")
    assert twice.status_code == 422


def test_a_text_that_differs_from_the_record_is_approved_only_by_who_says_it_was_looked_at(
    program, incident_in
):
    incident = incident_in("containment")
    drafted = call(
        program("communications"),
        f"/incidents/{incident.pk}/notices",
        kind="first",
        body="At 23:11, quotes stopped.",
        involvement_ids=[incident.involvements.get().pk],
    )
    one, approver = f"/notices/{drafted['id']}", program("approver")
    for said in ({}, {"is_checked": False}):
        refused = approver.post(f"{one}/approve", **said)
        assert (refused.status_code, refused.json()) == (
            422,
            {
                "error": "The text differs from the record: 23:11 is none of the recorded times. "
                "Look at each, and say that the text is right."
            },
        )
    assert approver.get(one).json()["state"] == "draft"
    assert call(approver, f"{one}/approve", is_checked=True)["state"] == "approved"


def test_what_nothing_differs_in_is_approved_without_a_word(program, incident_in):
    incident = incident_in("containment")
    drafted = call(
        program("communications"),
        f"/incidents/{incident.pk}/notices",
        kind="first",
        body="Quotes stopped.",
        involvement_ids=[incident.involvements.get().pk],
    )
    assert call(program("approver"), f"/notices/{drafted['id']}/approve")["state"] == "approved"


def test_a_program_says_what_the_partner_reads_of_what_it_reported(program, people, helix):
    told = reports.report(
        title="Fills missing",
        description="Our client Ada lost six fills.",
        noticed_at=NOW - timedelta(minutes=5),
        by=people.contact("helix", helix),
        at=NOW,
    )
    said = {
        "impact": 3,
        "scope": 2,
        "urgency": 2,
        "meaning": "Check your fills.",
        "shown_severity": 4,
    }
    made = call(program("communications"), f"/reports/{told.pk}/accept", **said)
    row = Incident.objects.get(pk=made["id"]).involvements.get()
    assert (row.title, row.meaning, row.severity) == ("Fills missing", "Check your fills.", 4)
