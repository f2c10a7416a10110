"""What the desk adds to a facts package by hand, field by field of the report. Pure.

Everything else follows from the record: times, figures, the classification, the register. Values
of lists are those of the reporting schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cases.regulation import its
from incidentdesk.kernel.errors import InvalidInput

LONGEST = 32_000  # characters; the schema takes a few more


class Kind(StrEnum):
    """How a detail is entered."""

    TEXT = "text"
    KINDS = "kinds"
    CHOICE = "choice"
    MOMENT = "moment"


@dataclass(frozen=True)
class Detail:
    """One field that a person fills in."""

    number: str
    kind: Kind = Kind.TEXT
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """Its name with its number."""
        return f"{its.NAMED[self.number].name} ({self.number})"


def _plain(*keys: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, key.replace("_", " ")) for key in keys)


def _under(group: str, *keys: str) -> tuple[tuple[str, str], ...]:
    begins = group.replace("_", " ")
    return tuple((f"{group}_{key}", f"{begins}: {key.replace('_', ' ')}") for key in keys)


_IMPACTS = (
    ("clients", "clients"),
    ("financial_counterparts", "financial counterparts"),
    ("branch_of_the_financial_entity", "a branch of the entity"),
    (
        "financial_entities_within_the_group_carrying_out_activities_in_the_respective_member_state",
        "entities of the group in that state",
    ),
    ("financial_market_infrastructure", "financial market infrastructure"),
    (
        "third-party_providers_that_may_be_common_to_other_financial_entities",
        "third-party providers that others may use too",
    ),
)
_CAUSES = (
    *_under(
        "malicious_actions",
        "deliberate_internal_actions",
        "deliberate_physical_damage_manipulation_theft",
        "fraudulent_actions",
    ),
    *_under(
        "process_failure",
        "insufficient_monitoring_or_failure_of_monitoring_and_control",
        "insufficient_unclear_roles_and_responsibilities",
        "ICT_risk_management_process_failure",
        "insufficient_or_failure_of_ict_operations_and_ict_security_operations",
        "insufficient_or_failure_of_ict_project_management",
        "inadequacy_of_internal_policies_procedures_and_documentation",
        "inadequate_ict_systems_acquisition_development_and_maintenance",
        "other",
    ),
    *_under(
        "system_failure",
        "hardware_capacity_and_performance",
        "hardware_maintenance",
        "hardware_obsolescence_ageing",
        "software_compatibility_configuration",
        "software_performance",
        "network_configuration",
        "physical_damage",
        "other",
    ),
    *_under(
        "human_error",
        "omission",
        "mistake",
        "skills_knowledge",
        "inadequate_human_resources",
        "miscommunication",
        "other",
    ),
    *_under("external_event", "natural_disasters_force_majeure", "third-party_failures", "other"),
)
TYPES = _plain(
    "cybersecurity-related",
    "process_failure",
    "system_failure",
    "external_event",
    "payment-related",
    "other",
)

DETAILS = (
    Detail("2.10"),
    Detail("3.14"),
    Detail("3.18", Kind.KINDS, _IMPACTS),
    Detail("3.19"),
    Detail("3.21"),
    Detail("3.23", Kind.KINDS, TYPES),
    Detail("3.24"),
    Detail(
        "3.25",
        Kind.KINDS,
        _plain(
            "social_engineering_including_phishing",
            "ddos",
            "identity_theft",
            "data_encryption_for_impact_including_ransomware",
            "resource_hijacking",
            "data_exfiltration_and_manipulation_including_identity_theft",
            "data_destruction",
            "defacement",
            "supply-chain_attack",
            "other",
        ),
    ),
    Detail("3.26"),
    Detail("3.27"),
    Detail("3.28", Kind.CHOICE, _plain("yes", "no", "information_not_available")),
    Detail("3.29"),
    Detail("3.33", Kind.CHOICE, _plain("yes", "no")),
    Detail("3.34"),
    Detail("3.35"),
    Detail(
        "4.1",
        Kind.KINDS,
        _plain(
            "malicious_actions",
            "process_failure",
            "system_failure_malfunction",
            "human_error",
            "external_event",
        ),
    ),
    Detail("4.2", Kind.KINDS, _CAUSES),
    Detail(
        "4.3",
        Kind.KINDS,
        _plain(
            "monitoring_of_policy_adherence",
            "monitoring_of_third-party_service_providers",
            "monitoring_and_verification_of_remediation_of_vulnerabilities",
            "identity_and_access_management",
            "encryption_and_cryptography",
            "logging",
            "failure_in_specifying_accurate_risk_tolerance_levels",
            "insufficient_vulnerability_and_threat_assessments",
            "inadequate_risk_treatment_measures",
            "poor_management_of_residual_ict_risks",
            "vulnerability_and_patch_management",
            "change_management",
            "capacity_and_performance_management",
            "ict_asset_management_and_information_classification",
            "backup_and_restore",
            "error_handling",
            "inadequate_ict_systems_acquisition_development_and_maintenance",
            "insufficient_or_failure_of_software_testing",
        ),
    ),
    Detail("4.4"),
    Detail("4.5"),
    Detail("4.6"),
    Detail("4.7", Kind.MOMENT),
    Detail("4.9"),
    Detail("4.15"),
    Detail("4.16", Kind.MOMENT),
)
BY_NUMBER = {detail.number: detail for detail in DETAILS}


def clean(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was entered, by number, as the report holds it; empty ones are left out."""
    strange = sorted(set(raw) - set(BY_NUMBER))
    if strange:
        raise InvalidInput(f"Field {strange[0]} is not entered by hand; leave it out.")
    found = {number: _clean(BY_NUMBER[number], value) for number, value in raw.items()}
    return {number: value for number, value in found.items() if value not in (None, "", [])}


def texts(cleaned: Mapping[str, Any]) -> list[str]:
    """The words among them, which a partner reads."""
    return [value for number, value in cleaned.items() if BY_NUMBER[number].kind == Kind.TEXT]


def _clean(detail: Detail, value: Any) -> Any:
    if value in (None, "", []):
        return None
    if detail.kind == Kind.MOMENT:
        return stamp(value) if isinstance(value, datetime) else str(value)
    if detail.kind == Kind.TEXT:
        if len(text := str(value).strip()) > LONGEST:
            raise InvalidInput(f"{detail.label} is longer than {LONGEST:,} characters; shorten it.")
        return text
    keys = [key for key, _ in detail.choices]
    chosen = [value] if detail.kind == Kind.CHOICE else list(value)
    if not set(chosen) <= set(keys):
        raise InvalidInput(f"{detail.label}: choose from the list.")
    if detail.number == "3.33":
        return value == "yes"
    return value if detail.kind == Kind.CHOICE else [key for key in keys if key in chosen]


def stamp(moment: datetime) -> str:
    """A time as the schema has it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
