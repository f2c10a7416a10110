"""How the parties of an incident are classified, as its tab and its record say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from cases.admin.page import moments
from cases.models import Classification, Incident, Involvement
from cases.models.classification import WORDS
from cases.regulation import dora, inputs, standing
from cases.regulation.decision import Answer, Outcome

COLOURS = {"yes": "bad", "no": "ok", "open": "warn"}
CRITERIA = {
    dora.CRITICAL: "critical services",
    dora.CLIENTS: "clients, counterparts, transactions",
    dora.REPUTATION: "reputation",
    dora.DURATION: "duration, downtime",
    dora.GEOGRAPHY: "Member States",
    dora.DATA: "losses of data",
    dora.ACCESS: "malicious access",
    dora.MONEY: "costs and losses",
}


@dataclass(frozen=True)
class Decided:
    """One decision in words."""

    row: Classification
    when: str
    colour: str
    articles: str
    criteria: str
    undecided: list[str]
    known: list[tuple[str, str]]


@dataclass
class Standing:
    """One party under one regime: what counts now, and what was decided before."""

    regime: str
    label: str
    button: str
    now: Decided | None = None
    before: list[Decided] = field(default_factory=list)
    moved: str = ""  # what the record says by now, where that differs


@dataclass
class Party:
    """We, or a partner."""

    name: str
    key: str
    involvement: Involvement | None
    regimes: list[Standing]


def words(regime: str, answer: Answer) -> dict[str, Any]:
    """An answer for a page: the word, its colour, the articles, what would decide it."""
    known = inputs.named(regime)
    return {
        "answer": WORDS[regime][answer.outcome],
        "colour": COLOURS[answer.outcome],
        "articles": ", ".join(answer.articles),
        "criteria": ", ".join(CRITERIA[key] for key in answer.criteria if key in CRITERIA),
        "undecided": [known[name].label for name in answer.undecided],
        "is_estimate": answer.is_estimate,
    }


def parties(incident: Incident, now: datetime) -> list[Party]:
    """All parties with their decisions: two queries, whatever their number."""
    involved = incident.involvements.select_related("partner")
    found = [Party(settings.ORGANISATION_NAME, "us", None, _regimes())]
    found += [Party(row.partner.name, str(row.pk), row, _regimes()) for row in involved]
    by_key = {(p.key, s.regime): (p, s) for p in found for s in p.regimes}
    for made in standing.rows(incident):
        key = str(made.involvement_id) if made.involvement_id else "us"
        place = by_key.get((key, made.regime))
        if place is None:
            continue
        one = decided(made, now)
        if place[1].now is None:
            place[1].now = one
            place[1].moved = _moved(incident, place[0].involvement, made, now)
        else:
            place[1].before.append(one)
    return found


def decided(row: Classification, now: datetime) -> Decided:
    """One row in words."""
    known = inputs.named(row.regime)
    return Decided(
        row=row,
        when=moments.short(row.decided_at, now),
        colour=COLOURS[row.outcome],
        articles=", ".join(row.articles),
        criteria=", ".join(CRITERIA[key] for key in row.criteria if key in CRITERIA),
        undecided=[known[name].label for name in row.undecided if name in known],
        known=[
            (one.label, inputs.words(one, row.inputs[name]))
            for name, one in known.items()
            if name in row.inputs
        ],
    )


def _regimes() -> list[Standing]:
    return [Standing(key, label, f"classify_{key}") for key, label in Classification.Regime.choices]


def _moved(
    incident: Incident, involvement: Involvement | None, row: Classification, now: datetime
) -> str:
    """What the same answers give by now: an incident that goes on grows."""
    if row.regime != Classification.Regime.DORA:
        return ""
    given = {
        name: value
        for name, value in row.inputs.items()
        if not (isinstance(value, dict) and value.get("is_computed"))
    }
    kept = standing.with_times(given, incident, involvement, at=now)
    answer = inputs.classify(row.regime, kept)
    if Outcome(row.outcome) == answer.outcome:
        return ""
    return f"With the times of the record by now: {WORDS[row.regime][answer.outcome]}."
