"""Mails about a restricted incident name nothing, and go to nobody who is not let in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cases import fixes, response, restriction, tasks, warning, workflow
from cases.models import Deadline, Fix, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.models import User
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
TOMORROW = NOW + timedelta(days=1)
WORD = "ZEBRA"  # in every text of the hidden incident
CLOSED = "A restricted incident needs you"


@pytest.fixture
def ordinary(declare, people) -> Incident:
    """Commanded, and open to everybody yet."""
    incident = declare(title=f"{WORD} title")
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    return Incident.objects.get(pk=incident.pk)


@pytest.fixture
def restrict(people):
    """`restrict(incident, names)`: from now on for its commander and these people only."""

    def run(incident: Incident, *names: str) -> Incident:
        restriction.restrict(
            incident_id=incident.pk,
            user_ids=[people[name].pk for name in names],
            reason="Perhaps one of us.",
            by=people.actor("commander"),
            at=NOW,
        )
        return Incident.objects.get(pk=incident.pk)

    return run


@pytest.fixture
def fix(people):
    """`fix(incident, owner_id)`: a temporary fix in place, which expires today."""

    def run(incident: Incident, owner_id: int) -> Fix:
        made = fixes.propose(
            incident_id=incident.pk,
            kind="temporary",
            text=f"{WORD} text",
            change_reference=f"{WORD}-1",
            test_evidence="On staging.",
            rollback_plan="Take it out.",
            owner_id=owner_id,
            expires_on=NOW.date(),
            by=people.actor("commander"),
            at=NOW,
        )
        return fixes.approve(fix_id=made.pk, by=people.actor("security"), at=NOW)

    return run


def mail(kind: str) -> Message:
    """The one mail of this kind, which names nothing of a restricted incident."""
    found = Message.objects.get(kind=kind)
    shown = found.subject + found.body_text + found.body_html
    assert WORD not in shown
    assert Incident.objects.get(pk=int(found.about.split(":")[1])).reference not in shown
    return found


def test_the_reminder_of_a_fix_goes_to_its_owner_and_names_nothing(ordinary, restrict, fix, people):
    incident = restrict(ordinary, "security", "responder")
    fix(incident, people["responder"].pk)
    Deadline.objects.update(warn_at=None)
    assert warning.warn(at=TOMORROW) == 1
    told = mail("deadline")
    assert told.to_user == people["responder"]
    assert told.subject == "Restricted: End of a temporary fix is late"


def test_an_owner_who_is_shut_out_is_not_reminded_but_the_commander_is(
    ordinary, restrict, fix, people
):
    fix(ordinary, people["responder"].pk)
    restrict(ordinary)
    Deadline.objects.update(warn_at=None)
    assert warning.warn(at=TOMORROW) == 1
    assert mail("deadline").to_user == people["commander"]


def test_a_task_in_a_mail_names_nothing_of_a_restricted_incident(ordinary, restrict, people):
    given: dict[str, Any] = {"phase": "recovery", "text": f"{WORD} task"}
    given |= {"owner_id": people["security"].pk, "by": people.actor("commander"), "at": LATER}
    tasks.add(incident_id=restrict(ordinary, "security").pk, **given)
    told = mail("task")
    assert (told.to_user, told.subject) == (people["security"], "Restricted: a task for you")
    assert CLOSED in told.body_text


def test_the_reminder_of_a_task_names_nothing_and_reaches_who_may_open_it(
    ordinary, restrict, people
):
    step: dict[str, Any] = {"incident_id": ordinary.pk, "by": people.actor("commander"), "at": NOW}
    given = {"phase": "recovery", "text": f"{WORD} task", "due_at": LATER}
    tasks.add(**step, **given, owner_id=people["responder"].pk)
    restrict(ordinary)
    Deadline.objects.update(warn_at=None)
    assert warning.warn(at=LATER) == 1
    told = mail("deadline")
    assert (told.to_user, told.subject) == (people["commander"], "Restricted: A task is late")


def test_the_note_of_a_page_stays_in_a_restricted_incident(ordinary, restrict, people):
    incident = restrict(ordinary, "security")
    before = set(Message.objects.values_list("pk", flat=True))
    response.page(
        incident_id=incident.pk,
        user_ids=[people["security"].pk],
        group_ids=[],
        note=f"{WORD} note",
        by=people.actor("commander"),
        at=LATER,
    )
    told = Message.objects.exclude(pk__in=before).get()
    assert WORD not in told.subject + told.body_text + told.body_html
    assert f"{WORD} note" in incident.entries.latest("sequence").body


@pytest.mark.parametrize("roles", [["responder"], ["responder", "auditor"]])
def test_nobody_who_is_not_let_in_owns_a_task_or_a_fix(ordinary, restrict, fix, people, roles):
    person = User.objects.create_user("night@desk.test", name="Noor", roles=roles)
    incident, by = restrict(ordinary, "security"), people.actor("commander")
    refused = pytest.raises(InvalidInput, match="Noor may not open this incident")
    with refused:
        fix(incident, person.pk)
    with refused:
        tasks.add(
            incident_id=incident.pk,
            phase="recovery",
            text="x",
            owner_id=person.pk,
            by=by,
            at=LATER,
        )
    assert access.actor_for(person).is_auditor == ("auditor" in roles)
