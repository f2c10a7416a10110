"""What a value of an axis rests on: for that value only, and only what belongs to the incident."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import bases, evaluation, workflow
from cases.evaluation import Evaluation, Support
from cases.intake import reports
from cases.models import Alert, Basis, Category, Entry, Evidence, Incident
from incidentdesk.kernel.errors import InvalidInput, NotAllowed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def evaluate(people):
    """`evaluate(incident, {"impact": Support("…")}, impact=3)`; unsaid values are 2."""

    def call(incident: Incident, supports=None, by="responder", **found) -> Incident:
        answers = {"impact": 2, "scope": 2, "urgency": 2, **found}
        return evaluation.evaluate(
            incident_id=incident.pk,
            found=Evaluation(
                category_id=Category.objects.get(key="outage").pk, bases=supports or {}, **answers
            ),
            by=people.actor(by),
            at=LATER,
        )

    return call


def rests_on(incident: Incident) -> dict[str, str]:
    """Axis → what supports the value that it has."""
    fresh = Incident.objects.get(pk=incident.pk)
    return {axis: str(basis) for axis, basis in bases.standing(fresh).items()}


@pytest.fixture
def shown(declare, source, people, helix):
    """An incident with an alert, a piece of evidence and a report, and another one's alert."""

    class Shown:
        incident, other = declare(), declare(title="Another")

        def alert_of(self, incident: Incident) -> Alert:
            return Alert.objects.create(
                source=source,
                incident=incident,
                external_key=f"k{incident.pk}",
                group_key="g",
                title="Quote age 40 s",
                first_at=NOW,
                last_at=NOW,
            )

        def evidence_of(self, incident: Incident) -> Evidence:
            return Evidence.objects.create(
                incident=incident,
                title="Extract of the log",
                file_name="log.txt",
                size=4,
                sha256="0" * 64,
                tlp="AMBER",
                collector="Responder",
                collected_at=NOW,
                added_at=NOW,
                added_by=people["responder"],
            )

    return Shown()


def test_each_value_keeps_what_supports_it(shown, evaluate, people):
    alert, evidence = shown.alert_of(shown.incident), shown.evidence_of(shown.incident)
    evaluate(
        shown.incident,
        {
            "impact": Support(alert_id=alert.pk),
            "scope": Support("Helix and Norrbank call in", evidence_id=evidence.pk),
            "urgency": Support("  The market is open  "),
        },
    )
    assert rests_on(shown.incident) == {
        "impact": "Quote age 40 s",
        "scope": "Helix and Norrbank call in",
        "urgency": "The market is open",
    }
    row = Basis.objects.get(incident=shown.incident, axis="scope")
    assert (row.value, row.evidence, row.set_at) == (2, evidence, LATER)
    assert row.set_by == people["responder"]


def test_another_value_needs_its_own_support(declare, evaluate):
    incident = declare()
    evaluate(incident, {axis: Support("Seen.") for axis in evaluation.AXES})
    evaluate(incident, impact=3)
    assert set(rests_on(incident)) == {"scope", "urgency"}
    evaluate(incident, {"impact": Support("Worse than it looked.")}, impact=3)
    assert rests_on(incident)["impact"] == "Worse than it looked."
    assert Basis.objects.filter(incident=incident).count() == 3


def test_an_evaluation_without_a_new_support_keeps_what_stands(declare, evaluate):
    incident = declare()
    evaluate(incident, {"impact": Support("Seen.")})
    before = Basis.objects.get(incident=incident)
    evaluate(incident, scope=3)
    after = Basis.objects.get(incident=incident)
    assert (before.pk, before.set_at, before.words) == (after.pk, after.set_at, after.words)


def test_what_supports_nothing_or_is_not_of_this_incident_is_refused(shown, evaluate):
    theirs = shown.alert_of(shown.other)
    proof = shown.evidence_of(shown.other)
    refused = {
        "Say what supports the impact: in words, or by what shows it.": {"impact": Support("  ")},
        "What supports a value has to belong to this incident; look at the page again.": {
            "scope": Support(alert_id=theirs.pk)
        },
        "Urgency is not answered; choose a value, or leave out what supports it.": {
            "urgency": Support("Open market")
        },
        "An evaluation has impact, scope and urgency, and no other axis.": {
            "weather": Support("Rain")
        },
    }
    entries = Entry.objects.count()
    for said, supports in refused.items():
        urgency = None if "urgency" in supports else 2
        with pytest.raises(InvalidInput) as refusal:
            evaluate(shown.incident, supports, urgency=urgency)
        assert str(refusal.value) == said
    with pytest.raises(InvalidInput, match="belong to this incident"):
        evaluate(shown.incident, {"scope": Support(evidence_id=proof.pk)})
    with pytest.raises(InvalidInput, match="belong to this incident"):
        evaluate(shown.incident, {"scope": Support(report_id=1)})
    assert (Basis.objects.count(), Entry.objects.count()) == (0, entries)


def test_an_incident_from_a_report_rests_on_the_report(people, helix):
    told = reports.report(
        title="Odd fills",
        description="Two fills twice.",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    incident = reports.accept(
        report_id=told.pk,
        impact=3,
        scope=2,
        urgency=None,
        shown_severity=3,
        by=people.actor("commander"),
        at=NOW,
    )
    rows = Basis.objects.filter(incident=incident).order_by("axis")
    assert [(row.axis, row.value, row.report) for row in rows] == [
        ("impact", 3, told),
        ("scope", 2, told),
    ]
    assert rests_on(incident)["impact"] == "Helix Markets reported it"


def test_an_incident_that_staff_declares_rests_on_nothing_yet(declare):
    assert rests_on(declare()) == {}


# --- lowering what rests on assumptions -----------------------------------------------------------


def test_answering_an_open_axis_may_lower_what_was_assumed(declare, evaluate):
    incident = declare()
    evaluate(incident, impact=None, urgency=3)
    assert Incident.objects.get(pk=incident.pk).severity == 2
    evaluate(incident, impact=1, urgency=3)
    assert Incident.objects.get(pk=incident.pk).severity == 4


def test_what_somebody_evaluated_is_lowered_by_a_commander_only(declare, evaluate):
    incident = declare()
    evaluate(incident, impact=4)
    with pytest.raises(NotAllowed, match="may not command an incident"):
        evaluate(incident, impact=2)
    assert Incident.objects.get(pk=incident.pk).severity == 1
    with pytest.raises(InvalidInput, match=r"^Lowering the severity from SEV-1 to SEV-3 needs"):
        evaluate(incident, impact=2, by="commander")


def test_a_floor_is_not_taken_away_by_a_responder(declare, evaluate):
    incident = declare()
    evaluate(incident, impact=None, floors=("erroneous_orders",))
    with pytest.raises(NotAllowed, match="may not command an incident"):
        evaluate(incident, impact=2)
    assert Incident.objects.get(pk=incident.pk).floors == ["erroneous_orders"]


def test_taking_command_changes_nothing_about_it(declare, evaluate, people):
    incident = declare()
    evaluate(incident, {"impact": Support("Seen.")})
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=LATER)
    assert rests_on(incident) == {"impact": "Seen."}
