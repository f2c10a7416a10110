"""The report of one facts package: what the record, the register and the desk know for a partner.

Only what concerns this partner is read: its figures, its classification, its register.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from cases.models import Classification, FactsPackage, Incident
from cases.regulation import its, standing
from cases.regulation.report import Entity, Known, build
from partners import directory
from partners.models import Partner

OUR_PART = "ICT third-party service provider"
_NUMBERS = ("clients", "clients_share", "transactions", "transactions_share", "value_eur")
_COUNTERPARTS = ("counterparts", "counterparts_share")


def fill(package: FactsPackage, incident: Incident, details: Mapping[str, Any]) -> None:
    """Put the report of a package in, and what it leaves open; the package is not saved yet.

    `details` are as `cases.regulation.details.clean` gives them.
    """
    row = standing.newest(package.involvement, Classification.Regime.DORA)
    package.report = build(_known(package, incident, row, details))
    package.missing = its.missing(package.stage, package.report)


def _known(
    package: FactsPackage,
    incident: Incident,
    row: Classification | None,
    details: Mapping[str, Any],
) -> Known:
    inputs: Mapping[str, Any] = row.inputs if row else {}
    category = incident.category
    return Known(
        stage=package.stage,
        entity=_entity(package.partner),
        text=package.text,
        origin=f"{settings.ORGANISATION_NAME}, {OUR_PART}",
        services=package.services,
        category=category.key if category else "",
        is_ours=incident.detection != Incident.Detection.PARTNER,
        detected_at=incident.detected_at,
        began_at=package.began_at,
        ended_at=package.ended_at,
        resolved_at=incident.resolved_at,
        numbers=_numbers(package, inputs),
        estimates=_estimates(package, inputs),
        minutes=_minutes(package, inputs),
        inputs=inputs,
        criteria=tuple(row.criteria) if row else (),
        details=details,
    )


def _entity(partner: Partner) -> Entity:
    """As the register has it; the first two who get notices are the contacts."""
    people = directory.notice_contacts(partner.pk)[:2]
    return Entity(
        name=partner.name,
        lei=partner.lei,
        types=tuple(partner.entity_types),
        parent_name=partner.parent_name,
        parent_lei=partner.parent_lei,
        contacts=tuple((one.name, one.email, one.phone) for one in people),
    )


def _numbers(package: FactsPackage, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the package, and of its classification what the package does not ask for."""
    found = {name: getattr(package, name) for name in _NUMBERS}
    for name in _COUNTERPARTS:
        found[name] = inputs[name]["value"] if name in inputs else None
    return {name: value for name, value in found.items() if value is not None}


def _estimates(package: FactsPackage, inputs: Mapping[str, Any]) -> frozenset[str]:
    found = {"clients", "transactions", "times"} if package.is_estimate else set()
    if any(inputs.get(name, {}).get("is_estimate") for name in _COUNTERPARTS):
        found.add("counterparts")
    if any(inputs.get(name, {}).get("is_estimate") for name in _said_by(package)):
        found.add("times")
    return frozenset(found)


def _said_by(package: FactsPackage) -> list[str]:
    """The spans that the package leaves to its classification."""
    said = {
        "duration": package.began_at is not None and package.ended_at is not None,
        "downtime": package.downtime_minutes is not None,
    }
    return [name for name, is_own in said.items() if not is_own]


def _minutes(package: FactsPackage, inputs: Mapping[str, Any]) -> dict[str, int]:
    """What is over: a duration that still grows is not one yet."""
    known = {
        name: int(inputs[name]["value"])
        for name in ("duration", "downtime")
        if name in inputs and not inputs[name].get("still_grows")
    }
    if package.downtime_minutes is not None:
        known["downtime"] = package.downtime_minutes
    if package.began_at and package.ended_at:
        known["duration"] = standing.minutes_between(package.began_at, package.ended_at)
    return known
