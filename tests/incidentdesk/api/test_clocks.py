"""Regulators' clocks through the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import disclosure, restriction
from cases.models import RegulatoryClock
from partners.models import Terms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def stamp(moment) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def major(declare, people, helix, program):
    """An incident in which Helix is major since two hours ago, recorded by a program."""
    Terms.objects.filter(partner=helix).update(regimes=["DORA"])
    incident = declare(aware_at=NOW - 3 * HOUR, detected_at=NOW - 3 * HOUR)
    row = disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=helix.pk,
        title="Delayed quotes",
        meaning="Use EU-1.",
        severity=2,
        by=people.actor("communications"),
        at=NOW,
    )
    answer = program("commander").post(
        f"/incidents/{incident.pk}/record-anchor",
        name="classified_major_at",
        moment=stamp(NOW - 2 * HOUR),
        involvement_id=row.pk,
    )
    assert answer.status_code == 200, answer.content
    return incident, row


def test_a_program_reads_the_clocks_of_an_incident(major, program, helix):
    incident, row = major
    answer = program("responder").get(f"/incidents/{incident.pk}/clocks")
    clock = RegulatoryClock.objects.get()
    assert answer.json() == {
        "items": [
            {
                "id": clock.pk,
                "incident_id": incident.pk,
                "incident": incident.reference,
                "involvement_id": row.pk,
                "partner": "HELIX",
                "rule_key": "DORA-INIT",
                "rule": "Initial notification",
                "regime": "DORA",
                "source": "RTS 2025/301 Art. 5(1)(a), (2)",
                "anchor_at": stamp(NOW - 2 * HOUR),
                "due_at": stamp(NOW + 2 * HOUR),
                "outcome": "",
                "met_at": None,
                "reference": "",
                "reason": "",
                "recorded_at": None,
                "recorded_by": None,
            }
        ],
        "next": None,
    }


def test_a_program_records_an_outcome_and_takes_it_back(major, program):
    incident, row = major
    commander = program("commander")
    sent = {"rule_key": "DORA-INIT", "kind": "submitted", "sent_at": stamp(NOW - HOUR)}
    call = f"/incidents/{incident.pk}/record-outcome"
    answer = commander.post(call, **sent, involvement_id=row.pk, reference="BAF-1").json()
    found = [answer[name] for name in ("outcome", "met_at", "reference", "recorded_by")]
    assert found == ["submitted", stamp(NOW - HOUR), "BAF-1", "Incident commander"]
    keys = [one["rule_key"] for one in commander.get("/clocks", open="true").json()["items"]]
    assert keys == ["DORA-INTERM"]
    back = commander.post(f"/clocks/{answer['id']}/take-back", reason="A mistake.")
    assert back.status_code == 200, back.content
    keys = [one["rule_key"] for one in commander.get("/clocks", open="true").json()["items"]]
    assert keys == ["DORA-INIT"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"regime": "DORA"}, 1),
        ({"regime": "NIS2"}, 0),
        ({"partner": "HELIX"}, 1),
        ({"partner": "NORR"}, 0),
        ({"open": "false"}, 0),
        ({"due_before": stamp(NOW)}, 0),
        ({"due_before": stamp(NOW + 3 * HOUR)}, 1),
    ],
)
def test_clocks_are_filtered(major, program, query, count):
    assert len(program("responder").get("/clocks", **query).json()["items"]) == count


def test_a_responder_records_nothing(major, program):
    incident, row = major
    call = f"/incidents/{incident.pk}/record-outcome"
    said = {"rule_key": "DORA-INIT", "kind": "not_sent", "reason": "x", "involvement_id": row.pk}
    assert program("responder").post(call, **said).status_code == 403


def test_a_restricted_incidents_clocks_are_not_there(major, program, people):
    incident, _ = major
    clock = RegulatoryClock.objects.get()
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="Insider.",
        by=people.actor("commander"),
        at=NOW,
    )
    other = program("security")
    assert other.get(f"/incidents/{incident.pk}/clocks").status_code == 404
    assert other.get("/clocks").json()["items"] == []
    assert other.post(f"/clocks/{clock.pk}/take-back", reason="x").status_code in (403, 404)
