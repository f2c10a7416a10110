"""An offer of a role that nobody answers: the one asked is paged, then the one who asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cases import crew, offers, restriction, workflow
from cases.models import Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.models import User
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def night(people) -> User:
    """A second person who may command."""
    return User.objects.create_user("night@desk.test", name="Noor Haddad", roles=["commander"])


@pytest.fixture
def handed(declare, people, night):
    """`handed()`: the commander of a SEV-1 hands it over to Noor at NOW."""

    def call(**known):
        incident = declare(**{"impact": 4, "scope": 4, "urgency": 3, **known})
        step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
        workflow.take_command(**step)
        return crew.hand_over(**step, role="commander", user_id=night.pk, note="EU-2 is off.")

    return call


def paged(minutes: float) -> list[tuple[str, str]]:
    """Whom this run paged, and with which words."""
    before = set(Message.objects.values_list("pk", flat=True))
    offers.chase(at=after(minutes))
    rows = Message.objects.exclude(pk__in=before).order_by("pk")
    assert all(row.is_page for row in rows)
    lines = [next(x for x in row.body_text.splitlines() if "answered" in x) for row in rows]
    return [(row.to_address, line) for row, line in zip(rows, lines, strict=True)]


def test_first_the_one_asked_is_paged_and_then_the_one_who_asked_and_then_nobody(handed):
    offer = handed()
    found = {minute: paged(minute) for minute in (4.9, 5, 6, 9.9, 10, 11, 500)}
    assert found == {
        4.9: [],
        5: [
            (
                "night@desk.test",
                "You were asked to be commander and have not answered: accept or decline.",
            )
        ],
        6: [],
        9.9: [],
        10: [
            (
                "commander@desk.test",
                "Noor Haddad has not answered whether to be commander; ask somebody else.",
            )
        ],
        11: [],
        500: [],
    }
    lines = Entry.objects.filter(incident=offer.incident, kind="page", actor="The desk")
    assert [line.body for line in lines.order_by("sequence")] == [
        "Noor Haddad has not answered whether to be commander; Noor Haddad is paged.",
        "Noor Haddad has not answered whether to be commander; Incident commander is paged.",
    ]
    assert Incident.objects.get().commander.email == "commander@desk.test"


def test_after_a_standstill_the_one_asked_still_has_the_time_to_answer(handed):
    handed()
    assert [address for address, _ in paged(300)] == ["night@desk.test"]
    assert paged(304) == []
    assert [address for address, _ in paged(305)] == ["commander@desk.test"]


@pytest.mark.parametrize("answer", ["accept", "decline", "leave", "dismiss"])
def test_what_was_answered_or_is_over_pages_nobody(handed, people, night, answer):
    offer, at = handed(), after(1)
    by, commander = access.actor_for(night), people.actor("commander")
    if answer == "accept":
        crew.accept(assignment_id=offer.pk, by=by, at=at)
    elif answer == "decline":
        crew.decline(assignment_id=offer.pk, reason="I am away.", by=by, at=at)
    elif answer == "leave":
        crew.leave(assignment_id=offer.pk, by=commander, at=at)
    else:
        workflow.dismiss(incident_id=offer.incident_id, reason="x", by=commander, at=at)
    assert (paged(5), paged(10)) == ([], [])


def test_one_who_left_meanwhile_is_passed_over(handed, night):
    handed()
    User.objects.filter(pk=night.pk).update(is_active=False)
    assert [address for address, _ in paged(5)] == ["commander@desk.test"]
    assert paged(10) == []


def test_an_exercise_that_pages_nobody_pages_nobody(handed):
    handed(is_exercise=True)
    assert (paged(5), paged(10)) == ([], [])


def test_of_a_restricted_incident_the_page_names_nothing(handed, people):
    step = {"incident_id": handed(title="ZEBRA").incident_id, "by": people.actor("commander")}
    restriction.restrict(**step, user_ids=[], reason="Perhaps one of us.", at=NOW)
    assert [address for address, _ in paged(5)] == ["night@desk.test"]
    mail = Message.objects.latest("pk")
    assert mail.subject == "SEV-1 Restricted: A restricted incident needs you"
    assert "ZEBRA" not in mail.body_text + mail.body_html
