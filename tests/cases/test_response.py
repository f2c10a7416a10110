"""What responders do between the moves: each step once, in words, with its line on the timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import response
from cases.models import Alert, Entry, Incident, System
from incidentdesk.kernel.errors import Conflict, InvalidInput
from notifications.models import Group, Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


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


@pytest.fixture
def system(db) -> System:
    return System.objects.create(name="quote-gw-eu-2")


def lines(incident: Incident) -> list[tuple[str, str]]:
    """Kind and text of everything after the opening."""
    entries = Entry.objects.filter(incident=incident, sequence__gt=1).order_by("sequence")
    return [(entry.kind, entry.body) for entry in entries]


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


@pytest.mark.parametrize(
    ("use_case", "given", "said"),
    [
        (
            "post_update",
            {"text": " \n"},
            "An update needs words; write what happened or what is next.",
        ),
        ("record_cause", {"cause": "  "}, "Write the cause, or the best hypothesis so far."),
        (
            "record_recovery",
            {"recovered_at": LATER + timedelta(seconds=1)},
            "The time of recovery lies in the future; check it.",
        ),
        (
            "change_system",
            {"affected_id": 404, "state": "isolated", "how": "x"},
            "Choose a system of this incident, and what became of it.",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence_and_changes_nothing(
    incident, step, use_case, given, said
):
    before = Incident.objects.filter(pk=incident.pk).values().get()
    with pytest.raises(InvalidInput) as refused:
        getattr(response, use_case)(**step, **given)
    assert str(refused.value) == said
    assert lines(incident) == []
    assert Incident.objects.filter(pk=incident.pk).values().get() == before


def test_an_update_is_a_line_and_internal(incident, step):
    entry = response.post_update(**step, text="  Failover at 10:30. ")
    assert (entry.body, entry.kind, entry.partner, entry.actor, entry.at) == (
        "Failover at 10:30.",
        "update",
        None,
        "Responder",
        LATER,
    )
    assert lines(incident) == [("update", "Failover at 10:30.")]


# --- systems --------------------------------------------------------------------------------------


def test_a_system_is_affected_isolated_and_restored_each_with_its_proof(incident, step, system):
    affected = response.add_system(**step, system_id=system.pk)
    for state in ("isolated", "restored"):
        response.change_system(
            **step, affected_id=affected.pk, state=state, how=f" {state} by hand "
        )
    affected.refresh_from_db()
    assert (affected.state, affected.how, affected.changed_at) == (
        "restored",
        "restored by hand",
        LATER,
    )
    assert lines(incident) == [
        ("system", "quote-gw-eu-2 is affected."),
        ("system", "quote-gw-eu-2 isolated: isolated by hand"),
        ("system", "quote-gw-eu-2 restored: restored by hand"),
    ]


def test_a_system_is_listed_once(incident, step, system):
    response.add_system(**step, system_id=system.pk)
    with pytest.raises(Conflict, match=r"^quote-gw-eu-2 is listed already\.$"):
        response.add_system(**step, system_id=system.pk)
    assert incident.systems.count() == 1


def test_a_system_changes_with_a_proof_and_in_its_own_incident_only(step, system, declare):
    affected = response.add_system(**step, system_id=system.pk)
    change = {**step, "affected_id": affected.pk, "state": "isolated"}
    with pytest.raises(InvalidInput) as refused:
        response.change_system(**change, how=" ")
    assert str(refused.value) == "Say how quote-gw-eu-2 was isolated; it is the proof."
    for wrong in ({"incident_id": declare().pk}, {"state": "gone"}):
        with pytest.raises(InvalidInput, match="Choose a system of this incident"):
            response.change_system(**{**change, **wrong}, how="x")
    affected.refresh_from_db()
    assert (affected.state, affected.how) == ("affected", "")


def test_a_system_is_fully_down_and_up_again_and_the_timeline_says_how_long(incident, step, system):
    since = LATER - timedelta(minutes=42)
    affected = response.add_system(**step, system_id=system.pk, down_since=since)
    assert affected.down_since == since
    down = {**step, "affected_id": affected.pk}
    response.set_down(**down, down_since=None)
    with pytest.raises(Conflict, match="is not noted as down"):
        response.set_down(**down, down_since=None)
    response.set_down(**down, down_since=LATER)
    response.change_system(**down, state="restored", how="failed over")
    affected.refresh_from_db()
    assert (affected.state, affected.down_since) == ("restored", None)
    with pytest.raises(Conflict, match="say first that it is affected again"):
        response.set_down(**down, down_since=LATER)
    assert [text for _, text in lines(incident)] == [
        "quote-gw-eu-2 is affected. Fully down since 04 Mar 09:59 UTC.",
        "quote-gw-eu-2 is up again after 42 min.",
        "quote-gw-eu-2 is fully down since 04 Mar 10:41 UTC.",
        "quote-gw-eu-2 restored: failed over. Up again after 0 s.",
    ]


def test_a_system_is_not_down_since_a_time_that_is_still_to_come(incident, step, system):
    ahead = {"down_since": LATER + timedelta(seconds=1)}
    with pytest.raises(InvalidInput, match="in the future"):
        response.add_system(**step, system_id=system.pk, **ahead)
    affected = response.add_system(**step, system_id=system.pk)
    with pytest.raises(InvalidInput, match="in the future"):
        response.set_down(**step, affected_id=affected.pk, **ahead)
    affected.refresh_from_db()
    assert affected.down_since is None


def test_a_critical_system_is_restored_once_a_second_person_checked_it(
    incident, step, system, people, helix
):
    System.objects.update(is_critical=True)
    affected = response.add_system(**step, system_id=system.pk)
    change = {**step, "affected_id": affected.pk, "how": "Pulled."}
    response.change_system(**change, state="isolated")
    for checker, said in (
        (None, "quote-gw-eu-2 is critical: have a second person check it, and name them."),
        (
            step["by"].user_id,
            "You say so yourself; name somebody else who checked it, or nobody.",
        ),
        (people["helix"].pk, "Who checked it is somebody at the desk; choose one."),
        (404, "Who checked it is somebody at the desk; choose one."),
    ):
        with pytest.raises(InvalidInput) as refused:
            response.change_system(**change, state="restored", checked_by_id=checker)
        assert str(refused.value) == said
    affected.refresh_from_db()
    assert (affected.state, affected.checked_by) == ("isolated", None)
    checked = {"state": "restored", "checked_by_id": people["security"].pk}
    assert response.change_system(**change, **checked).checked_by == people["security"]
    assert lines(incident)[-1] == (
        "system",
        "quote-gw-eu-2 restored: Pulled. Checked by Security lead.",
    )
    response.change_system(**{**change, "how": "It came back."}, state="affected")
    affected.refresh_from_db()
    assert (affected.state, affected.checked_by) == ("affected", None)


# --- cause, recovery, alerts ----------------------------------------------------------------------


def test_the_cause_may_be_corrected_and_both_stay_on_the_timeline(incident, step):
    for cause in ("A full disk.", "A lock held over a call."):
        response.record_cause(**step, cause=f" {cause} ")
    assert fresh(incident).cause == "A lock held over a call."
    assert lines(incident) == [
        ("update", "Cause: A full disk."),
        ("update", "Cause: A lock held over a call."),
    ]


def test_the_time_of_recovery_is_kept_and_lies_after_it_began(incident, step):
    Incident.objects.update(occurred_at=NOW)
    with pytest.raises(InvalidInput) as refused:
        response.record_recovery(**step, recovered_at=NOW - timedelta(seconds=1))
    assert str(refused.value) == "It cannot have recovered before it occurred; check the time."
    response.record_recovery(**step, recovered_at=NOW + timedelta(minutes=30))
    assert fresh(incident).recovered_at == NOW + timedelta(minutes=30)
    assert lines(incident) == [("update", "Service recovered at 04 Mar 10:11 UTC.")]
    assert incident.deadlines.get(kind="recover").met_at == NOW + timedelta(minutes=30)


def test_service_has_not_recovered_while_a_system_is_affected(incident, step, system, declare):
    elsewhere = {**step, "incident_id": declare().pk}
    response.add_system(**elsewhere, system_id=system.pk)
    other = System.objects.create(name="fills-db")
    rows = [response.add_system(**step, system_id=one.pk) for one in (system, other)]
    recovery = {**step, "recovered_at": LATER}
    for row, said in zip(
        rows,
        (
            "fills-db and quote-gw-eu-2 are still affected; say first that they are isolated or "
            "restored.",
            "fills-db is still affected; say first that it is isolated or restored.",
        ),
        strict=True,
    ):
        before = len(lines(incident))
        with pytest.raises(Conflict) as refused:
            response.record_recovery(**recovery)
        assert str(refused.value) == said
        assert (fresh(incident).recovered_at, len(lines(incident))) == (None, before)
        state = "isolated" if row is rows[0] else "restored"
        response.change_system(**step, affected_id=row.pk, state=state, how="Seen.")
    response.record_recovery(**recovery)
    assert fresh(incident).recovered_at == LATER


def test_the_commander_lets_go_of_alerts_that_still_fire(incident, command, source, declare):
    def fire(of: Incident, key: str) -> None:
        Alert.objects.create(
            source=source,
            incident=of,
            external_key=key,
            group_key="g",
            title=key,
            first_at=NOW,
            last_at=NOW,
        )

    for key in ("a", "b"):
        fire(incident, key)
    fire(declare(), "elsewhere")
    with pytest.raises(InvalidInput, match=r"^Clearing alerts that still fire needs a reason;"):
        response.clear_alerts(**command, reason=" ")
    assert response.clear_alerts(**command, reason="The probe is broken.") == 2
    assert list(Alert.objects.filter(resolved_at=None).values_list("title", flat=True)) == [
        "elsewhere"
    ]
    assert lines(incident) == [("alert", "2 alerts cleared by hand. Reason: The probe is broken.")]
    with pytest.raises(Conflict, match=r"^No alert fires any more\.$"):
        response.clear_alerts(**command, reason="Again.")


# --- statements -----------------------------------------------------------------------------------


def test_a_statement_is_signed_once_in_own_words_and_never_changed(incident, command):
    with pytest.raises(InvalidInput, match=r"^There is no such statement to sign\.$"):
        response.sign(**command, key="all_is_well", text="x")
    with pytest.raises(InvalidInput, match=r"^A signed statement needs words: what it rests on\.$"):
        response.sign(**command, key="no_growth", text="\t")
    signed = response.sign(**command, key="no_growth", text=" Reject ratio flat since 10:02. ")
    assert (signed.signed_by_id, signed.signed_at) == (command["by"].user_id, LATER)
    assert lines(incident) == [
        (
            "statement",
            "Signed: The incident no longer grows, since when, and by which metric. "
            "Reject ratio flat since 10:02.",
        )
    ]
    with pytest.raises(Conflict) as refused:
        response.sign(**command, key="no_growth", text="It does grow.")
    assert str(refused.value) == "This was signed already; statements are never changed."
    assert [s.text for s in incident.statements.all()] == ["Reject ratio flat since 10:02."]


# --- paging ---------------------------------------------------------------------------------------


def pages() -> list[str]:
    found = Message.objects.filter(is_page=True).values_list("to_address", flat=True)
    return sorted(found)


def test_people_and_groups_are_paged_now_each_once(incident, step, people):
    night = Group.objects.create(name="Night shift")
    night.members.set([people["security"], people["commander"]])
    count = response.page(
        **step,
        user_ids=[people["commander"].pk],
        group_ids=[night.pk],
        note=" Need hands on the gateway. ",
    )
    assert count == 2
    assert pages() == ["commander@desk.test", "security@desk.test"]
    assert lines(incident) == [
        ("page", "Paged Incident commander, Security lead. Need hands on the gateway.")
    ]


@pytest.mark.parametrize("whom", ["nobody", "an empty group", "a contact", "switched off"])
def test_a_page_that_reaches_nobody_is_refused(incident, step, people, helix, whom):
    people["auditor"].is_active = False
    people["auditor"].save()
    empty = Group.objects.create(name="Empty")
    chosen = {
        "nobody": {"user_ids": [], "group_ids": []},
        "an empty group": {"user_ids": [], "group_ids": [empty.pk]},
        "a contact": {"user_ids": [people["helix"].pk], "group_ids": []},
        "switched off": {"user_ids": [people["auditor"].pk], "group_ids": []},
    }[whom]
    with pytest.raises(InvalidInput, match=r"^Nobody would be paged; choose a person"):
        response.page(**step, **chosen, note="")
    assert (pages(), lines(incident)) == ([], [])


@pytest.mark.parametrize("is_listed_anew", [False, True])
def test_a_recovery_that_did_not_last_is_taken_back(incident, step, system, is_listed_anew):
    affected = response.add_system(**step, system_id=system.pk)
    response.change_system(**step, affected_id=affected.pk, state="restored", how="Failed over.")
    response.record_recovery(**step, recovered_at=LATER)
    deadlines = {row.kind: row for row in incident.deadlines.all()}
    assert (deadlines["recover"].met_at, "review" in deadlines) == (LATER, True)
    if is_listed_anew:
        other = System.objects.create(name="ledger")
        response.add_system(**step, system_id=other.pk)
    else:
        response.change_system(
            **step, affected_id=affected.pk, state="affected", how="It stalled again."
        )
    incident.refresh_from_db()
    assert incident.recovered_at is None
    deadlines = {row.kind: row for row in incident.deadlines.all()}
    assert (deadlines["recover"].met_at, "review" in deadlines) == (None, False)
    name = "ledger" if is_listed_anew else "quote-gw-eu-2"
    assert lines(incident)[-1][1] == (
        f"The recovery of 04 Mar 10:41 UTC is taken back: {name} is affected."
    )
