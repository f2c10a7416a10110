"""What never becomes a full story: false alarms, a duplicate, reports, and a fresh alert."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from cases import evaluation, response, workflow
from cases.intake import alerts, reports
from incidentdesk.demo import arrivals
from incidentdesk.demo.agenda import Agenda, between
from incidentdesk.demo.cast import Cast
from incidentdesk.demo.life import Life
from incidentdesk.demo.story import Noise

ANSWERED = (
    (
        "HELIX",
        300,
        "Two fills in our export have the same time",
        "Both fills are genuine: the venue matched your order against two others at once.",
    ),
    (
        "NORRBANK",
        165,
        "Portal shows times one hour early",
        "The portal shows UTC, as the heading says; your zone is an hour ahead.",
    ),
    (
        "TIDEWATER",
        58,
        "Order refused although the limit is free",
        "The order was above the limit for one order, not above the daily limit; the message "
        "of the refusal names it.",
    ),
)
WAITING = (
    ("NORRBANK", 12, "abnormal_trading", "Rejected orders since the open"),
    ("HELIX", 190, "data_integrity", "Commission of one trade looks wrong"),
)
FRESH = "Login failures from one partner network"


class FalseAlarm:
    """Opened, looked at, dismissed with a reason."""

    def __init__(self, noise: Noise, cast: Cast, rng: random.Random) -> None:
        """`of` is set for a duplicate: the life that it belongs to."""
        self.noise, self.cast, self.rng = noise, cast, rng
        self.responder = cast.one(rng, "responder", "responder2", "responder3")
        self.commander = cast.one(rng, "commander", "commander2", "commander3")
        self.of: Life | None = None
        self.incident_id = 0

    def plan(self, agenda: Agenda, detected: datetime) -> None:
        """Over within the hour, or soon after its first look."""
        looked = detected + timedelta(minutes=self.rng.uniform(3, 16))
        agenda.add(detected, self._begin)
        agenda.add(looked, self._look)
        agenda.add(looked + timedelta(minutes=self.rng.uniform(8, 30)), self._dismiss)
        if self.noise.by in arrivals.FORMATS:
            agenda.add(looked + timedelta(minutes=4), self._clear)

    def _begin(self, at: datetime) -> None:
        if self.noise.by in arrivals.FORMATS:
            self.incident_id = self._deliver(at, firing=True) or 0
        else:
            self.incident_id = arrivals.notice(
                self.noise.title, self.responder, seen=self.noise.by, axes=self.noise.axes, at=at
            ).pk

    def _clear(self, at: datetime) -> None:
        self._deliver(at, firing=False)

    def _deliver(self, at: datetime, *, firing: bool) -> int | None:
        source = self.cast.sources[arrivals.FORMATS[self.noise.by]]
        urgency = self.noise.axes[2]
        return arrivals.deliver(
            source, self.noise.title, system="monitoring", urgency=urgency, firing=firing, at=at
        )

    def _look(self, at: datetime) -> None:
        text = "Looking at it; nothing else points this way so far."
        response.post_update(incident_id=self.incident_id, text=text, by=self.responder, at=at)
        impact, scope, urgency = self.noise.axes
        found = evaluation.Evaluation(
            category_id=self.cast.categories[self.noise.category],
            impact=impact,
            scope=scope,
            urgency=urgency,
            occurred_at=at - timedelta(minutes=40),
        )
        evaluation.evaluate(incident_id=self.incident_id, found=found, by=self.responder, at=at)
        workflow.acknowledge(incident_id=self.incident_id, by=self.responder, at=at)

    def _dismiss(self, at: datetime) -> None:
        other = self.of.incident.reference if self.of else ""
        workflow.dismiss(
            incident_id=self.incident_id,
            reason=self.noise.reason,
            duplicate_of=other,
            by=self.commander,
            at=at,
        )


def plan_reports(agenda: Agenda, cast: Cast, *, now: datetime) -> None:
    """Some were answered, two wait for triage."""
    for code, days, title, answer in ANSWERED:
        _plan_answered(agenda, cast, code, title, answer, now - timedelta(days=days))
    for code, minutes, category, title in WAITING:

        def tell(at: datetime, code: str = code, key: str = category, title: str = title) -> None:
            category_id = cast.categories[key]
            arrivals.report(title, cast.contacts[code], category_id=category_id, at=at)

        agenda.add(now - timedelta(minutes=minutes), tell)


def _plan_answered(
    agenda: Agenda, cast: Cast, code: str, title: str, answer: str, reported: datetime
) -> None:
    made: list[int] = []

    def tell(at: datetime) -> None:
        made.append(arrivals.report(title, cast.contacts[code], at=at))

    def decline(at: datetime) -> None:
        reports.decline(report_id=made[0], answer=answer, by=cast.actors["comms"], at=at)

    agenda.add(reported, tell)
    agenda.add(reported + timedelta(minutes=50), decline)


def plan_attached(agenda: Agenda, life: Life, code: str) -> None:
    """A partner reports what the desk knows already."""

    def tell(at: datetime) -> None:
        shown = life.story.partner_title
        title = f"We see it too: {shown[0].lower()}{shown[1:]}"
        report_id = arrivals.report(title, life.cast.contacts[code], at=at)
        reference = life.incident.reference
        reports.attach(
            report_id=report_id,
            reference=reference,
            shown_severity=life.severity,
            by=life.comms,
            at=at,
        )

    agenda.add(between(life.plan.begun, life.plan.told, 0.6), tell)


def plan_fresh(agenda: Agenda, cast: Cast, *, now: datetime) -> None:
    """An alert that nobody has looked at yet; two repeats have come in."""
    for minutes in (18, 11, 4):

        def fire(at: datetime) -> None:
            source = cast.sources["pagerduty"]
            arrivals.deliver(source, FRESH, system="identity", urgency=2, firing=True, at=at)

        agenda.add(now - timedelta(minutes=minutes), fire)


def plan_refused(agenda: Agenda, cast: Cast, *, now: datetime) -> None:
    """Deliveries that can never work stay on their source, with the reason."""
    broken = (
        ("alertmanager", 40, '{"alerts": [{"status": "firing"', "The body is not valid JSON."),
        (
            "pagerduty",
            9,
            '{"routing_key": "demo-pagerduty", "event_action": "triger"}',
            "event_action has to be trigger, acknowledge or resolve.",
        ),
    )
    for key, days, raw, why in broken:

        def refuse(at: datetime, key: str = key, raw: str = raw, why: str = why) -> None:
            alerts.refuse(source=cast.sources[key], raw=raw, why=why, at=at)

        agenda.add(now - timedelta(days=days), refuse)
