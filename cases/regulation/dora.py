"""Whether an incident is major: RTS (EU) 2024/1772, Articles 1 to 9. Pure.

`major` = critical services (Art. 6) and either a malicious access that may lose data (9(5)(b)) or
two of the other thresholds (8(1)). Every “more than” is strict. For a provider the answer is a
recommendation: the financial entity classifies.

An access whose data impact falls under 9(5)(a) counts under (b) as well: “not covered by point (a)”
keeps the two apart, and would otherwise make the worse of two accesses the milder one.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.regulation import decision
from cases.regulation.decision import Amount, Answer, Criterion, Finding, Outcome, above, said

CRITICAL = "critical_services_affected"
CLIENTS = "clients_financial_counterparts_and_transactions_affected"
REPUTATION = "reputational_impact"
DURATION = "duration_and_service_downtime"
GEOGRAPHY = "geographical_spread"
DATA = "data_losses"
ACCESS = "malicious_access"  # of the same criterion as data in the report
MONEY = "economic_impact"
COUNTED = (CLIENTS, REPUTATION, DURATION, GEOGRAPHY, DATA, MONEY)

SHARE, COUNTERPARTS_SHARE, CLIENTS_NUMBER = 10, 30, 100_000
DAY, TWO_HOURS, STATES = 24 * 60, 2 * 60, 1  # minutes; more than one Member State

# The kinds of Art. 2, each with its article.
REPUTATIONS = {
    "media": "Art. 2(1)(a)",
    "complaints": "Art. 2(1)(b)",
    "requirements": "Art. 2(1)(c)",
    "clients_lost": "Art. 2(1)(d)",
}
LOSSES = ("availability", "authenticity", "integrity", "confidentiality")


@dataclass(frozen=True)
class Inputs:
    """What is known for one party; None is not known, an empty set is none. Minutes, per cent."""

    supports_critical: bool | None = None
    supervised_services: bool | None = None
    malicious_access: bool | None = None
    clients: Amount | None = None
    clients_share: Amount | None = None
    counterparts: Amount | None = None
    counterparts_share: Amount | None = None
    transactions: Amount | None = None
    transactions_share: Amount | None = None
    value_eur: Amount | None = None
    value_share: Amount | None = None
    relevant_clients: bool | None = None
    reputation: frozenset[str] | None = None
    duration: Amount | None = None
    downtime: Amount | None = None
    member_states: frozenset[str] | None = None
    data_losses: frozenset[str] | None = None
    data_losses_hurt: bool | None = None
    access_may_lose_data: bool | None = None
    costs_over_limit: bool | None = None


def classify(inputs: Inputs) -> Answer:
    """Major, not major, or not to be decided yet, with the articles that led there."""
    critical, *others = criteria(inputs)
    counted = [one for one in others if one.key in COUNTED]
    access = next(one for one in others if one.key == ACCESS)
    enough = decision.any_of([access.is_met, decision.at_least_two(c.is_met for c in counted)])
    is_major = decision.all_of([critical.is_met, enough])
    met = [one for one in (critical, *others) if one.is_met]
    findings = [finding for one in met for finding in one.met]
    articles = [finding.article for finding in findings]
    if is_major is None:
        undecided = tuple(decision.pivotal([critical, *others], _is_major))
        return Answer(Outcome.OPEN, tuple(articles), _keys(met), undecided)
    if not is_major:
        why = "Art. 6 not met" if critical.is_met is False else "Art. 8(1) not met"
        return Answer(Outcome.NO, (*articles, why), _keys(met))
    rule = "Art. 8(1)(a)" if access.is_met else "Art. 8(1)(b)"
    is_estimate = any(finding.is_estimate for finding in findings)
    return Answer(Outcome.YES, (*articles, rule), _keys(met), is_estimate=is_estimate)


def criteria(inputs: Inputs) -> list[Criterion]:
    """The thresholds with their tests: critical services first."""
    i = inputs
    return [
        Criterion(
            CRITICAL,
            (
                said("Art. 6(a)", "supports_critical", i.supports_critical),
                said("Art. 6(b)", "supervised_services", i.supervised_services),
                said("Art. 6(c)", "malicious_access", i.malicious_access),
            ),
        ),
        Criterion(CLIENTS, _clients(i)),
        Criterion(REPUTATION, _reputation(i)),
        Criterion(DURATION, _duration(i)),
        Criterion(GEOGRAPHY, (_geography(i),)),
        Criterion(DATA, (_data(i),)),
        Criterion(ACCESS, (_access(i),)),
        Criterion(MONEY, (said("Art. 9(6)", "costs_over_limit", i.costs_over_limit),)),
    ]


def _is_major(met: dict[str, bool]) -> bool:
    return met[CRITICAL] and (met[ACCESS] or sum(met[key] for key in COUNTED) >= 2)


def _clients(i: Inputs) -> tuple[Finding, ...]:
    return (
        above("Art. 9(1)(a)", "clients_share", i.clients_share, SHARE),
        above("Art. 9(1)(b)", "clients", i.clients, CLIENTS_NUMBER),
        above("Art. 9(1)(c)", "counterparts_share", i.counterparts_share, COUNTERPARTS_SHARE),
        above("Art. 9(1)(d)", "transactions_share", i.transactions_share, SHARE),
        above("Art. 9(1)(e)", "value_share", i.value_share, SHARE),
        said("Art. 9(1)(f)", "relevant_clients", i.relevant_clients),
    )


def _reputation(i: Inputs) -> tuple[Finding, ...]:
    if i.reputation is None:
        return (Finding("Art. 9(2)", None, ("reputation",)),)
    return tuple(
        Finding(f"Art. 9(2), {REPUTATIONS[kind]}", True, ())
        for kind in REPUTATIONS
        if kind in i.reputation
    )


def _duration(i: Inputs) -> tuple[Finding, ...]:
    down = decision.all_of([i.supports_critical, decision.exceeds(i.downtime, TWO_HOURS)])
    asked = {"supports_critical": i.supports_critical}
    asked["downtime"] = decision.exceeds(i.downtime, TWO_HOURS)
    missing = tuple(name for name, known in asked.items() if known is None)
    is_estimate = i.downtime is not None and i.downtime.is_estimate
    return (
        above("Art. 9(3)(a)", "duration", i.duration, DAY),
        Finding("Art. 9(3)(b)", down, missing, is_estimate),
    )


def _geography(i: Inputs) -> Finding:
    known = None if i.member_states is None else len(i.member_states) > STATES
    return said("Art. 9(4)", "member_states", known)


def _data(i: Inputs) -> Finding:
    known = None if i.data_losses is None else bool(i.data_losses)
    asked = {"data_losses": known, "data_losses_hurt": i.data_losses_hurt}
    missing = tuple(name for name, answer in asked.items() if answer is None)
    return Finding("Art. 9(5)(a)", decision.all_of(asked.values()), missing)


def _access(i: Inputs) -> Finding:
    asked = {"malicious_access": i.malicious_access, "access_may_lose_data": i.access_may_lose_data}
    missing = tuple(name for name, answer in asked.items() if answer is None)
    return Finding("Art. 9(5)(b)", decision.all_of(asked.values()), missing)


def _keys(met: list[Criterion]) -> tuple[str, ...]:
    return tuple(one.key for one in met)
