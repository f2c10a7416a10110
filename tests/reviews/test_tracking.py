"""The issue tracker: what it is told, in which transaction, signed how, and what it may say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import standardwebhooks
from django.db import IntegrityError, connection, transaction
from django.test import Client

from cases.models import Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent
from notifications import turns
from notifications.models import Message
from reviews import actions, synchronising, trackers, tracking
from reviews.models import PreventiveAction, Tracker
from tests.conftest import People
from tests.hooks import Receiver, receiver
from tests.reviews.conftest import LATER, NEXT_WEEK, Steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings: Any) -> Iterator[Receiver]:
    """A tracker that listens on this machine, which tests alone may call."""
    settings.WEBHOOK_LOOPBACK = True
    with receiver() as running:
        yield running


@pytest.fixture
def tracker(hook: Receiver, people: People) -> tuple[Tracker, str]:
    """It is on; with the secret that was shown once."""
    by = people.actor("administrator")
    return trackers.add(name="Tickets", url=hook.url, by=by, at=LATER)


def entries() -> list[dict[str, Any]]:
    """What waits or went, in order."""
    rows = Message.objects.filter(kind__startswith="action.").order_by("pk")
    return [json.loads(row.body_text) for row in rows]


def deliver() -> None:
    """The sender's run, until nothing is left; what waits was written just now."""
    Message.objects.filter(state="queued").update(created_at=clocks.now())
    while turns.deliver_due(at=clocks.now() + timedelta(seconds=1)):
        pass


def test_each_change_is_a_message_with_a_key_that_stays_and_an_id_of_its_own(
    tracker: tuple[Tracker, str], steps: Steps, people: People
) -> None:
    action, by = steps.action(), people.actor("responder")
    actions.start(action_id=action.pk, by=by, at=LATER)
    later = NEXT_WEEK + timedelta(days=1)
    actions.postpone(action_id=action.pk, due_on=later, reason="x", by=by, at=LATER)
    actions.finish(action_id=action.pk, note="Done.", by=by, at=LATER)
    actions.verify(action_id=action.pk, evidence="Seen.", by=people.actor("security"), at=LATER)

    found = entries()
    key = f"action-{action.pk}"
    assert [(one["type"], one["data"]["state"]) for one in found] == [
        ("action.created", "agreed"),
        ("action.changed", "in_progress"),
        ("action.changed", "in_progress"),
        ("action.changed", "done"),
        ("action.ended", "verified"),
    ]
    assert [one["key"] for one in found] == [key] * 5
    assert [one["id"] for one in found] == [f"{key}-{n}" for n in range(1, 6)]
    assert found[0]["data"] == {
        "number": action.pk,
        "link": f"http://localhost:8000/admin/reviews/preventiveaction/{action.pk}/change/"
        if found[0]["data"]["link"].startswith("http://localhost:8000")
        else found[0]["data"]["link"],
        "title": "Time out the call",
        "kind": "prevent",
        "priority": 2,
        "state": "agreed",
        "due_on": "2026-03-11",
        "owner": {"name": "Responder", "email": "responder@desk.test"},
        "incident": Incident.objects.get().reference,
        "note": "",
        "reference": "",
    }


def test_it_goes_out_signed_and_again_under_the_same_id_when_it_failed(
    tracker: tuple[Tracker, str], hook: Receiver, steps: Steps
) -> None:
    action = steps.action()
    assert hook.calls == []  # never in the request
    hook.status = 503
    deliver()
    row = Message.objects.get(kind="action.created")
    assert (row.state, row.attempts, row.last_error) == ("queued", 1, "HTTP 503")
    hook.status = 200
    Message.objects.update(next_try_at=clocks.now())
    deliver()

    (first, body), (second, again) = hook.calls
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert first["webhook-id"] == f"action-{action.pk}-1"
    standardwebhooks.Webhook(tracker[1]).verify(again, second)
    assert Message.objects.get(kind="action.created").state == "sent"


def test_a_change_that_is_taken_back_was_never_told(
    tracker: tuple[Tracker, str], steps: Steps
) -> None:
    with transaction.atomic():
        steps.action()
        transaction.set_rollback(True)
    assert entries() == []


def test_of_a_restricted_incident_nothing_but_number_and_link_leaves_the_desk(
    tracker: tuple[Tracker, str], steps: Steps, people: People, as_: Callable[[str], Client]
) -> None:
    action = steps.action()
    Incident.objects.update(is_restricted=True)
    by = people.actor("commander")
    actions.finish(action_id=action.pk, note="Zebra.", by=by, at=LATER)

    data = entries()[-1]["data"]
    assert sorted(data) == ["link", "number"]
    assert (data["number"], data["link"].endswith(f"/preventiveaction/{action.pk}/change/")) == (
        action.pk,
        True,
    )
    body = Message.objects.filter(kind="action.changed").get().body_text
    incident = Incident.objects.get()
    words = (action.title, incident.title, incident.reference, "Zebra", "Responder")
    assert [word for word in words if word in body] == []


def test_what_waits_when_its_incident_is_restricted_is_not_sent(
    tracker: tuple[Tracker, str], steps: Steps, hook: Receiver
) -> None:
    steps.action()
    Incident.objects.update(is_restricted=True)

    deliver()

    assert hook.calls == []
    assert Message.objects.get(kind="action.created").state == "failed"


def test_of_a_drill_nothing_is_told_and_without_a_tracker_neither(
    steps: Steps, people: People, hook: Receiver
) -> None:
    steps.action()
    assert entries() == []
    by = people.actor("administrator")
    trackers.add(name="Tickets", url=hook.url, by=by, at=LATER)
    action = PreventiveAction.objects.get()
    action.review.incident.is_exercise = True
    tracking.tell(action, tracking.CHANGED, at=LATER)
    assert entries() == []


def test_one_that_is_switched_off_is_told_nothing_nor_what_waits(
    tracker: tuple[Tracker, str], hook: Receiver, steps: Steps, people: People
) -> None:
    steps.action()
    step: dict[str, Any] = {
        "tracker_id": tracker[0].pk,
        "by": people.actor("administrator"),
        "at": LATER,
    }

    trackers.switch_off(**step)
    steps.action()
    deliver()

    assert hook.calls == []
    assert [row.state for row in Message.objects.filter(kind__startswith="action.")] == [
        "suppressed"
    ]
    trackers.switch_on(**step)
    with pytest.raises(Conflict, match="Tickets is on already"):
        trackers.add(name="Second", url=hook.url, by=people.actor("administrator"), at=LATER)


def test_an_address_that_is_gone_switches_it_off(
    tracker: tuple[Tracker, str], hook: Receiver, steps: Steps
) -> None:
    steps.action()
    hook.status = 410
    deliver()

    kept = Tracker.objects.get()
    assert (kept.is_on, "410" in kept.off_because) == (False, True)
    assert AuditEvent.objects.filter(action="switched off tracker").get().actor == "The desk"


def test_its_secret_is_stored_encrypted_and_shown_once(
    tracker: tuple[Tracker, str], as_: Callable[[str], Client]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM reviews_tracker")
        (stored,) = cursor.fetchone()
    assert tracker[1] not in stored
    page = as_("administrator").get(f"/admin/reviews/tracker/{tracker[0].pk}/change/")
    assert page.status_code == 200
    assert tracker[1] not in page.content.decode()
    assert as_("security").get("/admin/reviews/tracker/").status_code == 403


def test_how_it_goes_is_seen_on_its_page(
    tracker: tuple[Tracker, str], hook: Receiver, steps: Steps, as_: Callable[[str], Client]
) -> None:
    steps.action()
    hook.status = 500
    deliver()

    page = as_("administrator").get(f"/admin/reviews/tracker/{tracker[0].pk}/change/")

    assert "HTTP 500" in page.content.decode()


def test_the_tracker_names_an_action_and_moves_it_but_never_verifies(
    tracker: tuple[Tracker, str], steps: Steps, people: People
) -> None:
    action, by = steps.action(), people.actor("responder")
    step: dict[str, Any] = {"action_id": action.pk, "by": by, "at": LATER}

    synchronising.note(**step, reference="OPS-7", link="https://t.example/OPS-7")
    synchronising.note(**step, state="in_progress")
    synchronising.note(**step, state="in_progress")
    synchronising.note(**step, state="done")

    action.refresh_from_db()
    assert (action.state, action.external_reference, action.external_link) == (
        "done",
        "OPS-7",
        "https://t.example/OPS-7",
    )
    assert (action.note, action.ended_by) == (
        "Done in the issue tracker: OPS-7.",
        people["responder"],
    )
    for state in ("verified", "dropped", "agreed"):
        with pytest.raises(InvalidInput, match="sets in_progress or done"):
            synchronising.note(**step, state=state)
    assert [one["type"] for one in entries()] == ["action.created"]  # no echo
    assert PreventiveAction.objects.get().remind_at is not None


def test_what_the_tracker_calls_an_action_wakes_no_reminder_of_one_that_waits_for_nobody(
    tracker: tuple[Tracker, str], steps: Steps, people: People
) -> None:
    action, by = steps.action(), people.actor("responder")
    actions.finish(action_id=action.pk, note="Done.", by=by, at=LATER)
    PreventiveAction.objects.filter(pk=action.pk).update(remind_at=None)  # as before verifying
    before = PreventiveAction.objects.get().revision

    for _ in range(2):
        synchronising.note(action_id=action.pk, reference="OPS-7", state="done", by=by, at=LATER)

    action.refresh_from_db()
    assert (action.external_reference, action.remind_at) == ("OPS-7", None)
    assert action.revision == before


def test_who_may_not_synchronise_or_not_open_the_incident_is_refused(
    steps: Steps, people: People
) -> None:
    action = steps.action()
    for key in ("approver", "auditor", "communications", "administrator"):
        with pytest.raises(NotAllowed):
            synchronising.note(action_id=action.pk, reference="x", by=people.actor(key), at=LATER)
    Incident.objects.update(is_restricted=True)
    with pytest.raises(NotFound):
        synchronising.note(
            action_id=action.pk, reference="x", by=people.actor("responder"), at=LATER
        )


def test_the_database_has_one_tracker_on_at_a_time(
    tracker: tuple[Tracker, str], people: People
) -> None:
    with pytest.raises(IntegrityError, match="one_tracker_is_on"), transaction.atomic():
        Tracker.objects.create(
            name="Second",
            url="https://t.example",
            secret="x",
            added_at=LATER,
            added_by=people["administrator"],
        )
