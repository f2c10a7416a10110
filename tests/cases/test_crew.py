"""Roles on an incident: joining, being asked, accepting, declining, handing over, leaving."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import crew, queries, timeline, workflow
from cases.models import Assignment, Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Escalation, Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def led(declare, people):
    """An open incident with a commander."""
    incident = declare()
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    return Incident.objects.get(pk=incident.pk)


@pytest.fixture
def night(people):
    """A second person who may command."""
    return User.objects.create_user("night@desk.test", name="Noor Haddad", roles=["commander"])


def holders(incident):
    rows = incident.assignments.filter(accepted_at__isnull=False, ended_at=None)
    return sorted((row.role, row.user.name) for row in rows)


def last_line(incident):
    return Entry.objects.filter(incident=incident).latest("sequence").body


def offer(led, night, people, **more):
    known = {"incident_id": led.pk, "role": "commander", "user_id": night.pk, "at": LATER}
    return crew.hand_over(
        **known | {"note": "EU-2 is isolated.", "by": people.actor("commander")} | more
    )


def test_taking_command_is_an_assignment_too(led):
    assert holders(led) == [("commander", "Incident commander")]


def test_who_responds_joins_at_once_and_asks_nobody(led, people):
    by = people.actor("responder")
    made = crew.assign(
        incident_id=led.pk, role="scribe", user_id=people["responder"].pk, by=by, at=LATER
    )
    assert made.accepted_at == LATER
    assert holders(led) == [("commander", "Incident commander"), ("scribe", "Responder")]
    assert last_line(led) == "Responder joined as scribe."
    assert not Message.objects.filter(kind="assignment").exists()


@pytest.mark.parametrize(
    ("role", "who"), [("commander", "security"), ("communications", "communications")]
)
def test_who_only_responds_gives_others_nothing(led, people, role, who):
    with pytest.raises((NotAllowed, InvalidInput)):
        crew.assign(
            incident_id=led.pk,
            role=role,
            user_id=people[who].pk,
            by=people.actor("responder"),
            at=LATER,
        )
    assert holders(led) == [("commander", "Incident commander")]


def test_somebody_else_is_asked_and_has_the_role_once_it_is_accepted(led, people):
    made = crew.assign(
        incident_id=led.pk,
        role="communications",
        user_id=people["communications"].pk,
        note="Helix first.",
        by=people.actor("commander"),
        at=LATER,
    )
    assert holders(led) == [("commander", "Incident commander")]
    assert last_line(led) == "Incident commander asked Communications to be communications. " + (
        "Helix first."
    )
    mail = Message.objects.get(kind="assignment")
    assert (mail.to_user, mail.is_page) == (people["communications"], False)
    assert mail.subject == ("SEV-3 INC-2026-0001: Incident commander asks you to be communications")
    assert list(queries.offers_to(people.actor("communications"))) == [made]
    crew.accept(assignment_id=made.pk, by=people.actor("communications"), at=LATER)
    assert holders(led)[1] == ("communications", "Communications")
    assert not queries.offers_to(people.actor("communications")).exists()


def test_an_incident_role_needs_the_role_at_the_desk(led, people):
    wrong = {"communications": "responder", "scribe": "communications", "commander": "security"}
    for role, who in wrong.items():
        with pytest.raises(InvalidInput, match=f"may not .*; choose somebody else as {role}"):
            crew.assign(
                incident_id=led.pk,
                role=role,
                user_id=people[who].pk,
                by=people.actor("commander"),
                at=LATER,
            )


def test_the_command_passes_when_the_next_one_accepts_and_not_before(led, night, people):
    made = offer(led, night, people)
    led.refresh_from_db()
    assert led.commander == people["commander"]
    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=LATER)
    led.refresh_from_db()
    assert led.commander == night
    assert led.commanded_by == sorted([people["commander"].pk, night.pk])
    assert holders(led) == [("commander", "Noor Haddad")]
    assert last_line(led) == "Noor Haddad accepted to be commander, after Incident commander."
    assert timeline.first_fault(led) is None


def test_who_accepts_the_command_of_what_nobody_looked_at_has_acknowledged_it(
    declare, night, people
):
    incident = declare()
    made = crew.assign(
        incident_id=incident.pk,
        role="commander",
        user_id=night.pk,
        by=people.actor("commander"),
        at=LATER,
    )
    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=LATER)
    incident = Incident.objects.get()
    assert (incident.acknowledged_by, incident.commander) == (night, night)
    assert Escalation.objects.get().state == "acknowledged"


@pytest.mark.parametrize(("impact", "is_page"), [(2, False), (3, True)])
def test_an_offer_is_a_page_when_it_is_grave(declare, night, people, impact, is_page):
    incident = declare(impact=impact, scope=2, urgency=2)
    assert (incident.severity <= 2) == is_page
    crew.assign(
        incident_id=incident.pk,
        role="commander",
        user_id=night.pk,
        by=people.actor("commander"),
        at=LATER,
    )
    assert Message.objects.get(kind="assignment").is_page == is_page


def test_an_offer_is_declined_with_a_reason_and_who_asked_is_told(led, night, people):
    made, by = offer(led, night, people), access.actor_for(night)
    with pytest.raises(InvalidInput, match="Declining needs a reason"):
        crew.decline(assignment_id=made.pk, reason=" ", by=by, at=LATER)
    crew.decline(assignment_id=made.pk, reason="On a train.", by=by, at=LATER)
    assert holders(led) == [("commander", "Incident commander")]
    assert last_line(led) == "Noor Haddad declined to be commander. Reason: On a train."
    told = Message.objects.filter(kind="assignment").latest("id")
    assert (told.to_user, told.is_page) == (people["commander"], False)
    assert "Noor Haddad declined" in told.subject
    with pytest.raises(Conflict, match="This offer is over"):
        crew.accept(assignment_id=made.pk, by=by, at=LATER)


def test_only_the_one_who_was_asked_answers(led, night, people):
    made = offer(led, night, people)
    with pytest.raises(Conflict, match="This is offered to Noor Haddad; nobody else can answer"):
        crew.accept(assignment_id=made.pk, by=people.actor("commander"), at=LATER)
    night.roles = ["responder"]
    night.save()
    with pytest.raises(NotAllowed):
        crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=LATER)
    with pytest.raises(NotFound):
        crew.accept(assignment_id=404, by=people.actor("commander"), at=LATER)


def test_a_hand_over_needs_a_note_a_holder_and_another_person(led, night, people):
    for more, said in (
        ({"note": " "}, "needs a note"),
        ({"role": "scribe"}, "Nobody is scribe"),
        ({"role": "captain"}, "The roles are"),
        ({"user_id": people["commander"].pk}, "is commander already"),
        ({"user_id": 404}, "Choose somebody"),
    ):
        with pytest.raises((InvalidInput, Conflict), match=said):
            offer(led, night, people, **more)
    with pytest.raises(NotAllowed):
        offer(led, night, people, by=people.actor("responder"))
    made = offer(led, night, people)
    with pytest.raises(Conflict, match="Noor Haddad is asked to be commander already"):
        offer(led, night, people)
    assert list(Assignment.objects.filter(accepted_at=None)) == [made]


def test_a_commander_does_not_leave_and_others_do(led, night, people):
    by = people.actor("commander")
    own = led.assignments.get(role="commander")
    with pytest.raises(InvalidInput, match="hand the command over"):
        crew.leave(assignment_id=own.pk, by=by, at=LATER)
    who = {"incident_id": led.pk, "user_id": people["responder"].pk}
    made = crew.assign(**who, role="responder", by=people.actor("responder"), at=LATER)
    with pytest.raises(NotAllowed):
        crew.leave(assignment_id=made.pk, by=people.actor("security"), at=LATER)
    crew.leave(assignment_id=made.pk, by=people.actor("responder"), at=LATER)
    assert last_line(led) == "Responder is no longer responder."
    with pytest.raises(Conflict):
        crew.leave(assignment_id=made.pk, by=by, at=LATER)
    asked = offer(led, night, people)
    crew.leave(assignment_id=asked.pk, by=by, at=LATER)
    assert last_line(led) == "Noor Haddad is no longer asked to be commander."
    assert not queries.offers_to(access.actor_for(night)).exists()


def test_taking_command_ends_the_former_one_and_every_offer_of_it(led, night, people):
    third = User.objects.create_user("third@desk.test", name="Third", roles=["commander"])
    offer(led, third, people)
    workflow.take_command(incident_id=led.pk, by=access.actor_for(night), at=LATER)
    assert holders(led) == [("commander", "Noor Haddad")]
    assert not led.assignments.filter(accepted_at=None, ended_at=None).exists()


def test_taking_command_of_what_somebody_took_meanwhile_is_told_by_whom(declare, night, people):
    incident = declare()
    step = {"incident_id": incident.pk, "seen": 0}
    workflow.take_command(**step, by=people.actor("commander"), at=NOW)
    with pytest.raises(Conflict, match=r"Incident commander took command at 09:41 on 4 Mar"):
        workflow.take_command(**step, by=access.actor_for(night), at=LATER)
    assert Incident.objects.get().commander == people["commander"]


def test_offers_lapse_with_the_incident(led, night, people):
    offer(led, night, people)
    workflow.dismiss(incident_id=led.pk, reason="A test.", by=people.actor("commander"), at=LATER)
    assert not queries.offers_to(access.actor_for(night)).exists()
    assert holders(led) == [("commander", "Incident commander")]  # history keeps who led it
