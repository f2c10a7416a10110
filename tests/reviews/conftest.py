"""What the tests of reviews share: an incident in Review, and the steps of its review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.test import Client

from cases import response, restoring, tasks
from cases.models import Incident
from reviews import actions, approval, causes, controls, documents, lessons, workflow
from reviews.models import Cause, Control, DocumentUpdate, PreventiveAction, Review
from tests.conftest import NOW, People

LATER = NOW + timedelta(days=1)
NEXT_WEEK = date(2026, 3, 11)
SOAK = timedelta(minutes=30)  # of a SEV-2


@pytest.fixture
def review(incident_in: Callable[[str], Incident], people: People) -> Review:
    """A fresh review of a SEV-2, opened by its commander."""
    incident = incident_in("recovery")
    Finishing(incident.pk, people).rest_of_recovery()
    return workflow.begin(incident_id=incident.pk, by=people.actor("commander"), at=LATER)


class Finishing:
    """Does what the gate before Review asks for, without the move itself."""

    def __init__(self, incident_id: int, people: People) -> None:
        self.id, self.people = incident_id, people

    def rest_of_recovery(self) -> None:
        """Tasks ended, systems restored, recovery recorded, reconciled, all clear signed away."""
        by, at, id_ = self.people.actor("commander"), LATER - SOAK, self.id
        incident = Incident.objects.get(pk=id_)
        open_tasks = list(incident.tasks.filter(phase="recovery").values_list("pk", flat=True))
        tasks.end(
            incident_id=id_, task_ids=open_tasks, state="waived", note="A test.", by=by, at=at
        )
        for affected in incident.systems.all():
            response.change_system(
                incident_id=id_,
                affected_id=affected.pk,
                state="restored",
                how="back in the pool",
                checked_by_id=self.people["responder"].pk,
                by=by,
                at=at,
            )
        response.record_recovery(incident_id=id_, recovered_at=at, by=by, at=at)
        for key in ("nothing_to_reconcile", "all_clear_not_needed", "blocks_lifted"):
            response.sign(incident_id=id_, key=key, text="Seen.", by=by, at=at)
        restoring.record_check(
            incident_id=id_, name="Quote age", passed=True, result="150 ms", by=by, at=at
        )
        for involvement in incident.involvements.all():
            restoring.confirm_partner(
                incident_id=id_, involvement_id=involvement.pk, who="Their desk", by=by, at=at
            )


class Steps:
    """The steps that complete a review, one for each thing that it needs."""

    def __init__(self, review: Review, people: People) -> None:
        self.id, self.people, self.by = review.pk, people, people.actor("responder")

    def facilitator(self) -> None:
        """Who leads it, and does not command."""
        self._write()

    def why(self, text: str = "The handler waits for ever.", *, below: int | None = None) -> Cause:
        """A root cause in the tree."""
        return causes.add(
            review_id=self.id,
            text=text,
            kind="technology",
            parent_id=below,
            is_root=True,
            by=self.by,
            at=LATER,
        )

    def root_cause(self) -> None:
        """The cause, and nothing else."""
        self._write(root_cause="The feed handler holds a lock over a network call.")

    def contributing_factors(self) -> None:
        """What made it worse."""
        self._write(contributing_factors="No alert on stale quotes.")

    def control(self) -> None:
        """A control of the register that held."""
        row, _ = Control.objects.get_or_create(number="CH-01", title="Change approval")
        controls.add_check(
            review_id=self.id, control_id=row.pk, verdict="worked", by=self.by, at=LATER
        )

    def action(self, kind: str = "prevent", *, due_on: date = NEXT_WEEK) -> PreventiveAction:
        """An action with an owner and a due day."""
        return actions.agree(
            review_id=self.id,
            title="Time out the call",
            kind=kind,
            owner_id=self.people["responder"].pk,
            due_on=due_on,
            by=self.by,
            at=LATER,
        )

    def document(self) -> DocumentUpdate:
        """A document to update; it stays open."""
        return documents.add(
            review_id=self.id,
            title="Runbook: quote gateway",
            kind="runbook",
            link="https://wiki.example/quote-gateway",
            owner_id=self.people["responder"].pk,
            due_on=NEXT_WEEK,
            done_when="Version 7 is out.",
            by=self.by,
            at=LATER,
        )

    def document_done(self) -> None:
        """It is updated."""
        for document in DocumentUpdate.objects.filter(review=self.id, state="open"):
            documents.finish(document_id=document.pk, proof="Version 7.", by=self.by, at=LATER)

    def lesson(self) -> None:
        """Something learned."""
        lessons.add(
            review_id=self.id,
            text="A stale price looks like a quiet market; alert on age, not on silence.",
            tags=["Market data", "alerts", "market  data"],
            by=self.by,
            at=LATER,
        )

    def everything(self, *, but: str = "") -> None:
        """Every step except one."""
        first = ("facilitator", "why", "root_cause", "contributing_factors", "control")
        for name in (*first, "action", "document", "document_done", "lesson"):
            if name != but:
                getattr(self, name)()

    def ask(self, *, at: datetime = LATER) -> Review:
        """Ask for its approval, as who wrote it."""
        return approval.ask(review_id=self.id, by=self.by, at=at)

    def finish(self, key: str = "approver", *, at: datetime = LATER) -> Review:
        """Approve and close, as this person; it is asked for before."""
        if not Review.objects.get(pk=self.id).is_in_review:
            self.ask(at=at)
        return workflow.finish(review_id=self.id, by=self.people.actor(key), at=at)

    def _write(self, **words: str) -> None:
        review = Review.objects.get(pk=self.id)
        before = {name: getattr(review, name) for name in ("root_cause", "contributing_factors")}
        findings = workflow.Findings(**{**before, **words})
        workflow.write(
            review_id=self.id,
            findings=findings,
            facilitator_id=self.people["responder"].pk,
            by=self.by,
            at=LATER,
        )


@pytest.fixture
def steps(review: Review, people: People) -> Steps:
    """Steps of the fresh review."""
    return Steps(review, people)


@pytest.fixture
def closed(steps: Steps) -> Review:
    """An approved review, whose incident closed, with one open action and one updated document."""
    steps.everything()
    return steps.finish()


@pytest.fixture
def as_(client: Client, people: People) -> Callable[[str], Client]:
    """The browser of a person."""

    def log_in(key: str) -> Client:
        client.force_login(people[key])
        return client

    return log_in
