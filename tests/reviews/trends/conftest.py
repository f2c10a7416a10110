"""Incidents with hand-made times, around a moment at which trends are looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from cases import deadlines, workflow
from cases.models import AffectedSystem, Category, Deadline, Incident, Move, Phase, System
from cases.models.incident import STEPS
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import SYSTEM, Actor
from reviews.models import PreventiveAction, Review
from reviews.trends import asked as period
from reviews.trends import reading
from reviews.trends.figures import Chart
from tests.conftest import NOW, People

AXES = {1: (4, 4, 3), 2: (3, 2, 2), 3: (2, 2, 2), 4: (1, 1, 1)}
MONTH = {"period": "30"}  # 3 Feb to 4 Mar; the one before is 4 Jan to 2 Feb


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.fixture
def make(people: People) -> Callable[..., Incident]:
    """`make(days_ago=3, contained_at=42)`: opened then, contained 42 minutes after detection."""

    def made(
        *,
        days_ago: float = 3,
        severity: int = 2,
        category: str = "outage",
        systems: tuple[str, ...] = (),
        phase: str = "identification",
        **known: Any,
    ) -> Incident:
        at = NOW - timedelta(days=days_ago)
        impact, scope, urgency = AXES[severity]
        plain = {"title": "Stale prices", "detection": "staff", "detected_by": "staff"}
        plain |= {name: known.pop(name) for name in list(known) if not name.endswith("_at")}
        opening = workflow.Opening(
            **plain,
            detected_at=at,
            impact=impact,
            scope=scope,
            urgency=urgency,
            category_id=Category.objects.get(key=category).pk if category else None,
        )
        incident = workflow.open_incident(opening=opening, by=SYSTEM, at=at)
        times = {
            name: None if after is None else at + minutes(after) for name, after in known.items()
        }
        Incident.objects.filter(pk=incident.pk).update(**times)
        deadlines.reset(Incident.objects.get(pk=incident.pk))
        for name in systems:
            system, _ = System.objects.get_or_create(name=name)
            AffectedSystem.objects.create(
                incident=incident, system=system, changed_at=at, changed_by=people["responder"]
            )
        return walked(incident, phase)

    return made


def walked(incident: Incident, phase: str) -> Incident:
    """Led through the phases, each move on record, as triggers want it; no gate is asked."""
    steps = [*STEPS, Phase.CLOSED]
    for before, step in pairwise(steps[: steps.index(Phase(phase)) + 1]):
        Incident.objects.filter(pk=incident.pk).update(phase=step)
        Move.objects.create(
            incident=incident, at=NOW, from_phase=before, to_phase=step, actor="A test"
        )
    return Incident.objects.get(pk=incident.pk)


def meet(incident: Incident, kind: str, after: float | None, *, dropped: bool = False) -> None:
    """The clock of this kind was met so many minutes after detection."""
    met = None if after is None else incident.detected_at + minutes(after)
    rows = Deadline.objects.filter(incident=incident, kind=kind, involvement=None)
    assert rows.update(met_at=met, is_dropped=dropped) == 1


def agreed(incident: Incident, owner: Any, due: int, ended: int | None, **known: Any) -> None:
    """An action due so many days ago, and ended so many days ago."""
    day = (NOW - timedelta(days=due)).date()
    review, _ = Review.objects.get_or_create(incident=incident, defaults={"opened_at": NOW})
    over: dict[str, Any] = {}
    if ended is not None:
        at = NOW - timedelta(days=ended)
        over = {"state": "done", "note": "Done.", "ended_at": at, "ended_by": owner}
    PreventiveAction.objects.create(
        **{
            "review": review,
            "title": "Alarm",
            "kind": "detect",
            "owner": owner,
            "due_on": day,
            "agreed_at": NOW - timedelta(days=90),
            **over,
            **known,
        }
    )


@pytest.fixture
def chart(people: People) -> Callable[..., Chart]:
    """`chart("contain")`: as the responder sees it, of the last 30 days."""

    def read(key: str, *, who: str = "responder", at: datetime = NOW, **sent: str) -> Chart:
        actor: Actor = people.actor(who)
        wanted = period.read({**({} if "since" in sent else MONTH), **sent}, at=at)
        return reading.chart(key, wanted, actor, at=at)

    return read


def figures(found: Chart, *keys: str) -> dict[str, tuple[Any, ...]]:
    """Row → these figures."""
    return {row.label: tuple(row.values[key] for key in keys) for row in found.rows}


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk's clock stands at NOW."""
    monkeypatch.setattr(clocks, "now", lambda: NOW)


@pytest.fixture
def as_(people: People) -> Callable[[str], Client]:
    """The browser of a person."""

    def log_in(key: str) -> Client:
        browser = Client()
        browser.force_login(people[key])
        return browser

    return log_in
