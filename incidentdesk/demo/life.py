"""The life of one incident, from its first sign to recovery: steps for the agenda.

Each step is a call of a use case by the person whose work it is. What follows recovery stands in
`aftermath`, what partners are told in `telling`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from cases import disclosure, evaluation, response, rules, tasks, workflow
from cases.intake import reports
from cases.models import AffectedSystem, Incident, Involvement, Task
from incidentdesk.demo import arrivals, phrases, proof, telling, work
from incidentdesk.demo.agenda import Agenda, between
from incidentdesk.demo.cast import Cast
from incidentdesk.demo.pace import Plan
from incidentdesk.demo.story import Story
from incidentdesk.kernel.access import Actor


class Life:
    """One story with its times and its people; `live` plans all of it."""

    def __init__(
        self,
        story: Story,
        plan: Plan,
        cast: Cast,
        agenda: Agenda,
        *,
        rng: random.Random,
        reads: str | None = None,
        repeats: int = 3,
    ) -> None:
        """`reads` are the partners who acknowledge notices; given for one that is still open."""
        self.story, self.plan, self.cast, self.agenda, self.rng = story, plan, cast, agenda, rng
        self.is_open = reads is not None
        self.repeats = repeats
        self.severity = rules.in_force().grade(*story.axes, story.floors).severity
        self.words = phrases.BY_CATEGORY[story.category]
        self.commander = cast.one(rng, "commander", "commander", "commander2", "commander3")
        self.responder = cast.one(rng, "responder", "responder2", "responder3")
        self.comms = cast.one(rng, "comms", "comms", "comms2")
        self.approver = cast.one(rng, "approver", "approver", "security")
        self.reads = {code for code in story.codes if rng.random() < 0.85}
        if reads is not None:
            self.reads = {code for code in story.codes if code[0] in reads}
        self.incident_id = self.report_id = 0

    def live(self) -> None:
        """Plan everything up to the end of recovery."""
        self._begin()
        self._identify()
        self._contain()
        if self.story.twist == "handover":
            names = [name for name in ("commander2", "commander3") if name != self._login()]
            self.commander = self.cast.actors[names[0]]
            self.do(between(self.plan.contained, self.plan.fixed, 0.1), workflow.take_command)
        self._mitigate()
        self._recover()

    def do(
        self, when: datetime, use_case: Callable[..., Any], by: Actor | None = None, **given: Any
    ) -> None:
        """Plan one use case of this incident, by the commander unless somebody else does it."""
        who = by or self.commander
        self.agenda.add(
            when, lambda at: use_case(incident_id=self.incident_id, by=who, at=at, **given)
        )

    # --- how it begins --------------------------------------------------------------------------

    def _begin(self) -> None:
        plan, story = self.plan, self.story
        if story.by in arrivals.FORMATS:
            self.agenda.add(plan.detected, self._fire)
            for number in range(self.repeats):
                share = (number + 1) / (self.repeats + 1)
                self.agenda.add(between(plan.detected, plan.fixed, share), self._fire)
            self.agenda.add(between(plan.fixed, plan.recovered, 0.9), self._clear)
        elif story.by == "partner":
            self.agenda.add(plan.detected, self._report)
            self.agenda.add(between(plan.detected, plan.acknowledged, 0.7), self._accept)
        else:
            self.agenda.add(plan.detected, self._notice)

    def _fire(self, at: datetime) -> None:
        self._deliver(at, firing=True)

    def _clear(self, at: datetime) -> None:
        self._deliver(at, firing=False)

    def _deliver(self, at: datetime, *, firing: bool) -> None:
        found = arrivals.deliver(
            self.cast.sources[arrivals.FORMATS[self.story.by]],
            self.story.title,
            system=self.story.systems[0],
            urgency=max(2, self.story.axes[2]),
            firing=firing,
            at=at,
        )
        self.incident_id = self.incident_id or found or 0

    def _notice(self, at: datetime) -> None:
        made = arrivals.notice(
            self.story.title, self.responder, seen=self.story.by, axes=self.story.axes, at=at
        )
        self.incident_id = made.pk

    def _report(self, at: datetime) -> None:
        contact = self.cast.contacts[self.story.codes[0]]
        category_id = self.cast.categories[self.story.category]
        title = self.story.partner_title
        self.report_id = arrivals.report(title, contact, category_id=category_id, at=at)

    def _accept(self, at: datetime) -> None:
        impact, scope, urgency = self.story.axes
        self.incident_id = reports.accept(
            report_id=self.report_id,
            meaning=self.story.meaning,
            shown_severity=self.severity,
            impact=impact,
            scope=scope,
            urgency=urgency,
            by=self.comms,
            at=at,
        ).pk

    # --- identification -------------------------------------------------------------------------

    def _identify(self) -> None:
        plan, story = self.plan, self.story
        self.do(plan.acknowledged, workflow.acknowledge, self.responder)
        self.do(between(plan.acknowledged, plan.confirmed, 0.4), workflow.take_command)
        self._say(0, between(plan.acknowledged, plan.confirmed, 0.8))
        impact = story.axes[0]
        self._evaluate(plan.confirmed, max(1, impact - (story.twist == "raised")))
        for number, name in enumerate(story.systems):
            when = between(plan.confirmed, plan.begun, 0.15 + 0.1 * number)
            self.do(when, response.add_system, self.responder, system_id=self.cast.systems[name])
        for number, code in enumerate(story.codes):
            when = between(plan.confirmed, plan.begun, 0.5 + 0.1 * number)
            self.agenda.add(when, partial(self._involve, code))
        if not story.codes:
            proof.sign(self, "no_partners", between(plan.confirmed, plan.begun, 0.6))
        proof.identify(self)
        self.do(plan.begun, workflow.begin_containment)

    def _evaluate(self, when: datetime, impact: int, reason: str = "") -> None:
        found = evaluation.Evaluation(
            category_id=self.cast.categories[self.story.category],
            impact=impact,
            scope=self.story.axes[1],
            urgency=self.story.axes[2],
            floors=self.story.floors,
            occurred_at=self.plan.occurred,
            aware_at=self.plan.acknowledged,
            tlp=self.story.tlp,
            is_confirmed=True,
            reason=reason,
            bases=phrases.rests_on(self.story),
        )
        self.do(when, evaluation.evaluate, found=found)
        self.do(when, workflow.acknowledge)  # a worse severity is paged again

    def _involve(self, code: str, at: datetime) -> None:
        """List the partner; one that reported is listed already and only gets our words."""
        partner_id = self.cast.partners[code].pk
        known = Involvement.objects.filter(incident_id=self.incident_id, partner_id=partner_id)
        given: dict[str, Any] = {
            "incident_id": self.incident_id,
            "title": self.story.partner_title,
            "meaning": self.story.meaning,
            "severity": min(4, self.severity + self.rng.choice((0, 0, 1))),
            "started_at": self.plan.occurred,
            "by": self.commander,
            "at": at,
        }
        if (found := known.first()) is not None:
            disclosure.edit_involvement(involvement_id=found.pk, **given)
        else:
            disclosure.add_partner(partner_id=partner_id, **given)

    # --- containment, mitigation, recovery ------------------------------------------------------

    def _contain(self) -> None:
        start, end = self.plan.begun, self.plan.contained
        if self.severity <= 2:
            groups = [self.cast.groups["Second responders"]]
            note = "We need more hands to isolate it; please join."
            when = between(start, end, 0.05)
            self.do(when, response.page, user_ids=[], group_ids=groups, note=note)
        self._end_tasks("containment", [between(start, end, share) for share in (0.15, 0.38, 0.7)])
        for number in range(len(self.story.systems)):
            when = between(start, end, 0.25 + 0.35 * number)
            self._change_system(number, "isolated", self.words.isolated, when)
        self._say(1, between(start, end, 0.33))
        if self.story.twist == "raised":
            reason = "The effect is larger than it looked at first."
            self._evaluate(between(start, end, 0.4), self.story.axes[0], reason)
        telling.first(self)
        proof.contain(self)
        self.do(end, workflow.begin_mitigation)

    def _mitigate(self) -> None:
        start, end = self.plan.contained, self.plan.fixed
        if self.story.twist == "stepped_back":
            reason = "It came back on another node; containment was too early."
            self.do(between(start, end, 0.12), workflow.step_back, reason=reason)
            proof.sign(self, "no_growth", between(start, end, 0.18))
            telling.decide(self, between(start, end, 0.185))
            self.do(between(start, end, 0.19), workflow.begin_mitigation)
        self._end_tasks("mitigation", [between(start, end, share) for share in (0.2, 0.5, 0.8)])
        when = between(start, end, 0.35)
        self.do(when, response.record_cause, self.responder, cause=self.story.cause)
        self._say(2, between(start, end, 0.6))
        telling.update(self)
        proof.mitigate(self)
        self.do(end, workflow.begin_recovery)

    def _recover(self) -> None:
        start, back, end = self.plan.fixed, self.plan.recovered, self.plan.in_review
        moments = [between(start, back, 0.3), between(start, back, 0.7), between(back, end, 0.8)]
        self._end_tasks("recovery", moments)
        for number in range(len(self.story.systems)):
            when = between(start, back, 0.55 + 0.3 * number)
            self._change_system(number, "restored", self.words.restored, when)
        when = between(back, end, 0.05)
        self.do(when, response.record_recovery, self.responder, recovered_at=back)
        proof.recover(self)
        telling.all_clear(self)

    # --- steps that phases share ----------------------------------------------------------------

    def _say(self, number: int, when: datetime) -> None:
        """An update in the responder's words, as long as the story has one more."""
        if number < len(self.story.updates):
            text = self.story.updates[number]
            self.do(when, response.post_update, self.responder, text=text)

    def _end_tasks(self, phase: str, moments: list[datetime]) -> None:
        """A third each time (half, or all, of what is over); the last is waived with a reason."""
        if not self.is_open:
            moments = moments[1 if self.severity <= 2 else 2 :]
        else:
            self.agenda.add(moments[0], partial(work.share_out, self, phase))
        for number, when in enumerate(moments):
            is_last = number == len(moments) - 1
            self.agenda.add(when, partial(self._end_some, phase, is_last))

    def _end_some(self, phase: str, is_last: bool, at: datetime) -> None:
        open_tasks = Task.objects.filter(
            incident_id=self.incident_id, phase=phase, state=Task.State.OPEN
        )
        found = list(open_tasks.order_by("position").values_list("pk", flat=True))
        some = found[:-1] if is_last else found[: 3 if self.is_open else 5]
        done = self.rng.choice(phrases.DONE[phase])
        work.attach(self, some, at=at)
        self._end(some, Task.State.DONE, done, self.responder, at)
        work.confirm(self, some, at=at)
        if is_last:
            self._end(found[-1:], Task.State.WAIVED, self.words.waived, self.commander, at)

    def _end(self, ids: list[int], state: str, note: str, by: Actor, at: datetime) -> None:
        if ids:
            tasks.end(
                incident_id=self.incident_id, task_ids=ids, state=state, note=note, by=by, at=at
            )

    def _change_system(self, number: int, state: str, how: str, when: datetime) -> None:
        name = self.story.systems[number]

        def change(at: datetime) -> None:
            affected = AffectedSystem.objects.get(
                incident_id=self.incident_id, system_id=self.cast.systems[name]
            )
            response.change_system(
                incident_id=self.incident_id,
                affected_id=affected.pk,
                state=state,
                how=how[0].upper() + how[1:] + ".",
                checked_by_id=self.commander.user_id if state == "restored" else None,
                by=self.responder,
                at=at,
            )

        self.agenda.add(when, change)

    def _login(self) -> str:
        return next(name for name, actor in self.cast.actors.items() if actor is self.commander)

    @property
    def incident(self) -> Incident:
        """The incident as it is now."""
        return Incident.objects.get(pk=self.incident_id)
