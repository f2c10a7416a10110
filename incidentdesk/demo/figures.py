"""What partners need for their own reports in the demo: facts packages, and the monthly digests."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from cases import classification, digests, packages
from cases.models import Involvement
from incidentdesk.demo.agenda import Agenda

if TYPE_CHECKING:
    from incidentdesk.demo.life import Life

Stage = packages.Stage
WORST = 2  # what is milder has none unless the partner asks
MONTHS = 12


def plan_digests(agenda: Agenda, *, now: datetime) -> None:
    """On the first of each month, of the month before."""
    first = now.replace(day=1, hour=6, minute=0, second=0)
    for _ in range(MONTHS):
        agenda.add(first, lambda at: digests.send_due(at=at))
        first = (first - timedelta(days=1)).replace(day=1)


def plan(life: Life, codes: tuple[str, ...]) -> None:
    """Each partner of a bad incident has three packages; now and then one comes late."""
    if life.severity > WORST:
        return
    for number, code in enumerate(codes):
        rng = random.Random(f"facts {life.story.title} {code}")  # noqa: S311 -- the same each time
        confirmed, told = life.plan.confirmed, life.plan.told if number < 2 else life.plan.contained
        late = rng.random() < 0.1
        hours = (rng.uniform(26, 46), rng.uniform(8 * 24, 18 * 24))
        moments = {
            Stage.INITIAL: told + timedelta(minutes=rng.uniform(150, 200) if late else 35),
            Stage.INTERIM: max(confirmed + timedelta(hours=hours[0]), life.plan.recovered),
            Stage.FINAL: max(confirmed + timedelta(hours=hours[1]), life.plan.in_review),
        }
        clients = rng.randint(12, 900)
        if life.is_open:
            when = moments[Stage.INITIAL] - timedelta(minutes=5)
            life.agenda.add(when, partial(_classify, life, code, clients))
        for stage, when in moments.items():
            life.agenda.add(when, partial(_hand_over, life, code, stage, clients))


def _classify(life: Life, code: str, clients: int, at: datetime) -> None:
    """By the commander, with what is known early: it cannot be decided yet."""
    row = Involvement.objects.filter(
        incident_id=life.incident_id, partner__code=code, disclosed_at__isnull=False
    ).first()
    if row is None:
        return
    classification.classify(
        incident_id=life.incident_id,
        involvement_id=row.pk,
        regime="dora",
        answers={
            "supports_critical": True,
            "clients": {"value": clients, "is_estimate": True},
            "clients_share": {"value": f"{clients / 100:.2f}", "is_estimate": True},
            "costs_over_limit": False,
        },
        reason="Counted from the order log; the partner has still to say how many it has.",
        by=life.commander,
        at=at,
    )


def _hand_over(life: Life, code: str, stage: Stage, clients: int, at: datetime) -> None:
    """By communications, to a partner that sees the incident by then."""
    row = Involvement.objects.filter(
        incident_id=life.incident_id, partner__code=code, disclosed_at__isnull=False
    ).first()
    if row is None:
        return
    is_first, is_last = stage == Stage.INITIAL, stage == Stage.FINAL
    down = life.plan.recovered - life.plan.occurred
    packages.hand_over(
        incident_id=life.incident_id,
        involvement_id=row.pk,
        stage=stage,
        figures=packages.Figures(
            text=life.story.first if is_first else life.story.clear,
            services=life.story.partner_title,
            began_at=life.plan.occurred,
            ended_at=None if is_first else life.plan.recovered,
            downtime_minutes=None if is_first else int(down.total_seconds() // 60),
            clients=None if is_first else clients,
            clients_share=None if is_first else Decimal(clients) / 100,
            transactions=clients * 14 if is_last else None,
            value_eur=clients * 21_500 if is_last else None,
            is_estimate=not is_last,
        ),
        without_figures=is_first,
        by=life.comms,
        at=at,
    )
