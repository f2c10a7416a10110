"""What is owed to authorities in the demo: a bad incident is classified, a report sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from cases.models import Involvement, RegulatoryClock
from cases.regulation import outcomes

if TYPE_CHECKING:
    from incidentdesk.demo.life import Life

REGIME = "DORA"
WORST = 2


def plan(life: Life, codes: tuple[str, ...]) -> None:
    """Of a bad open one the first partner that DORA binds says that it is major, and later that it
    sent its initial notification; of all others nothing is known yet."""
    if life.is_open and life.severity <= WORST and codes:
        life.agenda.add(life.plan.told + timedelta(minutes=20), partial(_classify, life))
        life.agenda.add(life.plan.told + timedelta(minutes=150), partial(_sent, life))
        life.agenda.add(life.plan.in_review, partial(_settle, life))


def _bound(life: Life) -> Involvement | None:
    rows = Involvement.objects.filter(
        incident_id=life.incident_id, partner__terms__regimes__contains=[REGIME]
    )
    return rows.order_by("pk").first()


def _classify(life: Life, at: datetime) -> None:
    if (row := _bound(life)) is not None:
        outcomes.record_anchor(
            incident_id=life.incident_id,
            involvement_id=row.pk,
            name="classified_major_at",
            moment=at - timedelta(minutes=5),
            note="As its compliance desk told us.",
            by=life.commander,
            at=at,
        )


def _sent(life: Life, at: datetime) -> None:
    if (row := _bound(life)) is not None:
        outcomes.record(
            incident_id=life.incident_id,
            rule_key="DORA-INIT",
            involvement_id=row.pk,
            outcome=outcomes.Outcome(
                "submitted", sent_at=at - timedelta(minutes=10), reference="BAF-2026-1182"
            ),
            by=life.commander,
            at=at,
        )


def _settle(life: Life, at: datetime) -> None:
    """What still runs when the review begins turned out not to be owed."""
    rows = RegulatoryClock.objects.filter(incident_id=life.incident_id, outcome="")
    for row in rows.select_related("rule"):
        outcomes.record(
            incident_id=life.incident_id,
            rule_key=row.rule.key,
            involvement_id=row.involvement_id,
            outcome=outcomes.Outcome(
                "not_applicable", reason="Its compliance desk found it not major after all."
            ),
            by=life.commander,
            at=at,
        )
