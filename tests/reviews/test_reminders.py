"""Reminders of preventive actions, also after closing, and of the review to who leads it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cases import warning
from cases.models import Deadline, Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import User
from notifications.models import Message
from reviews import action_reminders, actions, jobs, workflow
from reviews.models import PreventiveAction, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, NEXT_WEEK, Steps

pytestmark = pytest.mark.django_db
END = clocks.end_of(NEXT_WEEK)  # a little less than a week after it was agreed


def told(at: datetime) -> list[tuple[str, str]]:
    """To whom and what, without the reference; asked twice, the second time for nothing."""
    before = set(Message.objects.values_list("pk", flat=True))
    action_reminders.remind(at=at)
    assert action_reminders.remind(at=at) == 0
    rows = Message.objects.exclude(pk__in=before).order_by("pk")
    return [(row.to_address, row.subject.partition(": ")[2]) for row in rows]


def test_the_owner_of_an_action_is_reminded_after_the_incident_closed(closed: Review) -> None:
    span = END - LATER
    shares = (0.49, 0.5, 0.6, 0.75, 0.9, 0.99, 1.0, 1.5)
    found = {share: told(LATER + span * share) for share in shares}

    name = "Preventive action “Time out the call”"
    assert {share: mails for share, mails in found.items() if mails} == {
        share: [
            ("responder@desk.test", f"{name} due in {clocks.words(END - LATER - span * share)}")
        ]
        for share in (0.5, 0.75, 0.9)
    } | {1.0: [("responder@desk.test", f"{name} is late")]}
    assert Incident.objects.get().phase == "closed"


def test_an_action_of_a_week_or_more_is_reminded_of_every_week_while_it_is_late(
    steps: Steps,
) -> None:
    steps.action(due_on=NEXT_WEEK + timedelta(days=1))
    end = END + timedelta(days=1)

    late = [bool(told(end + timedelta(days=days))) for days in (0, 6, 7, 13, 14)]

    assert late == [True, False, True, False, True]


def test_after_its_owner_left_who_leads_the_review_is_told_and_then_the_commander(
    steps: Steps, people: People
) -> None:
    steps.action()
    User.objects.filter(pk=people["responder"].pk).update(is_active=False)
    Review.objects.update(facilitator=people["security"])

    assert [address for address, _ in told(END - timedelta(days=2))] == ["security@desk.test"]
    User.objects.filter(pk=people["security"].pk).update(is_active=False)
    assert [address for address, _ in told(END)] == ["commander@desk.test"]


def test_an_action_that_ended_is_not_reminded_of(closed: Review, people: People) -> None:
    action = PreventiveAction.objects.get()
    actions.drop(action_id=action.pk, reason="No.", by=people.actor("responder"), at=LATER)

    assert told(END) == []


def test_of_a_restricted_incident_the_reminder_names_nothing(
    closed: Review, people: People
) -> None:
    Incident.objects.update(is_restricted=True)

    assert told(END) == [("commander@desk.test", "A preventive action is late")]
    assert "Time out" not in Message.objects.latest("pk").body_text


def test_the_worker_reminds(closed: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "database_now", lambda: END)
    jobs.remind_of_actions()
    jobs.remind_of_actions()

    assert Message.objects.filter(subject__contains="Preventive action").count() == 1


def test_of_the_review_itself_who_leads_it_is_reminded_and_the_commander(
    review: Review, people: People
) -> None:
    findings = workflow.Findings(root_cause="A lock.")
    workflow.write(
        review_id=review.pk,
        findings=findings,
        facilitator_id=people["security"].pk,
        by=people.actor("responder"),
        at=LATER,
    )
    due = Deadline.objects.get(kind="review")
    Deadline.objects.exclude(pk=due.pk).update(warn_at=None)
    weeks = [due.due_at + timedelta(days=days) for days in (0, 6, 7)]

    assert [warning.warn(at=at) for at in weeks] == [2, 0, 2]
    mails = Message.objects.filter(kind="deadline")
    assert set(mails.values_list("to_address", flat=True)) == {
        "security@desk.test",
        "commander@desk.test",
    }
    assert {mail.subject.partition(": ")[2] for mail in mails} == {"Review held is late"}
