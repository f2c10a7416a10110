"""The moves of an incident: the way through, dismissing, reopening, going back, taking command."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DataError, transaction

from cases import response, reviewed, tasks, timeline, workflow
from cases.models import Alert, Entry, Incident, Move, ReviewFacts
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from notifications import queries as post_office
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def lines(incident: Incident, kind: str | None = None) -> list[str]:
    """The timeline, oldest first."""
    entries = Entry.objects.filter(incident=incident).order_by("sequence")
    return [e.body for e in (entries.filter(kind=kind) if kind else entries)]


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def moves(incident: Incident) -> list[tuple[str, str, str]]:
    return [(m.from_phase, m.to_phase, m.reason) for m in incident.moves.all()]


@pytest.fixture
def commander(people):
    return people.actor("commander")


@pytest.fixture
def firing(source):
    """`firing(incident)`: one alert of the incident, not cleared."""

    def one(incident: Incident, key: str = "k1") -> Alert:
        return Alert.objects.create(
            source=source,
            incident=incident,
            external_key=key,
            group_key=f"group of {key}",
            title="Quotes stale",
            first_at=NOW,
            last_at=NOW,
        )

    return one


# --- opening --------------------------------------------------------------------------------------


def told(incident):
    """Who moved it last: what somebody who comes too late reads at the end."""
    move = Move.objects.filter(incident=incident).latest("id")
    if not move.from_phase:
        return ""
    label = move.to_phase.capitalize()
    return f" {move.actor} moved it to {label} at {move.at:%H:%M} on {move.at:%-d %b}."


def test_an_incident_opens_in_identification_with_its_clocks_its_ladder_and_its_first_line(
    declare, people
):
    incident = declare(title="  Stale prices  ", impact=None)
    assert incident.title == "Stale prices"
    assert fresh(incident).phase == "identification"
    assert (incident.severity, incident.commander, incident.acknowledged_at) == (2, None, None)
    assert moves(incident) == [("", "identification", "")]
    assert lines(incident) == ["Opened by staff. SEV-2: I3 (assumed) × S2 × U2."]
    assert sorted(d.kind for d in incident.deadlines.all()) == [
        "acknowledge",
        "contain",
        "evaluate",
        "recover",
    ]
    ladder = post_office.escalation(incident.about)
    assert (ladder.state, ladder.severity, ladder.started_at) == ("running", 2, NOW)
    assert (ladder.reference, ladder.title) == (fresh(incident).reference, "Stale prices")


@pytest.mark.parametrize("title", ["", "   ", "\n\t"])
def test_an_incident_without_a_title_is_refused(declare, title):
    with pytest.raises(InvalidInput, match=r"^An incident needs a title; say in a few words"):
        declare(title=title)
    assert Incident.objects.count() == 0


def test_a_long_title_is_cut_and_not_refused(declare):
    assert len(fresh(declare(title="x" * 900)).title) == 200


# --- acknowledging and command --------------------------------------------------------------------


def test_the_first_who_acknowledges_stops_the_ladder_and_the_second_changes_nothing(
    declare, people
):
    incident = declare()
    first, second = people.actor("responder"), people.actor("security")
    assert workflow.acknowledge(incident_id=incident.pk, by=first, at=NOW) is True
    before = lines(incident)
    assert workflow.acknowledge(incident_id=incident.pk, by=second, at=LATER) is False
    incident = fresh(incident)
    assert (incident.acknowledged_at, incident.acknowledged_by_id) == (NOW, first.user_id)
    assert lines(incident) == before
    assert before[-1] == "Responder acknowledged."
    assert post_office.escalation(incident.about).state == "acknowledged"
    assert incident.deadlines.get(kind="acknowledge").met_at == NOW


def test_taking_command_acknowledges_what_nobody_did(declare, commander):
    incident = declare()
    workflow.take_command(incident_id=incident.pk, by=commander, at=NOW)
    incident = fresh(incident)
    assert incident.commander_id == incident.acknowledged_by_id == commander.user_id
    assert lines(incident)[1:] == [
        "Incident commander took command.",
        "Incident commander acknowledged.",
    ]
    with pytest.raises(Conflict, match=r"^You already command INC-2026-0001\.$"):
        workflow.take_command(incident_id=incident.pk, by=commander, at=LATER)
    assert len(lines(incident)) == 3


def test_command_is_taken_over_by_name_and_keeps_who_acknowledged(declare, people, commander):
    incident = declare()
    workflow.take_command(incident_id=incident.pk, by=commander, at=NOW)
    night = User.objects.create_user("night@desk.test", name="Noor Haddad", roles=["commander"])
    workflow.take_command(incident_id=incident.pk, by=access.actor_for(night), at=LATER)
    incident = fresh(incident)
    assert (incident.commander, incident.acknowledged_at) == (night, NOW)
    assert lines(incident)[-1] == "Noor Haddad took command, taking over from Incident commander."


# --- the way through ------------------------------------------------------------------------------


def test_an_incident_walks_through_all_phases_to_its_review_and_closes(incident_in, people):
    incident = incident_in("review")
    assert [to for _, to, _ in moves(incident)] == [
        "identification",
        "containment",
        "mitigation",
        "recovery",
        "review",
    ]
    facts = ReviewFacts.objects.get(incident=incident)
    assert facts.missing == ["the review is not written yet"]
    for key, approved in (("responder", False), ("approver", True)):
        reviewed.note_review(
            incident_id=incident.pk, missing=[], approved=approved, by=people.actor(key), at=LATER
        )
    workflow.close(incident_id=incident.pk, by=people.actor("approver"), at=LATER)
    incident = fresh(incident)
    assert (incident.phase, incident.over_at, incident.is_open) == ("closed", LATER, False)
    assert lines(incident, "move") == [
        "Identification → Containment.",
        "Containment → Mitigation.",
        "Mitigation → Recovery.",
        "Recovery → Review.",
        "Review → Closed.",
    ]
    assert timeline.first_fault(incident) is None
    assert incident.reference == "INC-2026-0001"
    assert incident.deadlines.get(kind="review").met_at == LATER
    shown = incident.involvements.get()
    assert shown.phase == "closed"
    assert set(shown.phase_times) == {to for _, to, _ in moves(incident)}


MOVES = ["begin_containment", "begin_mitigation", "begin_recovery", "begin_review"]
PHASES = ["identification", "containment", "mitigation", "recovery", "review"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_move_out_of_its_phase_is_refused_in_words_and_changes_nothing(
    phase, declare, incident_in, commander, people
):
    incident = declare() if phase == PHASES[0] else incident_in(phase)
    before = (moves(incident), lines(incident))
    for move, origin in zip([*MOVES, "close"], PHASES, strict=True):
        if origin != phase:
            by = people.actor("approver") if move == "close" else commander
            with pytest.raises(Conflict) as refused:
                getattr(workflow, move)(incident_id=incident.pk, by=by, at=LATER)
            assert str(refused.value) == (
                f"{incident.reference} is in {phase.capitalize()} by now, not in "
                f"{origin.capitalize()}; look at the page again.{told(incident)}"
            )
    assert fresh(incident).phase == phase
    assert (moves(incident), lines(incident)) == before


def test_a_move_of_no_incident_is_refused(commander):
    with pytest.raises(NotFound, match=r"^There is no such incident; it may be on another desk\.$"):
        workflow.begin_containment(incident_id=404, by=commander, at=NOW)


def test_a_second_click_on_a_move_is_refused(declare, walk, commander):
    incident = declare()
    walk(incident).to_containment()
    with pytest.raises(Conflict, match="is in Containment by now, not in Identification"):
        workflow.begin_containment(incident_id=incident.pk, by=commander, at=LATER)
    assert len(moves(incident)) == 2


def test_the_time_of_containment_is_that_of_the_first_time(incident_in, walk, commander):
    incident = incident_in("mitigation")
    first = incident.contained_at
    step = {"incident_id": incident.pk, "by": commander}
    workflow.step_back(**step, reason="It spreads again.", at=LATER)
    response.sign(**step, key="no_growth", text="Both nodes are out.", at=LATER)
    walk(incident).decide("notify")
    workflow.begin_mitigation(**step, at=LATER)
    assert first is not None
    assert fresh(incident).contained_at == first


# --- the commander does not approve the review ----------------------------------------------------


def test_who_commanded_does_not_approve_the_review_even_with_the_right(incident_in, people):
    incident = incident_in("review")
    both = people["commander"]
    both.roles = ["commander", "approver"]
    both.save()
    with pytest.raises(InvalidInput) as refused:
        reviewed.note_review(
            incident_id=incident.pk, missing=[], approved=True, by=access.actor_for(both), at=LATER
        )
    assert str(refused.value) == (
        "You commanded this incident; somebody else has to approve its review."
    )
    assert ReviewFacts.objects.get(incident=incident).approved_at is None


def test_a_review_is_noted_in_the_review_s_phase_only(incident_in, people):
    incident = incident_in("mitigation")
    with pytest.raises(Conflict, match="is in Mitigation by now, not in Review"):
        reviewed.note_review(
            incident_id=incident.pk, missing=[], approved=True, by=people.actor("approver"), at=NOW
        )


# --- dismissing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["identification", "containment", "mitigation"])
def test_a_false_positive_is_dismissed_with_its_reason(
    phase, declare, incident_in, commander, firing
):
    incident = declare() if phase == "identification" else incident_in(phase)
    alert = firing(incident)
    workflow.dismiss(incident_id=incident.pk, reason=" A test feed. ", by=commander, at=LATER)
    incident = fresh(incident)
    assert (incident.phase, incident.dismissal) == ("dismissed", "false_positive")
    assert (incident.over_at, incident.duplicate_of, incident.is_open) == (LATER, None, False)
    assert moves(incident)[-1] == (phase, "dismissed", "A test feed.")
    text = f"{phase.capitalize()} → Dismissed. Reason: A test feed."
    assert lines(incident)[-1] == text
    assert incident.deadlines.filter(met_at=None, is_dropped=False).count() == 0
    assert post_office.escalation(incident.about).state in ("stopped", "acknowledged")
    alert.refresh_from_db()
    assert alert.resolved_at is None  # it goes on firing there; repeats do not open it again


@pytest.mark.parametrize("phase", ["recovery", "review"])
def test_an_incident_that_is_being_recovered_is_not_dismissed_any_more(
    phase, incident_in, commander
):
    incident = incident_in(phase)
    with pytest.raises(Conflict) as refused:
        workflow.dismiss(incident_id=incident.pk, reason="x", by=commander, at=LATER)
    assert str(refused.value) == (
        f"{incident.reference} is in {phase.capitalize()}; only one that is not yet in Recovery "
        f"can be dismissed.{told(incident)}"
    )
    assert fresh(incident).phase == phase


@pytest.mark.parametrize(
    ("use_case", "what"),
    [("dismiss", "Dismissing"), ("step_back", "Going back a phase"), ("reopen", "Reopening")],
)
def test_what_undoes_others_work_needs_a_reason(use_case, what, declare, walk, commander):
    incident = declare()
    if use_case == "step_back":
        walk(incident).to_containment()
    if use_case == "reopen":
        workflow.dismiss(incident_id=incident.pk, reason="A test.", by=commander, at=NOW)
    phase, before = fresh(incident).phase, lines(incident)
    with pytest.raises(InvalidInput, match=rf"^{what} needs a reason; it goes on the timeline\.$"):
        getattr(workflow, use_case)(incident_id=incident.pk, reason=" \n", by=commander, at=LATER)
    assert (fresh(incident).phase, lines(incident)) == (phase, before)


def test_a_duplicate_names_the_other_and_its_alerts_go_there(declare, commander, firing):
    original, duplicate = declare(title="Stale prices"), declare(title="Quotes late")
    kept, moved = firing(original, "k1"), firing(duplicate, "k2")
    workflow.dismiss(
        incident_id=duplicate.pk,
        reason="Same feed.",
        duplicate_of=f" {fresh(original).reference.lower()} ",
        by=commander,
        at=LATER,
    )
    duplicate = fresh(duplicate)
    assert (duplicate.dismissal, duplicate.duplicate_of) == ("duplicate", original)
    assert {a.pk for a in original.alerts.all()} == {kept.pk, moved.pk}
    assert lines(original)[-1].startswith(
        f"Merged into this incident: {duplicate.reference}; what followed: 1 alert. "
    )
    assert fresh(original).phase == "identification"
    assert timeline.first_fault(original) is timeline.first_fault(duplicate) is None


def test_a_duplicate_of_nothing_of_itself_or_of_a_duplicate_is_refused(declare, commander):
    first, second, third = (declare(title=t) for t in ("One", "Two", "Three"))
    step = {"reason": "Same.", "by": commander, "at": LATER}
    workflow.dismiss(incident_id=second.pk, duplicate_of=fresh(first).reference, **step)
    refusals = {
        "INC-2026-0404": "There is no other incident INC-2026-0404; check the reference.",
        fresh(third).reference: (
            f"{fresh(third).reference} cannot be merged into itself; name the other."
        ),
        fresh(second).reference: (
            f"{fresh(second).reference} is merged itself; name the one it points to."
        ),
    }
    for reference, said in refusals.items():
        with pytest.raises(InvalidInput) as refused:
            workflow.dismiss(incident_id=third.pk, duplicate_of=reference, **step)
        assert str(refused.value) == said
    assert (fresh(third).phase, len(lines(third))) == ("identification", 1)


# --- reopening and going back ---------------------------------------------------------------------


def test_a_dismissed_incident_reopens_at_its_start_and_pages_again(declare, commander):
    incident = declare()
    workflow.dismiss(incident_id=incident.pk, reason="A test feed.", by=commander, at=NOW)
    workflow.reopen(incident_id=incident.pk, reason="It was none.", by=commander, at=LATER)
    incident = fresh(incident)
    assert (incident.phase, incident.dismissal, incident.over_at) == ("identification", "", None)
    assert moves(incident)[-1] == ("dismissed", "identification", "It was none.")
    assert lines(incident)[-1] == "Dismissed → Identification. Reason: It was none."
    ladder = post_office.escalation(incident.about)
    assert (ladder.state, ladder.started_at) == ("running", LATER)
    assert incident.deadlines.filter(is_dropped=True).count() == 0


def test_an_incident_that_somebody_took_pages_nobody_when_it_reopens(declare, commander):
    incident = declare()
    step = {"incident_id": incident.pk, "by": commander, "at": NOW}
    workflow.take_command(**step)
    workflow.dismiss(**step, reason="A test feed.")
    workflow.reopen(**step, reason="It was none.")
    assert post_office.escalation(incident.about).state == "acknowledged"


def test_a_closed_incident_reopens_in_its_review_which_has_to_be_approved_again(
    incident_in, people, commander
):
    incident = incident_in("review")
    approver = people.actor("approver")
    reviewed.note_review(incident_id=incident.pk, missing=[], approved=True, by=approver, at=NOW)
    workflow.close(incident_id=incident.pk, by=approver, at=NOW)
    workflow.reopen(incident_id=incident.pk, reason="A partner asks.", by=commander, at=LATER)
    incident = fresh(incident)
    assert (incident.phase, incident.over_at) == ("review", None)
    facts = ReviewFacts.objects.get(incident=incident)
    assert (facts.missing, facts.approved_at, facts.approved_by) == (
        ["the review was reopened"],
        None,
        None,
    )
    assert incident.deadlines.get(kind="review").met_at == NOW


def test_what_is_open_is_not_reopened(declare, commander):
    with pytest.raises(Conflict, match=r"^INC-2026-0001 is open already\.$"):
        workflow.reopen(incident_id=declare().pk, reason="x", by=commander, at=LATER)


@pytest.mark.parametrize(("phase", "before"), list(zip(PHASES[1:], PHASES[:-1], strict=True)))
def test_back_leads_to_the_phase_before_with_its_reason(phase, before, incident_in, commander):
    incident = incident_in(phase)
    workflow.step_back(incident_id=incident.pk, reason="Too early.", by=commander, at=LATER)
    assert fresh(incident).phase == before
    assert moves(incident)[-1] == (phase, before, "Too early.")
    assert incident.involvements.get().phase == before
    assert timeline.first_fault(incident) is None


def test_what_was_signed_lapses_with_a_step_back_and_is_signed_again(incident_in, walk, commander):
    incident = incident_in("mitigation")
    walk(incident).sign("no_partners")
    step = {"incident_id": incident.pk, "by": commander, "at": LATER}
    workflow.step_back(**step, reason="It spreads again.")
    behind = {"no_partners", "regulatory_decided", "no_duplicate"}  # about a phase that is past
    assert fresh(incident).signed() == behind
    with pytest.raises(GateNotMet) as refused:
        workflow.begin_mitigation(**step)
    assert refused.value.unmet == [
        "Signed that it no longer grows",
        "Decided for each affected partner, with a reason, whether it is notified (0 of 1)",
    ]
    with pytest.raises(
        Conflict, match=r"^This was signed already; statements are never changed\.$"
    ):
        response.sign(**step, key="no_partners", text="Still none.")
    response.sign(**step, key="no_growth", text="Both nodes are out.")
    with pytest.raises(Conflict, match=r"^This was signed already"):
        response.sign(**step, key="no_growth", text="Really.")
    walk(incident).decide("notify")
    workflow.begin_mitigation(**step)
    signed = incident.statements.filter(key="no_growth").values_list("text", "stay")
    assert list(signed) == [("Seen.", 0), ("Both nodes are out.", 1)]


def test_two_steps_back_ask_for_both_phases_signatures_again(incident_in, walk, commander):
    incident = incident_in("mitigation")
    walk(incident).sign("no_partners")
    walk(incident).sign("detection_added")  # ahead of time
    step = {"incident_id": incident.pk, "by": commander, "at": LATER}
    assert fresh(incident).signed() == {
        "no_partners",
        "regulatory_decided",
        "no_duplicate",
        "no_growth",
        "detection_added",
    }
    for _ in range(2):
        workflow.step_back(**step, reason="It was all wrong.")
    assert fresh(incident).signed() == set()
    walk(incident).sign_all("regulatory_decided", "no_duplicate")
    workflow.begin_containment(**step)
    assert not fresh(incident).signed() & {"no_growth", "detection_added"}


def test_what_was_signed_before_its_phase_counts_when_it_comes(declare, walk, commander):
    incident = declare()
    walk(incident).sign("no_growth")
    walk(incident).to_containment()
    assert fresh(incident).signed() == {"no_growth", "regulatory_decided", "no_duplicate"}


def test_a_dismissed_incident_that_reopens_is_signed_for_anew(incident_in, commander):
    incident = incident_in("mitigation")
    step = {"incident_id": incident.pk, "by": commander, "at": LATER}
    workflow.dismiss(**step, reason="A test feed.")
    workflow.reopen(**step, reason="It was none.")
    assert fresh(incident).signed() == set()


def test_a_closed_incident_that_reopens_keeps_what_was_signed(incident_in, people, commander):
    incident = incident_in("review")
    approver = people.actor("approver")
    before = fresh(incident).signed()
    reviewed.note_review(incident_id=incident.pk, missing=[], approved=True, by=approver, at=NOW)
    workflow.close(incident_id=incident.pk, by=approver, at=NOW)
    workflow.reopen(incident_id=incident.pk, reason="A partner asks.", by=commander, at=LATER)
    assert fresh(incident).signed() == before
    assert before == {
        "regulatory_decided",
        "no_duplicate",
        "no_growth",
        "detection_added",
        "blocks_lifted",
    }


def test_before_the_first_phase_there_is_none(declare, commander):
    with pytest.raises(Conflict) as refused:
        workflow.step_back(incident_id=declare().pk, reason="x", by=commander, at=LATER)
    assert str(refused.value) == ("INC-2026-0001 is in its first phase; there is none before it.")


def test_what_is_over_is_worked_on_no_more(declare, commander, people):
    incident = declare()
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=commander, at=NOW)
    said = f"^{fresh(incident).reference} is dismissed; reopen it first\\.{told(incident)}$"
    step = {"incident_id": incident.pk, "by": commander, "at": LATER}
    for refused in (
        lambda: workflow.take_command(**step),
        lambda: workflow.step_back(**step, reason="x"),
        lambda: tasks.add(**step, phase="containment", text="x"),
        lambda: response.record_cause(**step, cause="x"),
        lambda: response.sign(**step, key="no_growth", text="x"),
        lambda: response.page(**step, user_ids=[people["responder"].pk], group_ids=[], note=""),
    ):
        with pytest.raises(Conflict, match=said):
            refused()
    response.post_update(**step, text="The vendor wrote back.")  # words may always be added


@pytest.mark.asvs("2.3.3", 9)
def test_a_move_that_fails_half_way_leaves_nothing(declare, walk, commander):
    """Its second write fails for real: a name that is too wide for the column."""
    incident = declare()
    walk(incident).ready_for_containment()
    before = (fresh(incident).phase, moves(incident), lines(incident))
    by = replace(commander, name="x" * 300)
    with pytest.raises(DataError), transaction.atomic():
        workflow.begin_containment(incident_id=incident.pk, by=by, at=LATER)
    assert (fresh(incident).phase, moves(incident), lines(incident)) == before


def test_every_move_is_kept_with_who_when_and_why(declare, commander):
    incident = declare()
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=commander, at=LATER)
    move = Move.objects.latest("id")
    assert (move.actor, move.user_id, move.at) == (
        "Incident commander",
        commander.user_id,
        LATER,
    )


def test_who_commanded_before_a_hand_over_does_not_approve_the_review_either(incident_in, people):
    former = people["commander"]
    former.roles = ["commander", "approver"]
    former.save()
    incident = incident_in("review")
    people["security"].roles = ["commander", "security"]
    people["security"].save()
    workflow.take_command(incident_id=incident.pk, by=people.actor("security"), at=NOW)
    incident.refresh_from_db()
    assert set(incident.commanded_by) == {former.pk, people["security"].pk}
    with pytest.raises(InvalidInput, match="You commanded this incident; somebody else"):
        reviewed.note_review(
            incident_id=incident.pk, missing=[], approved=True, by=people.actor("commander"), at=NOW
        )
