"""What follows recovery in a story: the review, its actions and documents, and reopening."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from cases import labels, notices
from cases import workflow as case
from incidentdesk.demo import phrases
from incidentdesk.demo.agenda import between
from incidentdesk.demo.life import Life
from incidentdesk.kernel.access import Actor
from reviews import (
    actions,
    approval,
    attending,
    causes,
    controls,
    documents,
    lessons,
    reporting,
    workflow,
)
from reviews.models import Cause, DocumentUpdate, PreventiveAction, Review
from reviews.models.review import FINDINGS

_DAYS = {1: 30, 2: 60, 3: 90, 4: 90}  # until a preventive action has to be done
_OWNERS = ("responder", "responder2", "responder3", "security", "commander2")


class Aftermath:
    """The review of one incident. `overdue_on` is the due day of an action that nobody does."""

    def __init__(self, life: Life, *, now: datetime, overdue_on: date | None = None) -> None:
        """Plans nothing yet."""
        self.life, self.now, self.overdue_on = life, now, overdue_on
        self.rng, self.words = life.rng, life.words
        self.review_id = 0
        self.documents: list[int] = []
        self.actions: list[int] = []
        self.approver = life.cast.one(self.rng, "approver", "approver", "security")

    def plan(self) -> None:
        """Plan the review, and what is done after it."""
        start, end = self.life.plan.in_review, self.life.plan.closed
        add = self.life.agenda.add
        add(start, self._begin)
        add(between(start, end, 0.15), self._write)
        add(between(start, end, 0.2), self._ask_why)
        add(between(start, end, 0.3), self._look_at_controls)
        add(between(start, end, 0.4), self._agree)
        add(between(start, end, 0.5), self._list_documents)
        add(between(start, end, 0.6), self._learn)
        add(between(start, end, 0.65), self._write_for_partners)
        for number in range(2):
            add(between(start, end, 0.75 + 0.05 * number), partial(self._finish_document, number))
        add(between(start, end, 0.9), self._ask)
        add(end, self._finish)
        add(end + timedelta(hours=6), self._report)
        self._plan_actions(between(start, end, 0.4), end)

    def reopen(self, when: datetime, reason: str, *, again: datetime) -> None:
        """Somebody finds that it is not over; the review is finished once more at `again`."""
        self.life.do(when, case.reopen, reason=reason)
        self.life.agenda.add(when + timedelta(hours=1), self._write_again)
        self.life.agenda.add(when + timedelta(hours=20), self._ask)
        self.life.agenda.add(again, self._finish)

    # --- the review -----------------------------------------------------------------------------

    def _begin(self, at: datetime) -> None:
        by = self.life.commander
        self.review_id = workflow.begin(incident_id=self.life.incident_id, by=by, at=at).pk

    def _write(self, at: datetime) -> None:
        story, rng = self.life.story, self.rng
        findings = workflow.Findings(
            root_cause=story.root,
            contributing_factors="\n".join(rng.sample(self.words.factors, k=2)),
            trigger=story.cause,
            went_well=rng.choice(self.words.well),
            went_badly=rng.choice(self.words.badly),
            not_detected=phrases.NOT_DETECTED,
            luck=phrases.LUCK,
        )
        workflow.write(
            review_id=self.review_id,
            findings=findings,
            facilitator_id=self.life.comms.person_id,
            by=self.life.responder,
            at=at,
        )

    def _write_again(self, at: datetime) -> None:
        review = Review.objects.get(pk=self.review_id)
        known = {name: getattr(review, name) for name in FINDINGS}
        known["contributing_factors"] += "\nThe first fix did not reach every node."
        workflow.write(
            review_id=self.review_id,
            findings=workflow.Findings(**known),
            facilitator_id=review.facilitator_id,
            by=self.life.responder,
            at=at,
        )

    def _ask_why(self, at: datetime) -> None:
        """Two branches: what set it off, down to the root, and what made it worse."""
        review = Review.objects.get(pk=self.review_id)
        who: dict[str, Any] = {
            "review_id": self.review_id,
            "by": self.life.responder,
            "at": at,
        }
        shown = review.incident.entries.order_by("sequence").first()
        first = causes.add(
            **who,
            text=self.life.story.cause,
            kind=Cause.Kind.TECHNOLOGY,
            entry_id=shown.pk if shown else None,
        )
        causes.add(
            **who,
            text=review.root_cause,
            kind=Cause.Kind.PROCESS,
            parent_id=first.pk,
            is_root=True,
        )
        for text in review.contributing_factors.splitlines():
            causes.add(**who, text=text, kind=Cause.Kind.PROCESS)
        for person in (self.life.commander, self.life.responder):
            attending.add(**who, user_id=person.person_id)

    def _write_for_partners(self, at: datetime) -> None:
        story = self.life.story
        words = workflow.ForPartners(
            partner_story=story.meaning,
            partner_cause=story.cause,
            partner_measures="\n".join(title for _, title in story.actions),
        )
        workflow.write_for_partners(
            review_id=self.review_id, words=words, by=self.life.responder, at=at
        )

    def _ask(self, at: datetime) -> None:
        approval.ask(review_id=self.review_id, by=self.life.responder, at=at)

    def _look_at_controls(self, at: datetime) -> None:
        for name, verdict, note in self.rng.sample(self.words.controls, k=self.rng.choice((1, 2))):
            controls.add_check(
                review_id=self.review_id,
                name=name,
                verdict=verdict,
                note=note,
                by=self.life.responder,
                at=at,
            )

    def _list_documents(self, at: datetime) -> None:
        by = self.life.responder
        if not self.life.is_open and self.rng.random() < 0.15:
            reason = "What is written down is right; it was not followed."
            documents.need_none(review_id=self.review_id, reason=reason, by=by, at=at)
            return
        for title in self.rng.sample(self.words.documents, k=self.rng.choice((1, 1, 2))):
            made = documents.add(
                review_id=self.review_id,
                title=title,
                kind=DocumentUpdate.Kind.RUNBOOK,
                owner_id=self._owner().person_id,
                due_on=(at + timedelta(days=14)).date(),
                done_when=phrases.DONE_WHEN,
                by=by,
                at=at,
            )
            self.documents.append(made.pk)

    def _learn(self, at: datetime) -> None:
        lessons.add(
            review_id=self.review_id,
            text=self.life.story.lesson,
            tags=self.life.story.tags,
            by=self.life.responder,
            at=at,
        )

    def _finish(self, at: datetime) -> None:
        workflow.finish(review_id=self.review_id, by=self.approver, at=at)

    # --- what is done after it ------------------------------------------------------------------

    def _report(self, at: datetime) -> None:
        """What partners were told of is told to its end: the cause, and what changes."""
        review = Review.objects.get(pk=self.review_id)
        told = [row.pk for row in reporting.told(review)]
        if not told or not review.is_approved or review.incident.tlp == labels.Tlp.RED:
            return
        made = reporting.draft(
            review_id=review.pk,
            body=reporting.text_of(review),
            involvement_ids=told,
            by=self.life.comms,
            at=at,
        )
        notices.approve(notice_id=made.pk, by=self.approver, at=at)
        notices.send(notice_id=made.pk, by=self.life.comms, at=at)

    def _agree(self, at: datetime) -> None:
        for number, (kind, title) in enumerate(self.life.story.actions):
            due_on = self._due(at, number).date()
            made = actions.agree(
                review_id=self.review_id,
                title=title,
                kind=kind,
                owner_id=self._owner().person_id,
                due_on=due_on,
                by=self.life.responder,
                at=at,
            )
            self.actions.append(made.pk)

    def _due(self, agreed: datetime, number: int) -> datetime:
        """By the severity's target; the first one of an overdue pair on its own day."""
        if number == 0 and self.overdue_on is not None:
            return agreed.replace(
                year=self.overdue_on.year, month=self.overdue_on.month, day=self.overdue_on.day
            )
        return agreed + timedelta(days=_DAYS[self.life.severity] - 7 * number)

    def _plan_actions(self, agreed: datetime, closed: datetime) -> None:
        """Most are done in time, one in eight a few days late."""
        for number in range(len(self.life.story.actions)):
            if number == 0 and self.overdue_on is not None:
                continue
            due = self._due(agreed, number)
            done = between(closed, due, self.rng.uniform(0.2, 0.95))
            if self.rng.random() < 0.12:
                done = due + timedelta(days=self.rng.uniform(1.5, 7))
                done = done if done < self.now else due - timedelta(hours=20)
            add = self.life.agenda.add
            add(max(done, closed), partial(self._finish_action, number))

    def _finish_action(self, number: int, at: datetime) -> None:
        note = self.rng.choice(phrases.DONE_ACTIONS)
        made = actions.finish(action_id=self.actions[number], note=note, by=self._owner(), at=at)
        if made.pk % 6:  # one in six waits for whoever verifies it
            self._verify(made, at)

    def _verify(self, made: PreventiveAction, at: datetime) -> None:
        """By somebody who neither owns it nor did it."""
        others = (self.life.cast.actors[login] for login in ("security", *_OWNERS))
        by = next(one for one in others if one.user_id not in (made.owner_id, made.ended_by_id))
        actions.verify(action_id=made.pk, evidence=phrases.EVIDENCE, by=by, at=at)

    def _finish_document(self, number: int, at: datetime) -> None:
        if number < len(self.documents):
            proof = self.rng.choice(phrases.PROOFS)
            documents.finish(
                document_id=self.documents[number], proof=proof, by=self._owner(), at=at
            )

    def _owner(self) -> Actor:
        return self.life.cast.one(self.rng, *_OWNERS)
