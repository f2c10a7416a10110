"""The report of a facts package: made of what is on record, frozen, and of one partner alone."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from cases import classification, disclosure, packages
from cases.models import FactsPackage, Incident
from cases.regulation import its
from incidentdesk.kernel.errors import InvalidInput
from partners.models import Contact, Partner
from tests.cases.regulation.test_report import faults, needs_the_schema, with_theirs
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
FIGURES = packages.Figures(
    text="Fills were late.",
    services="Drop copy",
    began_at=NOW,
    ended_at=NOW + 3 * HOUR,
    downtime_minutes=125,
    clients=120,
    clients_share=Decimal("12.50"),
    is_estimate=True,
)
DETAILS = {
    "3.23": ["system_failure"],
    "3.28": "no",
    "3.33": "no",
    "4.1": ["human_error"],
    "4.6": "Rolled back.",
    "4.9": "As planned.",
}


@pytest.fixture
def row(incident_in, people, norrbank):
    """Helix sees the incident; Norrbank is involved too, with answers that could leak."""
    incident = incident_in("recovery")
    Incident.objects.filter(pk=incident.pk).update(resolved_at=NOW + 8 * HOUR)
    helix = incident.involvements.get()
    other = disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=norrbank.pk,
        title="Delayed fills",
        meaning="Wait.",
        severity=1,
        by=people.actor("commander"),
        at=NOW + 9 * HOUR,
    )
    Partner.objects.filter(pk=helix.partner_id).update(
        lei="529900T8BM49AURSDO55", entity_types=["investment_firm"]
    )
    mine = {"supports_critical": True, "clients_share": "12.5", "member_states": ["DE", "FR"]}
    theirs = {"supports_critical": True, "counterparts": 777, "reputation": ["media"]}
    for one, answers in ((helix, mine), (other, theirs)):
        classification.classify(
            incident_id=incident.pk,
            involvement_id=one.pk,
            regime="dora",
            answers=answers,
            reason="CANARY internal",
            by=people.actor("commander"),
            at=NOW + 9 * HOUR,
        )
    helix.refresh_from_db()
    return helix


@pytest.fixture
def hand(people):
    def run(row, stage="initial", *, details=None, figures=FIGURES, at=NOW + 10 * HOUR):
        return packages.hand_over(
            incident_id=row.incident_id,
            involvement_id=row.pk,
            stage=stage,
            figures=figures,
            details=details,
            by=people.actor("communications"),
            at=at,
        )

    return run


def value(package, number):
    return its.at(package.report, its.NAMED[number].path)


def test_it_holds_what_the_record_the_register_and_the_classification_know(row, hand):
    made = hand(row, "final", details=DETAILS)
    made.refresh_from_db()
    incident = Incident.objects.get(pk=row.incident_id)
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    assert value(made, "1.1") == "final_report"
    assert value(made, "1.3") == value(made, "1.6") == "529900T8BM49AURSDO55"
    assert value(made, "1.7") == "Helix Markets contact"
    assert value(made, "2.2") == incident.detected_at.strftime(stamp)
    assert value(made, "2.4") == "Fills were late."
    assert [one["classificationCriterion"] for one in value(made, "2.5")] == [
        "critical_services_affected",
        "clients_financial_counterparts_and_transactions_affected",
        "geographical_spread",
    ]
    assert value(made, "2.6") == ["DE", "FR"]
    assert (value(made, "3.4"), value(made, "3.5")) == (120, 12.5)
    assert (value(made, "3.15"), value(made, "3.16")) == ("000:03:00", "000:02:05")
    assert value(made, "3.17") == "estimates"
    assert value(made, "3.33") is False
    assert incident.resolved_at is not None
    assert value(made, "4.8") == incident.resolved_at.strftime(stamp)
    assert value(made, "4.6") == "Rolled back."


def test_what_it_leaves_open_is_kept_with_it(row, hand):
    made = FactsPackage.objects.get(pk=hand(row, "final", details=DETAILS).pk)
    numbers = [one["number"] for one in made.missing]
    assert numbers == [one["number"] for one in its.missing("final", made.report)]
    assert {"2.1", "2.3", "3.6", "3.7", "4.13", "4.14"} < set(numbers)
    assert {one["whose"] for one in made.missing if one["number"] in ("4.13", "4.14")} == {
        "partner"
    }


def test_nothing_of_the_other_partner_and_nothing_internal_is_in_it(row, hand):
    made = hand(row, "final", details=DETAILS)
    text = json.dumps([made.report, made.missing])
    incident = Incident.objects.get(pk=row.incident_id)
    for secret in ("Norrbank", "777", "media", "CANARY", incident.reference, "quote-gw-eu-2"):
        assert secret not in text


def test_it_stays_as_it_was_handed_over_whatever_is_learned_later(row, hand, people):
    made = hand(row)
    before = FactsPackage.objects.get(pk=made.pk).report
    classification.classify(
        incident_id=row.incident_id,
        involvement_id=row.pk,
        regime="dora",
        answers={"supports_critical": False},
        reason="Counted again.",
        by=people.actor("commander"),
        at=NOW + 11 * HOUR,
    )
    Partner.objects.filter(pk=row.partner_id).update(lei="")
    Contact.objects.filter(partner_id=row.partner_id).update(name="Another")
    assert FactsPackage.objects.get(pk=made.pk).report == before
    with pytest.raises(DatabaseError), transaction.atomic():
        FactsPackage.objects.filter(pk=made.pk).update(report={})


def test_without_a_classification_the_criteria_are_missing_and_not_made_up(incident_in, hand):
    made = hand(incident_in("review").involvements.get())
    assert value(made, "2.5") is None
    assert "2.5" in [one["number"] for one in made.missing]


def test_an_ongoing_incident_has_no_end_and_no_duration(incident_in, hand):
    figures = packages.Figures(text="Fills are late.", began_at=NOW, clients=3)
    row = incident_in("mitigation").involvements.get()
    made = hand(row, "interim", figures=figures)
    for number in ("3.3", "3.15", "3.16", "4.8"):
        assert value(made, number) is None
    assert value(made, "3.17") == "no_information_available"


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"4.6": "As for Norrbank Securities."}, "This would show"),
        ({"4.1": ["bad luck"]}, "choose from the list"),
        ({"4.13": "12"}, "Field 4.13 is not entered by hand"),
    ],
)
def test_what_does_not_belong_in_it_is_refused(row, hand, details, words):
    with pytest.raises(InvalidInput, match=words):
        hand(row, "final", details=details)
    assert FactsPackage.objects.count() == 0


@needs_the_schema
@pytest.mark.parametrize("stage", its.STAGES)
def test_with_the_partner_s_own_fields_it_is_valid_by_the_schema(row, hand, stage):
    made = hand(row, stage, details=DETAILS if stage != "initial" else None)
    assert faults(with_theirs(made.report)) == []
