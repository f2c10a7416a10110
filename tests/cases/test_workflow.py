"""The moves of an incident: each gate, each refusal, the order."""

from __future__ import annotations

import pytest

from cases import timeline
from cases.models import Entry, Incident, Move

pytestmark = pytest.mark.django_db


def test_an_incident_walks_through_all_phases_to_its_review(incident_in):
    incident = incident_in("review")
    assert [m.to_phase for m in Move.objects.filter(incident=incident)] == [
        "identification",
        "containment",
        "mitigation",
        "recovery",
        "review",
    ]
    assert timeline.first_fault(incident) is None
    assert Entry.objects.filter(incident=incident).count() > 20
    assert Incident.objects.get().reference == "INC-2026-0001"
