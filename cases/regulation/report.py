"""The facts of one partner in the shape of the DORA reporting schema. Pure.

What is not known is left out and never made up; `its.missing` says what that is. Costs, and what a
partner decides itself, are not in it. Nothing is ever sent to an authority from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cases.regulation import dora, its
from cases.regulation.details import stamp

SUBMISSIONS = {
    "initial": "initial_notification",
    "interim": "intermediate_report",
    "final": "final_report",
}
_PHONE = re.compile(r"^\+?[1-9]\d{1,14}(\s?\(\d+\))?([-\s.]?\d+)*$")
_TYPES = {
    "unauthorised_access": "cybersecurity-related",
    "api_security": "cybersecurity-related",
    "outage": "system_failure",
}
_REPUTATIONS = {
    "media": "the_major_ict-related_incident_has_been_reflected_in_the_media",
    "complaints": "the_major_ict-related_incident_has_resulted_in_repetitive_complaints_from_"
    "different_clients_or_financial_counterparts_on_client-facing_services_or_critical_business_"
    "relationships",
    "requirements": "the_financial_entity_will_not_be_able_to_or_is_likely_not_to_be_able_to_meet_"
    "regulatory_requirements_as_a_result_of_the_major_ict-related_incident",
    "clients_lost": "the_financial_entity_will_or_is_likely_to_lose_clients_or_financial_"
    "counterparts_with_a_material_impact_on_its_business_as_a_result_of_the_major_ict-related_"
    "incident",
}
_COUNTED = {  # the name of the figures → the noun of their marks
    "clients": "clients",
    "counterparts": "financial_counterparts",
    "transactions": "transactions",
}
_LONGEST = 999 * 24 * 60  # minutes that fit the schema's DDD:HH:MM


@dataclass(frozen=True)
class Entity:
    """The partner, as the register has it. Contacts are name, e-mail and telephone."""

    name: str
    lei: str = ""
    types: tuple[str, ...] = ()
    parent_name: str = ""
    parent_lei: str = ""
    contacts: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known of the incident for this partner. `inputs` are those of its classification."""

    stage: str
    entity: Entity
    text: str
    origin: str
    services: str = ""
    category: str = ""
    is_ours: bool = False  # we found it, and the partner knows it from us
    detected_at: datetime | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)  # clients, clients_share, …
    estimates: frozenset[str] = frozenset()  # of clients, counterparts, transactions, times
    minutes: Mapping[str, int] = field(default_factory=dict)  # duration, downtime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    criteria: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def build(known: Known) -> dict[str, Any]:
    """The report, without what belongs to a later stage or is not known."""
    report: dict[str, Any] = {
        "incidentSubmission": SUBMISSIONS[known.stage],
        "reportCurrency": "EUR",
        **_entities(known.entity),
    }
    _put(report, "2.5", _criteria(known))
    for number, value in _values(known).items():
        if its.STAGES.index(its.NAMED[number].stage) <= its.STAGES.index(known.stage):
            _put(report, number, value)
    return report


def _entities(entity: Entity) -> dict[str, Any]:
    own: dict[str, Any] = {"name": entity.name} | ({"LEI": entity.lei} if entity.lei else {})
    affected = dict(own)
    if entity.types:
        affected |= {"entityType": "AFFECTED_ENTITY", "affectedEntityType": list(entity.types)}
    submitting = own | ({"entityType": "SUBMITTING_ENTITY"} if entity.lei else {})
    found: dict[str, Any] = {"submittingEntity": submitting, "affectedEntity": [affected]}
    parent = {"name": entity.parent_name, "LEI": entity.parent_lei}
    if any(parent.values()):
        kept = {key: value for key, value in parent.items() if value}
        kind = {"entityType": "ULTIMATE_PARENT_UNDERTAKING_ENTITY"}
        found["ultimateParentUndertaking"] = kind | kept
    for key, contact in zip(("primaryContact", "secondaryContact"), entity.contacts, strict=False):
        found[key] = _contact(*contact)
    return found


def _contact(name: str, email: str, phone: str) -> dict[str, str]:
    """A telephone number that the schema does not take is left out, and is missing then."""
    found = {"name": name, "email": email}
    return found | ({"phone": phone} if _PHONE.match(phone) else {})


def _criteria(known: Known) -> list[dict[str, Any]] | None:
    """The criteria that are met; a malicious access counts as losses of data."""
    keys = [dora.DATA if key == dora.ACCESS else key for key in known.criteria]
    return [{"classificationCriterion": key} for key in dict.fromkeys(keys)] or None


def _values(known: Known) -> dict[str, Any]:
    """Field number → value; None is not known. Details by hand count before what is derived."""
    inputs, kind = known.inputs, _TYPES.get(known.category)
    reputation = [_REPUTATIONS[key] for key in inputs.get("reputation", [])]
    derived: dict[str, Any] = {
        "2.2": _stamp(known.detected_at),
        "2.4": known.text,
        "2.6": sorted(inputs.get("member_states", [])) or None,
        "2.7": "third-party_provider" if known.is_ours else None,
        "2.8": known.origin,
        "3.2": _stamp(known.began_at),
        "3.3": _stamp(known.ended_at),
        "3.8": inputs.get("relevant_clients"),
        "3.11": _thousands(known.numbers.get("value_eur")),
        "3.12": _marks(known) or None,
        "3.13": reputation or None,
        "3.15": _span(known.minutes.get("duration")),
        "3.16": _span(known.minutes.get("downtime")),
        "3.17": _about_times(known),
        "3.20": list(inputs.get("data_losses", [])) or None,
        "3.22": known.services or None,
        "3.23": [kind] if kind else None,
        "4.8": _stamp(known.resolved_at),
        **_counted(known),
    }
    return derived | dict(known.details)


def _counted(known: Known) -> dict[str, Any]:
    """Fields 3.4 to 3.10: numbers and shares."""
    places = {"clients": ("3.4", "3.5"), "counterparts": ("3.6", "3.7")}
    places["transactions"] = ("3.9", "3.10")
    found: dict[str, Any] = {}
    for name, (number, share) in places.items():
        found[number] = known.numbers.get(name)
        per_cent = known.numbers.get(f"{name}_share")
        found[share] = None if per_cent is None else float(per_cent)
    return found


def _marks(known: Known) -> list[str]:
    """Field 3.12: what is actual, estimated, or not touched at all.

    That nobody was is said by the number alone: a share of 0.00 % may be a small one, rounded.
    """
    found = []
    for name, noun in _COUNTED.items():
        number, share = known.numbers.get(name), known.numbers.get(f"{name}_share")
        if number is None and share is None:
            continue
        if number == 0 and not Decimal(share or 0):
            found.append(f"no_impact_on_{noun}")
        else:
            quality = "estimates_for" if name in known.estimates else "actual_figures_for"
            found.append(f"{quality}_{noun}_affected")
    return found


def _about_times(known: Known) -> str:
    if not known.minutes:
        return "no_information_available"
    return "estimates" if "times" in known.estimates else "actual_figures"


def _thousands(value: int | None) -> float | None:
    return None if value is None else float(Decimal(value) / 1000)


def _span(minutes: int | None) -> str | None:
    """`DDD:HH:MM`; what is too long for it is left out."""
    if minutes is None or minutes > _LONGEST:
        return None
    hours, rest = divmod(minutes, 60)
    return f"{hours // 24:03d}:{hours % 24:02d}:{rest:02d}"


def _stamp(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


def _put(report: dict[str, Any], number: str, value: Any) -> None:
    """Put a value at its place; one of a criterion that is not met has none, and is left out."""
    if value is None:
        return
    place: Any = report
    *way, last = its.NAMED[number].path
    for key in way:
        if isinstance(place, list):
            place = next((row for row in place if row["classificationCriterion"] == key), None)
        elif key == "classificationTypes":
            place = place.get(key, [])
        else:
            place = place.setdefault(key, {})
        if place is None:
            return
    if not isinstance(place, list):
        place[last] = value
