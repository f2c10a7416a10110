"""Each threshold of the articles on both sides, and rules that hold for all inputs.

DORA: RTS 2024/1772 Articles 1 to 9. NIS2: 2024/2690 Articles 3, 4, 7 and 10. GDPR: 4(12), 33, 34.
"""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.regulation import dora, gdpr, inputs, nis2
from cases.regulation.decision import Amount, Outcome
from cases.regulation.dora import Inputs

YES, NO, OPEN = Outcome.YES, Outcome.NO, Outcome.OPEN
NONE: frozenset[str] = frozenset()
# All is known, and no threshold is met: of every number exactly the limit.
QUIET = Inputs(
    supports_critical=True,
    supervised_services=False,
    malicious_access=False,
    clients=Amount(100_000),
    clients_share=Amount(10),
    counterparts=Amount(0),
    counterparts_share=Amount(30),
    transactions=Amount(0),
    transactions_share=Amount(10),
    value_eur=Amount(0),
    value_share=Amount(10),
    relevant_clients=False,
    reputation=NONE,
    duration=Amount(24 * 60),
    downtime=Amount(2 * 60),
    member_states=frozenset({"DE"}),
    data_losses=NONE,
    data_losses_hurt=False,
    access_may_lose_data=False,
    costs_over_limit=False,
)
# One threshold that is met already, so that another one makes two.
T4 = {"member_states": frozenset({"DE", "FR"})}
T6 = {"costs_over_limit": True}
ACCESS = {"malicious_access": True, "access_may_lose_data": True}


def just(value: str) -> Amount:
    return Amount(Decimal(value))


CASES = [
    # nothing met; exactly at every limit
    ("all at the limit", {}, NO, "Art. 8(1) not met"),
    # Art. 9(1), each on both sides, beside one other threshold
    ("clients 10 %", T4 | {"clients_share": just("10.00")}, NO, "Art. 9(4)"),
    ("clients over 10 %", T4 | {"clients_share": just("10.01")}, YES, "Art. 9(1)(a)"),
    ("clients 100,000", T4 | {"clients": Amount(100_000)}, NO, "Art. 9(4)"),
    ("clients over 100,000", T4 | {"clients": Amount(100_001)}, YES, "Art. 9(1)(b)"),
    ("counterparts 30 %", T4 | {"counterparts_share": just("30")}, NO, "Art. 9(4)"),
    ("counterparts over 30 %", T4 | {"counterparts_share": just("30.01")}, YES, "Art. 9(1)(c)"),
    ("counterparts 10.01 %", T4 | {"counterparts_share": just("10.01")}, NO, "Art. 9(4)"),
    ("transactions 10 %", T4 | {"transactions_share": just("10")}, NO, "Art. 9(4)"),
    ("transactions over 10 %", T4 | {"transactions_share": just("10.01")}, YES, "Art. 9(1)(d)"),
    ("value 10 %", T4 | {"value_share": just("10")}, NO, "Art. 9(4)"),
    ("value over 10 %", T4 | {"value_share": just("10.01")}, YES, "Art. 9(1)(e)"),
    ("a number of transactions alone", T4 | {"transactions": Amount(10**9)}, NO, "Art. 9(4)"),
    ("a number of counterparts alone", T4 | {"counterparts": Amount(10**6)}, NO, "Art. 9(4)"),
    ("no relevant client", T4 | {"relevant_clients": False}, NO, "Art. 9(4)"),
    ("a relevant client", T4 | {"relevant_clients": True}, YES, "Art. 9(1)(f)"),
    # Art. 9(2) with Art. 2
    ("no talk", T4 | {"reputation": NONE}, NO, "Art. 9(4)"),
    ("in the media", T4 | {"reputation": frozenset({"media"})}, YES, "Art. 9(2), Art. 2(1)(a)"),
    ("complaints", T4 | {"reputation": frozenset({"complaints"})}, YES, "Art. 9(2), Art. 2(1)(b)"),
    ("duties", T4 | {"reputation": frozenset({"requirements"})}, YES, "Art. 9(2), Art. 2(1)(c)"),
    (
        "clients go",
        T4 | {"reputation": frozenset({"clients_lost"})},
        YES,
        "Art. 9(2), Art. 2(1)(d)",
    ),
    # Art. 9(3)
    ("24 hours", T4 | {"duration": Amount(1440)}, NO, "Art. 9(4)"),
    ("over 24 hours", T4 | {"duration": Amount(1441)}, YES, "Art. 9(3)(a)"),
    ("down two hours", T4 | {"downtime": Amount(120)}, NO, "Art. 9(4)"),
    ("down over two hours", T4 | {"downtime": Amount(121)}, YES, "Art. 9(3)(b)"),
    (
        "down over two hours, no critical function",
        T4 | {"downtime": Amount(121), "supports_critical": False, "supervised_services": True},
        NO,
        "Art. 9(4)",
    ),
    ("duration goes on within 24 h", T4 | {"duration": Amount(600, still_grows=True)}, OPEN, ""),
    ("duration goes on over 24 h", T4 | {"duration": Amount(1441, still_grows=True)}, YES, ""),
    # Art. 9(4)
    ("no Member State", T6 | {"member_states": NONE}, NO, "Art. 9(6)"),
    ("one Member State", T6 | {"member_states": frozenset({"FR"})}, NO, "Art. 9(6)"),
    ("two Member States", T6 | {"member_states": frozenset({"FR", "IT"})}, YES, "Art. 9(4)"),
    # Art. 9(5)(a)
    ("data lost, harmless", T4 | {"data_losses": frozenset({"integrity"})}, NO, "Art. 9(4)"),
    ("harm, no data lost", T4 | {"data_losses_hurt": True}, NO, "Art. 9(4)"),
    *[
        (
            f"{kind} of data lost with harm",
            T4 | {"data_losses": frozenset({kind}), "data_losses_hurt": True},
            YES,
            "Art. 9(5)(a)",
        )
        for kind in dora.LOSSES
    ],
    # Art. 9(5)(b): alone it is enough
    ("malicious access", {"malicious_access": True}, NO, "Art. 8(1) not met"),
    ("may lose data, no access", {"access_may_lose_data": True}, NO, "Art. 8(1) not met"),
    ("access that may lose data", ACCESS, YES, "Art. 8(1)(a)"),
    (
        "access that did lose data",
        ACCESS | {"data_losses": frozenset({"confidentiality"}), "data_losses_hurt": True},
        YES,
        "Art. 8(1)(a)",
    ),
    # Art. 9(6)
    ("costs within 100,000", T4 | {"costs_over_limit": False}, NO, "Art. 9(4)"),
    ("costs over 100,000", T4 | {"costs_over_limit": True}, YES, "Art. 9(6)"),
    # Art. 6: without critical services nothing is major
    ("not critical", T4 | T6 | {"supports_critical": False}, NO, "Art. 6 not met"),
    ("Art. 6(a)", T4 | T6, YES, "Art. 6(a)"),
    (
        "Art. 6(b)",
        T4 | T6 | {"supports_critical": False, "supervised_services": True},
        YES,
        "Art. 6(b)",
    ),
    (
        "Art. 6(c)",
        T4 | T6 | {"supports_critical": False, "malicious_access": True},
        YES,
        "Art. 6(c)",
    ),
    ("criticality not known", T4 | T6 | {"supports_critical": None}, OPEN, "Art. 9(4)"),
    # Art. 8(1)(b): two, not one
    ("one threshold", T4, NO, "Art. 8(1) not met"),
    ("two thresholds", T4 | T6, YES, "Art. 8(1)(b)"),
    ("three thresholds", T4 | T6 | {"relevant_clients": True}, YES, "Art. 8(1)(b)"),
    ("twice the same threshold", {"relevant_clients": True, "clients": Amount(200_000)}, NO, ""),
    (
        "twice the same threshold, times",
        {"duration": Amount(9999), "downtime": Amount(999)},
        NO,
        "",
    ),
    # what is not known
    ("one met, one not known", T4 | {"costs_over_limit": None}, OPEN, "Art. 9(4)"),
    ("none met, one not known", {"costs_over_limit": None}, NO, "Art. 8(1) not met"),
    ("none met, two not known", {"costs_over_limit": None, "reputation": None}, OPEN, ""),
    ("two met, all else not known", T4 | T6 | {"clients": None, "reputation": None}, YES, ""),
    ("access met, all else not known", ACCESS | {"clients": None, "duration": None}, YES, ""),
    ("access, data not known", {"malicious_access": True, "access_may_lose_data": None}, OPEN, ""),
    ("not critical, all else not known", {"supports_critical": False, "clients": None}, NO, ""),
    ("estimates count", T4 | {"clients_share": Amount(11, is_estimate=True)}, YES, "Art. 9(1)(a)"),
    ("an estimate at the limit", T4 | {"clients_share": Amount(10, is_estimate=True)}, NO, ""),
]


@pytest.mark.parametrize(
    ("said", "outcome", "article"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_dora_says_whether_it_is_major_and_by_which_article(said, outcome, article):
    answer = dora.classify(replace(QUIET, **said))
    assert answer.outcome == outcome
    assert not article or article in answer.articles


def test_there_are_at_least_sixty_cases():
    assert len(CASES) >= 60


def test_a_decision_names_every_article_that_led_to_it_and_the_criteria():
    answer = dora.classify(replace(QUIET, **T4, relevant_clients=True))
    assert answer.articles == ("Art. 6(a)", "Art. 9(1)(f)", "Art. 9(4)", "Art. 8(1)(b)")
    assert answer.criteria == (dora.CRITICAL, dora.CLIENTS, dora.GEOGRAPHY)
    assert (answer.undecided, answer.is_estimate) == ((), False)


def test_a_decision_on_estimates_says_so():
    share = Amount(11, is_estimate=True)
    assert dora.classify(replace(QUIET, **T4, clients_share=share)).is_estimate


@pytest.mark.parametrize(
    ("unknown", "undecided"),
    [
        ({"costs_over_limit": None}, ("costs_over_limit",)),
        ({"supports_critical": None, **T6}, ("supports_critical",)),
        ({"data_losses": None, "data_losses_hurt": None}, ("data_losses", "data_losses_hurt")),
        ({"data_losses": None, "data_losses_hurt": False}, ()),  # cannot become a threshold
        ({"clients": None, "value_share": None}, ("clients", "value_share")),
        ({"downtime": None}, ("downtime",)),
        ({"access_may_lose_data": None}, ()),  # there was no access
    ],
)
def test_what_would_decide_it_is_named_and_nothing_else(unknown, undecided):
    answer = dora.classify(replace(QUIET, **{**T4, **unknown}))
    assert answer.undecided == undecided
    assert (answer.outcome == OPEN) == bool(undecided)


def test_nothing_known_is_not_a_no():
    for regime in inputs.ALL:
        assert inputs.classify(regime, {}).outcome == OPEN


SHARES = ("clients_share", "counterparts_share", "transactions_share", "value_share")
COUNTS = ("clients", "counterparts", "transactions", "value_eur", "duration", "downtime")
tri = st.sampled_from([None, False, True])


def amounts(most: int) -> st.SearchStrategy[Amount | None]:
    return st.none() | st.builds(Amount, st.integers(0, most), st.booleans(), st.booleans())


def sets(*keys: str) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(keys))


anything = st.builds(
    Inputs,
    **{
        one.name: tri
        for one in fields(Inputs)
        if one.name not in (*SHARES, *COUNTS, "reputation", "member_states", "data_losses")
    },
    **{name: amounts(60) for name in SHARES},
    **{name: amounts(200_000) for name in COUNTS},
    reputation=sets(*dora.REPUTATIONS),
    member_states=sets("DE", "FR", "IT"),
    data_losses=sets(*dora.LOSSES),
)


@given(anything, st.sampled_from((*SHARES, *COUNTS)), st.integers(1, 200_000))
def test_a_higher_number_never_turns_major_into_something_milder(known, name, more):
    amount = getattr(known, name)
    before = dora.classify(known).outcome
    if amount is None or before != YES:
        return
    raised = replace(known, **{name: replace(amount, value=amount.value + more)})
    assert dora.classify(raised).outcome == YES


@given(anything, st.sampled_from([one.name for one in fields(Inputs)]))
def test_learning_what_was_not_known_never_overturns_a_decision(known, name):
    blank = replace(known, **{name: None})
    before = dora.classify(blank).outcome
    if before != OPEN:
        assert dora.classify(known).outcome == before


@given(anything)
def test_what_is_open_names_what_would_decide_it_and_only_what_is_not_known(known):
    answer = dora.classify(known)
    assert (answer.outcome == OPEN) == bool(answer.undecided)
    for name in answer.undecided:
        value = getattr(known, name)
        assert value is None or (isinstance(value, Amount) and value.still_grows)


# --- NIS2 -----------------------------------------------------------------------------------------

STILL = nis2.Inputs(
    unavailable=Amount(30),
    limited=Amount(60),
    limited_users_share=Amount(5),
    limited_users=Amount(1_000_000),
    malicious_compromise=False,
    data_users_share=Amount(5),
    data_users=Amount(1_000_000),
    loss_over_limit=False,
    trade_secrets=False,
    death=False,
    health=False,
    disruptive_access=False,
    recurring=False,
)


@pytest.mark.parametrize(
    ("said", "outcome", "article"),
    [
        ({}, NO, "Art. 3(1) not met"),
        ({"unavailable": Amount(30)}, NO, ""),
        ({"unavailable": Amount(31)}, YES, "Art. 7(a), 10(a)"),
        ({"unavailable": Amount(20, still_grows=True)}, OPEN, ""),
        ({"limited": Amount(61)}, NO, ""),
        ({"limited_users_share": just("5.01")}, NO, ""),
        ({"limited": Amount(61), "limited_users_share": just("5.01")}, YES, "Art. 7(b), 10(b)"),
        ({"limited": Amount(60), "limited_users_share": just("5.01")}, NO, ""),
        ({"limited": Amount(61), "limited_users": Amount(1_000_001)}, YES, "Art. 7(b), 10(b)"),
        ({"limited": Amount(61), "limited_users": None}, OPEN, ""),
        ({"malicious_compromise": True}, YES, "Art. 7(c), 10(c)"),
        ({"data_users_share": just("5.01")}, YES, "Art. 7(d), 10(d)"),
        ({"data_users": Amount(1_000_001)}, YES, "Art. 7(d), 10(d)"),
        ({"data_users": Amount(0), "data_users_share": None}, NO, ""),
        ({"loss_over_limit": True}, YES, "Art. 3(1)(a)"),
        ({"trade_secrets": True}, YES, "Art. 3(1)(b)"),
        ({"death": True}, YES, "Art. 3(1)(c)"),
        ({"health": True}, YES, "Art. 3(1)(d)"),
        ({"disruptive_access": True}, YES, "Art. 3(1)(e)"),
        ({"recurring": True}, YES, "Art. 3(1)(f), 4"),
        ({"recurring": None}, OPEN, ""),
        ({"unavailable": Amount(999), "is_planned": True}, NO, "Art. 3(2)"),
    ],
)
def test_nis2_says_whether_it_is_significant_and_by_which_article(said, outcome, article):
    answer = nis2.classify(replace(STILL, **said))
    assert answer.outcome == outcome
    assert not article or article in answer.articles


# --- GDPR -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "outcome", "articles", "undecided"),
    [
        ({}, OPEN, (), ("personal_data", "risk")),
        ({"personal_data": False}, NO, ("Art. 4(12) not met",), ()),
        ({"personal_data": True}, OPEN, ("Art. 4(12)",), ("risk",)),
        ({"risk": "high"}, OPEN, (), ("personal_data",)),
        (
            {"personal_data": True, "risk": "unlikely"},
            NO,
            ("Art. 33(1): a risk is unlikely", "Art. 33(5)"),
            (),
        ),
        ({"personal_data": True, "risk": "risk"}, YES, ("Art. 33(1)",), ()),
        ({"personal_data": True, "risk": "high"}, YES, ("Art. 33(1)", "Art. 34(1)"), ()),
        ({"personal_data": True, "role": "processor"}, YES, ("Art. 33(2)",), ()),
        (
            {"personal_data": True, "role": "processor", "risk": "unlikely"},
            YES,
            ("Art. 33(2)",),
            (),
        ),
        ({"role": "processor"}, OPEN, (), ("personal_data",)),
    ],
)
def test_gdpr_says_whether_a_breach_is_notified(said, outcome, articles, undecided):
    answer = gdpr.classify(gdpr.Inputs(**said))
    assert (answer.outcome, answer.articles, answer.undecided) == (outcome, articles, undecided)
