"""Parties that are bound, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from cases import disclosure
from cases.models import Incident, Involvement, OwnSupervision, Regime, RegulatoryClock
from cases.regulation import outcomes
from partners.models import Partner, Terms
from tests.conftest import NOW, People


def at(text: str) -> datetime:
    """A moment, UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.fixture
def bound(db: None) -> Callable[..., None]:
    """`bound(helix, "DORA", zone="Europe/Berlin")`: by these regimes; None is our own firm."""

    def call(whom: Partner | None, *regimes: str, **known: Any) -> None:
        Regime.objects.filter(code__in=regimes).update(is_on=True)
        rows = Terms.objects.filter(partner=whom) if whom else OwnSupervision.objects.all()
        assert rows.update(regimes=list(regimes), **known) == 1

    return call


@pytest.fixture
def involve(people: People) -> Callable[..., Involvement]:
    """`involve(incident, helix)`: the partner is affected."""

    def call(incident: Incident, partner: Partner) -> Involvement:
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=2,
            by=people.actor("communications"),
            at=NOW,
        )

    return call


@pytest.fixture
def put(people: People) -> Callable[..., None]:
    """`put(incident, row, "classified_major_at", at("2026-03-04T10:00"))`, by the commander."""

    def call(
        incident: Incident, row: Involvement | None, name: str, moment: Any, **known: Any
    ) -> None:
        outcomes.record_anchor(
            incident_id=incident.pk,
            involvement_id=row.pk if row else None,
            name=name,
            **({"moment": moment} if isinstance(moment, datetime) else {"day": moment}),
            by=people.actor("commander"),
            at=known.pop("when", at("2030-01-01T00:00")),
            **known,
        )

    return call


def clocks_of(incident: Incident, row: Involvement | None = None) -> dict[str, str]:
    """When each open clock is due, by the key of its rule."""
    rows = RegulatoryClock.objects.filter(incident=incident, involvement=row, outcome="")
    return {one.rule.key: f"{one.due_at:%Y-%m-%dT%H:%M}" for one in rows.select_related("rule")}
