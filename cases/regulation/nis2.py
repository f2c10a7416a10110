"""Whether an incident of a cloud or managed service provider is significant. Pure.

Implementing Regulation (EU) 2024/2690: Articles 7 (cloud) and 10 (managed services), which say the
same, and the general criteria of Article 3. Every “more than” is strict; of the share and the
number of users the smaller counts, so that exceeding either is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.regulation import decision
from cases.regulation.decision import Amount, Answer, Criterion, Finding, Outcome, above, said

HALF_AN_HOUR, HOUR = 30, 60  # minutes
SHARE, USERS = 5, 1_000_000


@dataclass(frozen=True)
class Inputs:
    """What is known; None is not known. Minutes; users in the Union, as per cent and number."""

    is_planned: bool = False
    unavailable: Amount | None = None
    limited: Amount | None = None
    limited_users_share: Amount | None = None
    limited_users: Amount | None = None
    malicious_compromise: bool | None = None
    data_users_share: Amount | None = None
    data_users: Amount | None = None
    loss_over_limit: bool | None = None
    trade_secrets: bool | None = None
    death: bool | None = None
    health: bool | None = None
    disruptive_access: bool | None = None
    recurring: bool | None = None


def classify(inputs: Inputs) -> Answer:
    """Significant, not significant, or not to be decided yet, with the articles."""
    if inputs.is_planned:
        return Answer(Outcome.NO, ("Art. 3(2)",))
    found = criterion(inputs)
    articles = tuple(finding.article for finding in found.met)
    if found.is_met is None:
        return Answer(Outcome.OPEN, articles, undecided=tuple(dict.fromkeys(found.open_inputs)))
    if not found.is_met:
        return Answer(Outcome.NO, ("Art. 3(1) not met",))
    is_estimate = any(finding.is_estimate for finding in found.met)
    return Answer(Outcome.YES, articles, (found.key,), is_estimate=is_estimate)


def criterion(i: Inputs) -> Criterion:
    """All tests: one that is met is enough."""
    users = _users("Art. 7(b), 10(b)", i.limited_users_share, i.limited_users, "limited_users")
    return Criterion(
        "significant",
        (
            above("Art. 7(a), 10(a)", "unavailable", i.unavailable, HALF_AN_HOUR),
            _both(above("Art. 7(b), 10(b)", "limited", i.limited, HOUR), users),
            said("Art. 7(c), 10(c)", "malicious_compromise", i.malicious_compromise),
            _users("Art. 7(d), 10(d)", i.data_users_share, i.data_users, "data_users"),
            said("Art. 3(1)(a)", "loss_over_limit", i.loss_over_limit),
            said("Art. 3(1)(b)", "trade_secrets", i.trade_secrets),
            said("Art. 3(1)(c)", "death", i.death),
            said("Art. 3(1)(d)", "health", i.health),
            said("Art. 3(1)(e)", "disruptive_access", i.disruptive_access),
            said("Art. 3(1)(f), 4", "recurring", i.recurring),
        ),
    )


def _users(article: str, share: Amount | None, number: Amount | None, name: str) -> Finding:
    """More than the smaller of the two: exceeding either is enough."""
    by_share, by_number = decision.exceeds(share, SHARE), decision.exceeds(number, USERS)
    is_met = decision.any_of([by_share, by_number])
    if is_met is None and number is not None and number.value == 0 and not number.still_grows:
        is_met = False  # no user at all is no share either
    asked = {f"{name}_share": by_share, name: by_number}
    missing = tuple(key for key, known in asked.items() if known is None)
    is_estimate = any(one is not None and one.is_estimate for one in (share, number))
    return Finding(article, is_met, missing, is_estimate)


def _both(first: Finding, second: Finding) -> Finding:
    """Met when both are."""
    missing = tuple(name for one in (first, second) if one.is_met is None for name in one.inputs)
    is_met = decision.all_of([first.is_met, second.is_met])
    return Finding(first.article, is_met, missing, first.is_estimate or second.is_estimate)
