"""Classifications: each decision stays with its inputs, and clocks and tasks follow it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from cases import classification, disclosure, evaluation, restriction, workflow
from cases.models import Anchor, Category, Classification, Entry, Incident, Involvement, Task
from cases.personal_data import TEXT
from cases.regulation import standing
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + 5 * HOUR
MAJOR = {
    "supports_critical": True,
    "clients_share": {"value": "12.5", "is_estimate": True},
    "member_states": ["DE", "FR"],
}

QUIET = {"supports_critical": False, "supervised_services": False, "malicious_access": False}


@pytest.fixture
def classify(people):
    """`classify(incident, MAJOR)` under DORA by the commander at LATER."""

    def run(
        incident,
        answers,
        *,
        regime="dora",
        of=None,
        reason="As counted.",
        at=LATER,
        by=None,
        aware_at=None,
        **more,
    ):
        return classification.classify(
            incident_id=incident.pk,
            involvement_id=of.pk if of else None,
            regime=regime,
            answers=answers,
            reason=reason,
            by=by or people.actor("commander"),
            at=at,
            aware_at=aware_at,
        )

    return run


@pytest.fixture
def incident(declare):
    return declare(impact=1, scope=1, urgency=1, occurred_at=NOW - HOUR)


@pytest.fixture
def involve(people):
    """`involve(incident, helix)` lists a partner."""

    def add(incident, partner):
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=2,
            by=people.actor("commander"),
            at=NOW,
        )

    return add


def anchors(incident, involvement=None):
    rows = Anchor.objects.filter(incident=incident, involvement=involvement).order_by("id")
    return [(row.name, row.value) for row in rows]


def test_a_decision_is_kept_with_its_inputs_its_articles_and_who_made_it(
    incident, classify, people
):
    row = classify(incident, MAJOR)
    assert (row.outcome, row.words, row.reason) == ("yes", "major", "As counted.")
    assert row.articles == ["Art. 6(a)", "Art. 9(1)(a)", "Art. 9(4)", "Art. 8(1)(b)"]
    assert (row.decided_by, row.decided_at) == (people["commander"], LATER)
    assert row.is_estimate
    assert row.inputs["clients_share"] == {"value": "12.5", "is_estimate": True}
    assert row.inputs["duration"] == {"value": 360, "is_computed": True, "still_grows": True}
    entry = incident.entries.filter(kind=Entry.Kind.EVALUATION, body__contains="DORA for us").get()
    assert entry.body == (
        "DORA for us: major (RTS 2024/1772: Art. 6(a), Art. 9(1)(a), Art. 9(4), Art. 8(1)(b)). "
        "It rests on estimates. Reason: As counted."
    )
    assert entry.partner_id is None


def test_for_a_partner_it_is_a_recommendation_and_each_partner_has_its_own(
    incident, classify, involve, helix, norrbank
):
    one, other = involve(incident, helix), involve(incident, norrbank)
    classify(incident, MAJOR, of=one)
    row = classify(incident, {"supports_critical": False}, of=other)
    assert standing.newest(one, "dora").words == "major"
    assert standing.newest(other, "dora") == row
    assert standing.newest(incident, "dora") is None
    body = incident.entries.filter(partner=helix, kind=Entry.Kind.EVALUATION).get().body
    assert body.startswith("DORA for Helix Markets, as a recommendation: major")
    assert anchors(incident, one) == [("classified_major_at", LATER)]
    assert anchors(incident) == []


def test_a_decision_says_what_would_decide_it_while_it_cannot_be_made(incident, classify):
    row = classify(incident, {"supports_critical": True, "member_states": ["DE", "FR"]})
    assert row.outcome == "open"
    assert "costs_over_limit" in row.undecided
    assert "supervised_services" not in row.undecided
    assert anchors(incident) == []


def test_what_was_major_is_reclassified_and_the_history_stays(incident, classify):
    classify(incident, MAJOR)
    classify(incident, MAJOR | {"costs_over_limit": True}, at=LATER + HOUR)  # still major
    classify(incident, QUIET, at=LATER + 2 * HOUR)
    classify(incident, MAJOR, at=LATER + 3 * HOUR)
    assert [row.outcome for row in standing.rows(incident)] == ["yes", "no", "yes", "yes"]
    assert anchors(incident) == [
        ("classified_major_at", LATER),
        ("classified_major_at", None),
        ("classified_not_major_at", LATER + 2 * HOUR),
        ("reclassified_at", LATER + 2 * HOUR),
        ("classified_major_at", LATER + 3 * HOUR),
        ("classified_not_major_at", None),
        ("reclassified_at", None),
    ]
    body = incident.entries.filter(body__startswith="DORA for us: not major").get().body
    assert "not major, before it was major (RTS 2024/1772: Art. 6 not met)" in body


def test_the_same_answers_twice_are_refused_though_the_incident_goes_on(incident, classify):
    classify(incident, MAJOR)
    with pytest.raises(Conflict, match="Nothing differs from what was decided"):
        classify(incident, MAJOR, at=LATER + HOUR)
    assert Classification.objects.count() == 1


def test_doubts_move_no_clock_and_what_was_major_is_reclassified_after_them(incident, classify):
    classify(incident, MAJOR)
    classify(incident, {"supports_critical": True}, at=LATER + HOUR)
    assert anchors(incident) == [("classified_major_at", LATER)]
    classify(incident, {"member_states": ["DE"]} | QUIET, at=LATER + 2 * HOUR)
    assert [row.outcome for row in standing.rows(incident)] == ["no", "open", "yes"]
    assert anchors(incident)[1:] == [
        ("classified_major_at", None),
        ("classified_not_major_at", LATER + 2 * HOUR),
        ("reclassified_at", LATER + 2 * HOUR),
    ]


def test_the_duration_comes_from_the_record_and_downtime_is_never_guessed(incident, classify):
    Incident.objects.filter(pk=incident.pk).update(
        recovered_at=NOW + 2 * HOUR, resolved_at=NOW + 23 * HOUR + timedelta(seconds=1)
    )
    row = classify(incident, {"supports_critical": True})
    assert row.inputs["duration"] == {"value": 1441, "is_computed": True}
    assert "downtime" not in row.inputs
    assert {"Art. 9(3)(a)", "Art. 9(3)(b)"} & set(row.articles) == {"Art. 9(3)(a)"}
    given = classify(incident, {"supports_critical": True, "downtime": 15})
    assert given.inputs["downtime"] == {"value": 15}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"clients_share": "100.5"}, "enter a number from 0 to 100"),
        ({"clients": "-1"}, "enter a number from 0"),
        ({"clients": "1.5"}, "enter a number from 0"),
        ({"clients": "NaN"}, "enter a number from 0"),
        ({"member_states": ["DE", "XX"]}, "choose among"),
        ({"supports_critical": "yes"}, "answer yes or no"),
        ({"costs": 12}, "dora does not ask for costs"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(incident, classify, answers, words):
    with pytest.raises(InvalidInput, match=words):
        classify(incident, answers)
    assert Classification.objects.count() == 0


def test_a_decision_needs_a_reason_a_known_regime_and_a_listed_partner(
    incident, declare, classify, involve, helix
):
    elsewhere = involve(declare(title="Another"), helix)
    with pytest.raises(InvalidInput, match="needs a reason"):
        classify(incident, MAJOR, reason=" ")
    with pytest.raises(InvalidInput, match="one of dora, nis2, gdpr"):
        classify(incident, {}, regime="mas")
    with pytest.raises(InvalidInput, match="not listed in the incident"):
        classify(incident, MAJOR, of=elsewhere)


def test_who_classifies_and_who_does_not(incident, classify, people):
    for key in ("responder", "communications", "approver", "administrator", "auditor"):
        with pytest.raises(NotAllowed):
            classify(incident, MAJOR, by=people.actor(key))
    assert classify(incident, MAJOR, by=people.actor("security")).outcome == "yes"


def test_a_restricted_incident_is_classified_by_those_who_may_open_it(incident, classify, people):
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="An insider.",
        by=people.actor("commander"),
        at=NOW,
    )
    with pytest.raises(NotFound):
        classify(incident, MAJOR, by=people.actor("security"))
    assert classify(incident, MAJOR).outcome == "yes"


# --- GDPR: a task as long as it is suspected ------------------------------------------------------


def test_an_undecided_breach_raises_to_its_floor_and_asks_for_a_decision(incident, classify):
    assert incident.severity == 4
    row = classify(incident, {}, regime="gdpr")
    incident.refresh_from_db()
    assert (row.words, incident.severity, incident.floors) == ("undecided", 3, ["personal_data"])
    task = incident.tasks.get(text=TEXT)
    assert (task.state, task.due_at) == (Task.State.OPEN, NOW + 24 * HOUR)
    classify(incident, {"risk": "high"}, regime="gdpr", at=LATER + HOUR)
    assert incident.tasks.filter(text=TEXT).count() == 1


@pytest.mark.parametrize(
    ("answers", "words", "recorded"),
    [
        ({"personal_data": False}, "GDPR: not to be notified.", []),
        (
            {"personal_data": True, "risk": "risk"},
            "GDPR: to be notified.",
            [("personal_data_breach_at", LATER + HOUR)],
        ),
        ({"personal_data": True, "role": "processor"}, "GDPR: to be notified.", []),
    ],
)
def test_the_decision_ends_the_task_and_says_when_we_knew(
    incident, classify, people, answers, words, recorded
):
    classify(incident, {}, regime="gdpr")
    classify(incident, answers, regime="gdpr", at=LATER + HOUR, reason="Logs were read.")
    task = incident.tasks.get(text=TEXT)
    assert (task.state, task.ended_by) == (Task.State.DONE, people["commander"])
    assert task.note == f"{words} Logs were read."
    assert anchors(incident) == recorded


def test_a_partner_whose_data_we_process_is_told_by_a_clock_of_its_own(
    incident, classify, involve, helix
):
    row = involve(incident, helix)
    classify(incident, {"personal_data": True, "role": "processor"}, regime="gdpr", of=row)
    assert anchors(incident, row) == [("partner_data_breach_at", LATER)]


def test_the_clocks_of_a_breach_count_from_when_it_was_known_and_not_from_the_decision(
    incident, classify, involve, helix, norrbank
):
    Incident.objects.filter(pk=incident.pk).update(aware_at=NOW)
    breach = {"personal_data": True, "risk": "risk"}
    classify(incident, breach, regime="gdpr")
    known, told = involve(incident, helix), involve(incident, norrbank)
    processed = breach | {"role": "processor"}
    classify(incident, processed, regime="gdpr", of=known, aware_at=NOW + HOUR)
    classify(incident, breach | {"role": "controller"}, regime="gdpr", of=told)
    assert anchors(incident) == [("personal_data_breach_at", NOW)]
    assert anchors(incident, known) == [("partner_data_breach_at", NOW + HOUR)]
    assert anchors(incident, told) == []  # Art. 33(2) is a processor's duty
    with pytest.raises(InvalidInput, match="This lies in the future"):
        classify(incident, {}, regime="gdpr", of=told, aware_at=LATER + HOUR)
    with pytest.raises(InvalidInput, match="check the year"):
        classify(incident, {}, regime="gdpr", of=told, aware_at=NOW.replace(year=1989))


def test_a_later_decision_moves_since_when_it_is_known_and_shows_what_stands(
    incident, classify, as_
):
    """The form offers the time; what is typed there a second time is not thrown away."""
    Incident.objects.filter(pk=incident.pk).update(aware_at=NOW)
    breach = {"personal_data": True, "risk": "risk"}
    classify(incident, breach, regime="gdpr", aware_at=NOW + HOUR)
    form = as_("commander").get(
        reverse("admin:cases_incident_do", args=[incident.pk, "classify_gdpr"])
    )
    assert form.context["form"]["aware_at"].value() == (NOW + HOUR).replace(tzinfo=None)
    classify(incident, breach | {"risk": "high"}, regime="gdpr")  # says nothing of it
    assert anchors(incident) == [("personal_data_breach_at", NOW + HOUR)]
    with pytest.raises(Conflict, match="Nothing differs"):
        classify(incident, breach | {"risk": "high"}, regime="gdpr", aware_at=NOW + HOUR)
    classify(incident, breach | {"risk": "high"}, regime="gdpr", aware_at=NOW)
    assert anchors(incident)[-1] == ("personal_data_breach_at", NOW)


def test_a_suspected_breach_in_an_evaluation_asks_for_the_decision(incident_in, people):
    incident = incident_in("identification")
    found = evaluation.Evaluation(
        category_id=Category.objects.get(key="unauthorised_access").pk,
        impact=2,
        scope=2,
        urgency=2,
        floors=("personal_data",),
    )
    for at in (NOW, NOW + HOUR):
        evaluation.evaluate(
            incident_id=incident.pk, found=found, by=people.actor("commander"), at=at
        )
    assert incident.tasks.filter(text=TEXT).count() == 1


def test_nis2_is_significant_from_when_it_was_decided(incident, classify):
    classify(incident, {"unavailable": 31}, regime="nis2")
    assert anchors(incident) == [("significant_at", LATER)]


# --- the database keeps it ------------------------------------------------------------------------


def test_a_classification_never_changes(incident, classify):
    row = classify(incident, MAJOR)
    for change in (
        lambda: Classification.objects.filter(pk=row.pk).update(outcome="no"),
        lambda: Classification.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    row.refresh_from_db()
    assert row.outcome == "yes"


def test_the_database_refuses_a_partner_of_another_incident(
    incident, declare, involve, helix, norrbank, people
):
    other = declare(title="Another")
    mine, theirs = involve(incident, helix), involve(other, norrbank)
    plain = {
        "incident": incident,
        "regime": "dora",
        "outcome": "no",
        "reason": "x",
        "decided_at": NOW,
        "decided_by": people["commander"],
    }
    for wrong in (
        {"involvement": theirs, "partner": norrbank},
        {"involvement": mine, "partner": norrbank},
        {"involvement": mine},
        {"reason": ""},
        {"undecided": ["clients"]},
        {"outcome": "yes"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Classification.objects.create(**plain | wrong)
    assert Classification.objects.count() == 0


def test_a_partner_s_classifications_follow_it_into_the_incident_it_is_merged_into(
    incident, declare, classify, involve, helix, people
):
    other = declare(title="The one that goes on")
    row = involve(incident, helix)
    classify(incident, MAJOR, of=row)
    workflow.dismiss(
        incident_id=incident.pk,
        reason="The same.",
        duplicate_of=other.reference,
        by=people.actor("commander"),
        at=LATER + HOUR,
    )
    assert Involvement.objects.get(pk=row.pk).incident_id == other.pk
    assert [c.partner for c in standing.rows(other)] == [helix]
