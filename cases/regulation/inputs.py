"""The inputs of each decision: their words, and how they are read and kept as JSON. Pure.

Kept is what is known alone: `{"clients": {"value": 120, "is_estimate": true}, "death": false}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from cases.regulation import dora, gdpr, nis2
from cases.regulation.decision import Amount, Answer
from cases.regulation.states import STATES
from incidentdesk.kernel.errors import InvalidInput

MOST = 2**53  # what a program that reads the JSON still knows exactly


class Kind(StrEnum):
    """What an input is."""

    YES_NO = "yes_no"
    COUNT = "count"
    SHARE = "share"  # per cent
    MINUTES = "minutes"
    EURO = "euro"
    KINDS = "kinds"  # several of `choices`, or none
    CHOICE = "choice"  # one of `choices`
    FLAG = "flag"  # yes, or not said


AMOUNTS = (Kind.COUNT, Kind.SHARE, Kind.MINUTES, Kind.EURO)


@dataclass(frozen=True)
class Input:
    """One input: its name, its question, and what may be answered."""

    name: str
    label: str
    kind: Kind
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()


def _yes_no(name: str, label: str, help_text: str = "") -> Input:
    return Input(name, label, Kind.YES_NO, help_text)


DORA = (
    _yes_no("supports_critical", "Services that support critical or important functions"),
    _yes_no("supervised_services", "Financial services that need an authorisation"),
    _yes_no(
        "malicious_access",
        "A successful, malicious and unauthorised access",
        "To network and information systems.",
    ),
    _yes_no("access_may_lose_data", "A malicious access may lead to losses of data"),
    Input("clients", "Clients affected", Kind.COUNT),
    Input("clients_share", "Clients: share of all who use the service (%)", Kind.SHARE),
    Input("counterparts", "Financial counterparts affected", Kind.COUNT),
    Input("counterparts_share", "Counterparts: share of all of the service (%)", Kind.SHARE),
    Input("transactions", "Transactions affected", Kind.COUNT),
    Input("transactions_share", "Transactions: share of the daily average number (%)", Kind.SHARE),
    Input("value_eur", "Transactions: value (EUR)", Kind.EURO),
    Input("value_share", "Transactions: share of the daily average value (%)", Kind.SHARE),
    _yes_no(
        "relevant_clients",
        "A client or counterpart that is relevant is affected",
        "As the entity has marked them under Article 1(3).",
    ),
    Input(
        "reputation",
        "Reputation",
        Kind.KINDS,
        choices=(
            ("media", "it was in the media"),
            ("complaints", "different clients or counterparts complained repeatedly"),
            ("requirements", "regulatory requirements are likely not met"),
            ("clients_lost", "clients are likely lost, with a material effect"),
        ),
    ),
    Input("duration", "Duration in minutes", Kind.MINUTES, "Empty: from the incident's times."),
    Input("downtime", "Downtime in minutes", Kind.MINUTES, "0 where no service was down."),
    Input(
        "member_states",
        "Member States with an effect",
        Kind.KINDS,
        choices=STATES,
    ),
    Input(
        "data_losses",
        "Losses of data",
        Kind.KINDS,
        choices=tuple((kind, kind) for kind in dora.LOSSES),
    ),
    _yes_no("data_losses_hurt", "Losses of data harm business objectives or regulatory duties"),
    _yes_no(
        "costs_over_limit",
        "Costs and losses of more than EUR 100,000, or likely",
        "The figures themselves stay with the partner.",
    ),
)
NIS2 = (
    Input("is_planned", "It was planned maintenance", Kind.FLAG),
    Input("unavailable", "Completely unavailable, minutes", Kind.MINUTES),
    Input("limited", "Limited, minutes", Kind.MINUTES),
    Input("limited_users_share", "Users for whom it was limited (%)", Kind.SHARE, "In the Union."),
    Input("limited_users", "Users for whom it was limited", Kind.COUNT, "In the Union."),
    _yes_no("malicious_compromise", "Data compromised by a suspectedly malicious action"),
    Input("data_users_share", "Users whose data is compromised (%)", Kind.SHARE),
    Input("data_users", "Users whose data is compromised", Kind.COUNT, "0: no data is."),
    _yes_no("loss_over_limit", "Loss of more than EUR 500,000 or 5 % of turnover possible"),
    _yes_no("trade_secrets", "Trade secrets were taken"),
    _yes_no("death", "Somebody died"),
    _yes_no("health", "Somebody's health was considerably damaged"),
    _yes_no("disruptive_access", "A malicious access that can disrupt operations severely"),
    _yes_no("recurring", "Twice in six months, of one cause, together over that loss"),
)
GDPR = (
    _yes_no("personal_data", "Personal data was lost, altered, disclosed or accessed"),
    Input(
        "risk",
        "Risk for the people concerned",
        Kind.CHOICE,
        choices=(
            (gdpr.UNLIKELY, "unlikely"),
            (gdpr.RISK, "a risk"),
            (gdpr.HIGH, "a high risk"),
        ),
    ),
    Input(
        "role",
        "Of this data we are the",
        Kind.CHOICE,
        choices=((gdpr.CONTROLLER, "controller"), (gdpr.PROCESSOR, "processor")),
    ),
)
ALL: dict[str, tuple[Input, ...]] = {"dora": DORA, "nis2": NIS2, "gdpr": GDPR}
_MADE: dict[str, Any] = {"dora": dora, "nis2": nis2, "gdpr": gdpr}


def named(regime: str) -> dict[str, Input]:
    """The inputs of a regime by name."""
    return {one.name: one for one in ALL[regime]}


def classify(regime: str, kept: Mapping[str, Any]) -> Answer:
    """The answer to inputs as they are kept."""
    known = named(regime)
    values = {name: _value(known[name], raw) for name, raw in kept.items() if name in known}
    module = _MADE[regime]
    answer: Answer = module.classify(module.Inputs(**values))
    return answer


def clean(regime: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, as it is kept: known values alone. An unknown name is refused."""
    if regime not in ALL:
        raise InvalidInput(f"A decision is made under one of {', '.join(ALL)}; choose one.")
    known = named(regime)
    strange = sorted(set(raw) - set(known))
    if strange:
        raise InvalidInput(f"{regime} does not ask for {', '.join(strange)}; leave it out.")
    kept = {name: _kept(known[name], value) for name, value in raw.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _kept(one: Input, value: Any) -> Any:
    if value is None or value == "":
        return None
    if one.kind in AMOUNTS:
        return _amount(one, value)
    if one.kind in (Kind.YES_NO, Kind.FLAG):
        if not isinstance(value, bool):
            raise InvalidInput(f"{one.label}: answer yes or no.", field=one.name)
        return value if one.kind == Kind.YES_NO or value else None
    choices = [key for key, _ in one.choices]
    if one.kind == Kind.CHOICE:
        if value not in choices:
            raise InvalidInput(f"{one.label}: choose one of {', '.join(choices)}.", field=one.name)
        return value
    if not isinstance(value, list | tuple | set | frozenset) or not set(value) <= set(choices):
        raise InvalidInput(
            f"{one.label}: choose among {', '.join(choices)}, or none.", field=one.name
        )
    return [key for key in choices if key in value]


def _amount(one: Input, value: Any) -> dict[str, Any] | None:
    said = dict(value) if isinstance(value, Mapping) else {"value": value}
    if said.get("value") in (None, ""):
        return None
    most = 100 if one.kind == Kind.SHARE else MOST
    try:
        number = Decimal(str(said["value"]))
        is_fit = number.is_finite() and 0 <= number <= most
        is_fit = is_fit and (one.kind == Kind.SHARE or number == number.to_integral_value())
    except InvalidOperation:
        is_fit = False
    if not is_fit:
        raise InvalidInput(f"{one.label}: enter a number from 0 to {most}.", field=one.name)
    marks = {name: True for name in ("is_estimate", "still_grows", "is_computed") if said.get(name)}
    return {"value": f"{number}" if one.kind == Kind.SHARE else int(number), **marks}


def _value(one: Input, kept: Any) -> Any:
    if one.kind in AMOUNTS:
        number = Decimal(str(kept["value"])) if one.kind == Kind.SHARE else int(kept["value"])
        return Amount(number, bool(kept.get("is_estimate")), bool(kept.get("still_grows")))
    return frozenset(kept) if one.kind == Kind.KINDS else kept


def words(one: Input, kept: Any) -> str:
    """A kept value as a page says it."""
    if one.kind in AMOUNTS:
        return _amount_words(one, kept)
    if isinstance(kept, bool):
        return "yes" if kept else "no"
    labels = dict(one.choices)
    if one.kind == Kind.CHOICE:
        return labels.get(kept, str(kept))
    return ", ".join(labels.get(key, key) for key in kept) or "none"


def _amount_words(one: Input, kept: Mapping[str, Any]) -> str:
    value = kept["value"]
    number = f"{Decimal(value).normalize():f} %" if one.kind == Kind.SHARE else f"{value:,}"
    at_least = "at least " if kept.get("still_grows") else ""
    marks = [name for name, key in _MARKS if kept.get(key)]
    listed = f" ({', '.join(marks)})" if marks else ""
    return f"{at_least}{number}{listed}"


_MARKS = (("estimate", "is_estimate"), ("from the times of the incident", "is_computed"))
