"""The report of a facts package: valid where the partner's part is added, and honest about gaps.

The reporting schema is not part of the code: with DORA_SCHEMA unset, what needs it does not run.
"""

from __future__ import annotations

import copy
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cases.regulation import details, dora, its
from cases.regulation.report import Entity, Known, build
from cases.regulation.states import STATES
from partners.models.partner import ENTITY_TYPES

SCHEMA = Path(os.environ.get("DORA_SCHEMA", "/nowhere"))
needs_the_schema = pytest.mark.skipif(not SCHEMA.is_file(), reason="DORA_SCHEMA names no file")
NINE = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 4, 12, 5, tzinfo=UTC)

HELIX = Entity(
    name="Helix Markets",
    lei="529900T8BM49AURSDO55",
    types=("investment_firm",),
    parent_name="Helix Group",
    parent_lei="5493001KJTIIGC8Y1R12",
    contacts=(
        ("Ada Berg", "ada@helix.example", "+49 30 901820"),
        ("Ben Roth", "ben@helix.example", "extension 12"),
    ),
)
WHOLE = Known(
    stage="final",
    entity=HELIX,
    text="Quotes were late.",
    origin="6MM",
    services="Order routing",
    category="unauthorised_access",
    is_ours=True,
    detected_at=NINE,
    began_at=NINE,
    ended_at=NOON,
    resolved_at=NOON,
    numbers={
        "clients": 120,
        "clients_share": "12.5",
        "counterparts": 0,
        "transactions": 900,
        "transactions_share": "3",
        "value_eur": 1_500_250,
    },
    estimates=frozenset({"transactions"}),
    minutes={"duration": 185, "downtime": 125},
    inputs={
        "member_states": ["FR", "DE"],
        "data_losses": ["integrity"],
        "reputation": ["media"],
        "relevant_clients": False,
    },
    criteria=(
        dora.CRITICAL,
        dora.CLIENTS,
        dora.GEOGRAPHY,
        dora.DATA,
        dora.ACCESS,
        dora.REPUTATION,
    ),
    details=details.clean(
        {
            "2.10": "Nothing more.",
            "3.14": "One article.",
            "3.18": ["clients"],
            "3.19": "Clients in France.",
            "3.21": "Two records.",
            "3.25": ["ddos", "other"],
            "3.26": "Replay.",
            "3.27": "Trading.",
            "3.28": "yes",
            "3.29": "A gateway.",
            "3.33": "yes",
            "3.34": "Rerouted.",
            "3.35": "10.0.0.1",
            "4.1": ["malicious_actions"],
            "4.2": ["system_failure_other"],
            "4.3": ["logging"],
            "4.4": "A token.",
            "4.5": "It was long-lived.",
            "4.6": "Rotated.",
            "4.7": NOON,
            "4.9": "It was not.",
            "4.15": "None.",
            "4.16": NINE,
        }
    ),
)
# What the partner adds for itself, by field.
THEIRS = {
    "2.1": "HM-17",
    "2.3": "2026-03-04T11:00:00Z",
    "2.9": False,
    "3.1": "CA-9",
    "3.30": "no",
    "3.31": ["none"],
    "4.10": "None.",
    "4.11": "None.",
    "4.13": 12.5,
    "4.14": 0,
}


def with_theirs(report):
    """The report with the partner's fields filled in."""
    whole = copy.deepcopy(report)
    for number, value in THEIRS.items():
        *way, last = its.NAMED[number].path
        place = whole
        for key in way:
            place = place.setdefault(key, {})
        place[last] = value
    return whole


def faults(report):
    """What both readings of the schema find: draft 7 has the `dependencies` that 2020-12 lost."""
    import jsonschema_rs

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    newest = schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    older = schema | {"$schema": "http://json-schema.org/draft-07/schema#"}
    older.pop("$id")
    newest.pop("$id")
    found = []
    for one, reader in (
        (newest, jsonschema_rs.Draft202012Validator),
        (older, jsonschema_rs.Draft7Validator),
    ):
        validator = reader(one, validate_formats=True)
        found += [error.message for error in validator.iter_errors(report)]
    return found


@needs_the_schema
@pytest.mark.parametrize("stage", its.STAGES)
def test_with_the_partner_s_own_fields_the_report_of_each_stage_is_valid(stage):
    report = build(replace(WHOLE, stage=stage))
    assert faults(with_theirs(report)) == []


@needs_the_schema
@pytest.mark.parametrize("stage", its.STAGES)
def test_with_nothing_but_what_the_schema_asks_for_it_is_valid_too(stage):
    least = Known(
        stage=stage,
        entity=replace(HELIX, parent_name="", parent_lei=""),
        text="Quotes were late.",
        origin="6MM",
        criteria=(dora.CRITICAL,),
    )
    report = with_theirs(build(least))
    if stage == "initial":
        assert faults(report) == []
        return
    wanted = {"incidentType", "rootCauseHLClassification"} if stage == "final" else {"incidentType"}
    assert faults(report)  # and what is wrong is listed as missing
    numbers = {row["number"] for row in its.missing(stage, report)}
    assert {"3.23", "3.22", "3.28"} <= numbers
    assert ("4.1" in numbers) == ("rootCauseHLClassification" in wanted)


@needs_the_schema
def test_the_schema_refuses_what_is_wrong():
    report = with_theirs(build(WHOLE))
    assert faults(report | {"reportCurrency": "XXX"})
    assert faults(report | {"strange": 1})
    assert faults({**report, "affectedEntity": [{"entityType": "AFFECTED_ENTITY"}]})


@needs_the_schema
def test_the_lists_are_those_of_the_schema():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    entity = schema["Entity"]["properties"]["affectedEntityType"]["items"]["enum"]
    assert [key for key, _ in ENTITY_TYPES] == entity
    row = schema["ClassificationType"]["properties"]
    codes = row["countryCodeMaterialityThresholds"]["items"]["enum"]
    assert sorted(key for key, _ in STATES) == sorted(codes)
    places = {**schema["Incident"]["properties"], **schema["IncidentType"]["properties"]}
    places |= row | schema["ImpactAssessment"]["properties"]
    for detail in details.DETAILS:
        found = places.get(its.NAMED[detail.number].path[-1], {})
        values = found.get("enum") or found.get("items", {}).get("enum")
        if values:
            assert [key for key, _ in detail.choices] == values, detail.number


def test_there_are_76_fields_15_10_35_and_16():
    numbers = [field.number for field in its.FIELDS]
    assert len(numbers) == len(set(numbers)) == 76
    assert [sum(n.startswith(f"{g}.") for n in numbers) for g in (1, 2, 3, 4)] == [15, 10, 35, 16]
    assert [len(its.due(stage)) for stage in its.STAGES] == [25, 60, 76]


def test_costs_and_what_a_partner_decides_are_never_in_it():
    theirs = [field for field in its.FIELDS if field.whose == its.PARTNER and field.number > "2"]
    report = build(WHOLE)
    assert {f.number for f in theirs} == {*THEIRS, "3.32", "4.12"}
    assert [f.number for f in theirs if its.at(report, f.path) is not None] == []


def test_what_is_missing_is_listed_with_its_number_its_name_and_whose_it_is():
    missing = its.missing("final", build(WHOLE))
    assert [row["number"] for row in missing] == [
        "1.12",  # its telephone number is none that the schema takes
        *("2.1", "2.3", "2.9", "3.1", "3.7", "3.30", "3.31", "4.10", "4.11", "4.13", "4.14"),
    ]
    assert missing[1] == {
        "number": "2.1",
        "name": "Reference of the financial entity",
        "whose": "partner",
    }


def test_known_and_missing_together_are_what_is_due():
    for stage in its.STAGES:
        report = build(replace(WHOLE, stage=stage))
        known = {field.number for field, _ in its.known(stage, report)}
        missing = {row["number"] for row in its.missing(stage, report)}
        due = {field.number for field in its.due(stage) if field.applies(report)}
        assert not known & missing
        assert known | missing == due


def test_what_belongs_to_a_later_stage_is_not_in_an_earlier_package():
    report = build(replace(WHOLE, stage="initial"))
    assert {f.number[0] for f in its.FIELDS if its.at(report, f.path) is not None} == {"1", "2"}
    assert "impactAssessment" not in report


def test_figures_are_marked_actual_estimated_or_no_impact():
    report = build(WHOLE)
    assert its.at(report, its.NAMED["3.12"].path) == [
        "actual_figures_for_clients_affected",
        "no_impact_on_financial_counterparts",
        "estimates_for_transactions_affected",
    ]
    assert its.at(report, its.NAMED["3.11"].path) == 1500.25
    assert its.at(report, its.NAMED["3.15"].path) == "000:03:05"
    assert its.at(report, its.NAMED["3.16"].path) == "000:02:05"
    assert report["informationDurationServiceDowntimeActualOrEstimate"] == "actual_figures"


@pytest.mark.parametrize(
    ("numbers", "mark"),
    [
        ({"clients": 0}, "no_impact_on_clients"),
        ({"clients": 0, "clients_share": Decimal("0.00")}, "no_impact_on_clients"),
        ({"clients": 0, "clients_share": "0"}, "no_impact_on_clients"),
        ({"clients": 0, "clients_share": "0.004"}, "actual_figures_for_clients_affected"),
        ({"clients": 1, "clients_share": Decimal("0.00")}, "actual_figures_for_clients_affected"),
        ({"clients_share": Decimal("0.00")}, "actual_figures_for_clients_affected"),
    ],
)
def test_a_share_that_rounds_to_nothing_is_not_said_to_be_no_impact(numbers, mark):
    report = build(replace(WHOLE, numbers=numbers))
    assert its.at(report, its.NAMED["3.12"].path) == [mark]


def test_nothing_known_makes_nothing_up():
    bare = Known(stage="final", entity=Entity("Helix"), text="Quotes were late.", origin="6MM")
    report = build(bare)
    assert report == {
        "incidentSubmission": "final_report",
        "reportCurrency": "EUR",
        "submittingEntity": {"name": "Helix"},
        "affectedEntity": [{"name": "Helix"}],
        "incident": {
            "incidentDescription": "Quotes were late.",
            "originatesFromThirdPartyProvider": "6MM",
        },
        "informationDurationServiceDowntimeActualOrEstimate": "no_information_available",
    }


def test_the_documentation_lists_every_field_as_it_is():
    path = Path(__file__).parents[3] / "docs" / "dora.md"
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("| 1.", "| 2.", "| 3.", "| 4."))
    ]
    words = {"initial": "first", "interim": "interim", "final": "final"}
    assert [row[:4] for row in rows] == [
        (one.number, one.name, words[one.stage], one.whose) for one in its.FIELDS
    ]
