"""The 76 fields of the DORA report: ITS (EU) 2025/302, Annex I. Pure; a table and its look-ups.

Each with the stage from which it is due, whose it is, and where it stands in the JSON of the
reporting schema IR-1.2.1. Costs, codes of the authority and what a partner alone decides are the
partner's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cases.regulation import dora

STAGES = ("initial", "interim", "final")
DESK, PARTNER = "desk", "partner"
Report = Mapping[str, Any]
_OF_STAGE = {"1": "initial", "2": "initial", "3": "interim", "4": "final"}

# Number | whose | where | name. What begins with $ is spelled out in _PLACES.
_TABLE = """
1.1 | desk | incidentSubmission | Type of submission
1.2 | partner | submittingEntity.name | Name of the entity submitting the report
1.3 | partner | submittingEntity.LEI | Code of the entity submitting the report
1.4 | partner | affectedEntity.affectedEntityType | Type of the affected financial entity
1.5 | partner | affectedEntity.name | Name of the affected financial entity
1.6 | partner | affectedEntity.LEI | LEI of the affected financial entity
1.7 | partner | primaryContact.name | Primary contact: name
1.8 | partner | primaryContact.email | Primary contact: e-mail
1.9 | partner | primaryContact.phone | Primary contact: telephone
1.10 | partner | secondaryContact.name | Second contact: name
1.11 | partner | secondaryContact.email | Second contact: e-mail
1.12 | partner | secondaryContact.phone | Second contact: telephone
1.13 | partner | ultimateParentUndertaking.name | Ultimate parent: name
1.14 | partner | ultimateParentUndertaking.LEI | Ultimate parent: LEI
1.15 | desk | reportCurrency | Reporting currency
2.1 | partner | $incident.financialEntityCode | Reference of the financial entity
2.2 | desk | $incident.detectionDateTime | Date and time of detection
2.3 | partner | $incident.classificationDateTime | Date and time of classification as major
2.4 | desk | $incident.incidentDescription | Description
2.5 | desk | $incident.classificationTypes | Criteria that triggered the report
2.6 | desk | $geography.countryCodeMaterialityThresholds | Member States reached
2.7 | desk | $incident.incidentDiscovery | How it was discovered
2.8 | desk | $incident.originatesFromThirdPartyProvider | Third party it originates from
2.9 | partner | $incident.isBusinessContinuityActivated | Business continuity plan activated
2.10 | desk | $incident.otherInformation | Other information
3.1 | partner | $incident.competentAuthorityCode | Reference of the authority
3.2 | desk | $incident.incidentOccurrenceDateTime | Date and time of occurrence
3.3 | desk | $service.serviceRestorationDateTime | Date and time of restoration
3.4 | desk | $assets.affectedClients.number | Clients affected: number
3.5 | desk | $assets.affectedClients.percentage | Clients affected: per cent
3.6 | desk | $assets.affectedFinancialCounterparts.number | Counterparts affected: number
3.7 | desk | $assets.affectedFinancialCounterparts.percentage | Counterparts affected: per cent
3.8 | desk | $impact.hasImpactOnRelevantClients | Relevant clients or counterparts affected
3.9 | desk | $assets.affectedTransactions.number | Transactions affected: number
3.10 | desk | $assets.affectedTransactions.percentage | Transactions affected: per cent
3.11 | desk | $assets.valueOfAffectedTransactions | Value of these transactions, in thousands
3.12 | desk | $assets.numbersActualEstimate | Actual figures or estimates
3.13 | desk | $reputation.reputationalImpactType | Reputational impact
3.14 | desk | $reputation.reputationalImpactDescription | Reputational impact: context
3.15 | desk | $incident.incidentDuration | Duration of the incident
3.16 | desk | $service.serviceDowntime | Service downtime
3.17 | desk | informationDurationServiceDowntimeActualOrEstimate | Both: actual or estimates
3.18 | desk | $geography.memberStatesImpactType | Kinds of impact in the Member States
3.19 | desk | $geography.memberStatesImpactTypeDescription | Impact in other Member States
3.20 | desk | $data.dataLosseMaterialityThresholds | Losses of data: kinds
3.21 | desk | $data.dataLossesDescription | Losses of data: description
3.22 | desk | $impact.criticalServicesAffected | Critical services affected
3.23 | desk | $kind.incidentClassification | Type of the incident
3.24 | desk | $kind.otherIncidentClassification | Other type of incident
3.25 | desk | $kind.threatTechniques | Threats and techniques
3.26 | desk | $kind.otherThreatTechniques | Other techniques
3.27 | desk | $impact.affectedFunctionalAreas | Functional areas and processes affected
3.28 | desk | $impact.isAffectedInfrastructureComponents | Infrastructure components affected
3.29 | desk | $impact.affectedInfrastructureComponents | Infrastructure components: which
3.30 | partner | $impact.isImpactOnFinancialInterest | Impact on the financial interest of clients
3.31 | partner | reportingToOtherAuthorities | Other authorities told
3.32 | partner | reportingToOtherAuthoritiesOther | Other authorities told: which
3.33 | desk | $service.isTemporaryActionsMeasuresForRecovery | Temporary measures taken or planned
3.34 | desk | $service.descriptionOfTemporaryActionsMeasuresForRecovery | Temporary measures: which
3.35 | desk | $kind.indicatorsOfCompromise | Indicators of compromise
4.1 | desk | $incident.rootCauseHLClassification | Root causes, at a high level
4.2 | desk | $incident.rootCausesDetailedClassification | Root causes, in detail
4.3 | desk | $incident.rootCausesAdditionalClassification | Root causes, additional
4.4 | desk | $incident.rootCausesOther | Other root causes
4.5 | desk | $incident.rootCausesInformation | About the root causes
4.6 | desk | $incident.incidentResolutionSummary | How it was resolved
4.7 | desk | $incident.rootCauseAddressingDateTime | When the root cause was addressed
4.8 | desk | $incident.incidentResolutionDateTime | Date and time of resolution
4.9 | desk | $incident.incidentResolutionVsPlannedImplementation | Later than planned: why
4.10 | partner | $incident.assessmentOfRiskToCriticalFunctions | Risk to critical functions
4.11 | partner | $incident.informationRelevantToResolutionAuthorities | For resolution authorities
4.12 | partner | $money.economicImpactMaterialityThreshold | Economic impact: threshold
4.13 | partner | $incident.grossAmountIndirectDirectCosts | Gross costs and losses
4.14 | partner | $incident.financialRecoveriesAmount | Financial recoveries
4.15 | desk | $incident.recurringNonMajorIncidentsDescription | Recurring non-major incidents
4.16 | desk | $incident.recurringIncidentDate | Recurring incidents: date and time
"""
_PLACES = {
    "$incident": "incident",
    "$kind": "incident.incidentType",
    "$impact": "impactAssessment",
    "$assets": "impactAssessment.affectedAssets",
    "$service": "impactAssessment.serviceImpact",
    "$geography": f"incident.classificationTypes.{dora.GEOGRAPHY}",
    "$data": f"incident.classificationTypes.{dora.DATA}",
    "$reputation": f"incident.classificationTypes.{dora.REPUTATION}",
    "$money": f"incident.classificationTypes.{dora.MONEY}",
}


@dataclass(frozen=True)
class Field:
    """One field: its number and name, whose it is, and where it stands in the report."""

    number: str
    whose: str
    path: tuple[str, ...]
    name: str

    @property
    def stage(self) -> str:
        """The first package in which it belongs."""
        return _OF_STAGE[self.number[0]]

    def applies(self, report: Report) -> bool:
        """Whether it is asked for, as far as the report says."""
        condition = _ONLY_IF.get(self.number)
        return condition is None or condition(report)


def _read(line: str) -> Field:
    number, whose, where, name = (part.strip() for part in line.split(" | "))
    first, dot, rest = where.partition(".")
    path = tuple(f"{_PLACES.get(first, first)}{dot}{rest}".split("."))
    return Field(number, whose, path, name)


FIELDS = tuple(_read(line) for line in _TABLE.strip().splitlines())
NAMED = {field.number: field for field in FIELDS}


def at(report: Report, path: tuple[str, ...]) -> Any:
    """What stands at a place; None is nothing. Of the criteria a place names one, of the entities
    that are affected there is one."""
    found: Any = report
    for key in path:
        if isinstance(found, list):
            rows = [row for row in found if row.get("classificationCriterion") == key]
            found = rows[0] if rows else None
        else:
            found = found.get(key) if isinstance(found, Mapping) else None
        if key == "affectedEntity" and found:
            found = found[0]
    return found


def due(stage: str) -> list[Field]:
    """The fields that belong in a package of this stage, those of earlier ones included."""
    last = STAGES.index(stage)
    return [field for field in FIELDS if STAGES.index(field.stage) <= last]


def missing(stage: str, report: Report) -> list[dict[str, str]]:
    """What a package of this stage leaves open, in order: number, name, whose."""
    return [
        {"number": field.number, "name": field.name, "whose": field.whose}
        for field in due(stage)
        if field.applies(report) and at(report, field.path) is None
    ]


def known(stage: str, report: Report) -> Iterator[tuple[Field, Any]]:
    """What it holds, in order."""
    for field in due(stage):
        value = at(report, field.path)
        if value is not None:
            yield field, value


def _holds(number: str, *words: str) -> Callable[[Report], bool]:
    """The field holds a word that ends so."""

    def applies(report: Report) -> bool:
        value = at(report, NAMED[number].path)
        listed = value if isinstance(value, list) else [value]
        return any(str(one).endswith(words) for one in listed)

    return applies


def _met(criterion: str) -> Callable[[Report], bool]:
    return lambda report: at(report, (*NAMED["2.5"].path, criterion)) is not None


_CYBER = _holds("3.23", "cybersecurity-related")
_ONLY_IF: dict[str, Callable[[Report], bool]] = {
    **dict.fromkeys(("2.6", "3.18", "3.19"), _met(dora.GEOGRAPHY)),
    **dict.fromkeys(("3.13", "3.14"), _met(dora.REPUTATION)),
    **dict.fromkeys(("3.20", "3.21"), _met(dora.DATA)),
    **dict.fromkeys(("3.25", "3.35"), _CYBER),
    "3.24": _holds("3.23", "other"),
    "3.26": _holds("3.25", "other"),
    "3.29": _holds("3.28", "yes"),
    "3.32": _holds("3.31", "other"),
    "3.34": _holds("3.33", "True"),
    "4.4": _holds("4.2", "_other"),
    "4.12": _met(dora.MONEY),
    "4.16": lambda report: at(report, NAMED["4.15"].path) is not None,
}
