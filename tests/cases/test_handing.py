"""The end of a shift: what is in somebody's hands goes to the next one, who has to accept it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from cases import crew, handing, leading, offers, restriction, workflow
from cases.models import Assignment, Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Absence, Escalation, Message, Override, Rota
from notifications.rotas import oncall
from tests.conftest import NOW
from tests.notifications.test_oncall import layer, rota

pytestmark = pytest.mark.django_db
ENDS = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # 19 minutes after NOW
GRAVE = {"impact": 4, "scope": 4, "urgency": 3}


@pytest.fixture
def night(people) -> User:
    """A second person who may command."""
    return User.objects.create_user("night@desk.test", name="Noor Haddad", roles=["commander"])


@pytest.fixture
def main(people, night) -> Rota:
    """Daily turns: the commander's ends at ENDS, then comes Noor's."""
    row = rota("Main", owner=people["administrator"])
    known = {"hands_over_at": time(10), "starts_on": date(2026, 3, 1)}
    layer(row, people["commander"], night, **known)
    return row


@pytest.fixture
def led(declare, people) -> Any:
    """`led()`: an incident that the commander commands."""

    def run(**facts: Any) -> Incident:
        incident = declare(**facts)
        workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
        return Incident.objects.get(pk=incident.pk)

    return run


@pytest.fixture
def looked_at(declare, people) -> Any:
    """`looked_at()`: an incident that the responder acknowledged and nobody commands."""

    def run(**facts: Any) -> Incident:
        incident = declare(**facts)
        workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=NOW)
        return Incident.objects.get(pk=incident.pk)

    return run


def shift_of(actor: Any, at: datetime) -> handing.Shift | None:
    """The shift, as the dashboard finds it."""
    return handing.shift_of(actor, handing.held_by(actor).count(), at=at)


def hand(incident: Incident, to: User, by: Any, note: str = "EU-2 is off.") -> Assignment:
    """It is handed over at the end of the shift."""
    return handing.hand_over(incident_id=incident.pk, user_id=to.pk, note=note, by=by, at=ENDS)


def said(incident: Incident) -> list[tuple[str, str]]:
    """The last two lines of its timeline: who and what."""
    rows = Entry.objects.filter(incident=incident).order_by("-sequence")[:2]
    return [(row.actor, row.body) for row in reversed(rows)]


# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        (-61, None),
        (-60, (False, ENDS)),
        (-1, (False, ENDS)),
        (0, (True, ENDS)),
        (60, (True, ENDS)),
        (61, None),
    ],
)
def test_a_shift_is_handed_over_from_an_hour_before_to_an_hour_after_its_end(
    led, main, people, night, minutes, found
):
    led()
    at = ENDS + timedelta(minutes=minutes)
    shift = shift_of(people.actor("commander"), at=at)
    assert (shift and (shift.is_over, shift.ends_at)) == found
    assert shift is None or (shift.count, shift.next) == (1, night)


def test_nobody_else_is_told_of_it_nor_who_has_nothing_in_hands(
    led, main, people, night, django_assert_num_queries
):
    assert shift_of(people.actor("commander"), at=NOW) is None
    led()
    with django_assert_num_queries(1):
        assert shift_of(access.actor_for(night), at=NOW) is None
    assert shift_of(people.actor("security"), at=NOW) is None


def test_who_goes_on_being_on_call_for_another_reason_has_not_ended(led, main, people):
    led()
    Override.objects.create(
        rota=main,
        person=people["commander"],
        starts_at=ENDS,
        ends_at=ENDS + timedelta(hours=4),
        made_by=people["administrator"],
        made_at=NOW,
    )
    assert oncall.ending(people["commander"].pk, at=NOW) == []
    later = ENDS + timedelta(hours=3, minutes=30)
    (ending,) = oncall.ending(people["commander"].pk, at=later)
    assert ending.ends_at == ENDS + timedelta(hours=4)


def test_the_next_one_is_who_is_really_there(led, main, people, night):
    led()
    Absence.objects.create(
        person=night,
        starts_at=ENDS,
        ends_at=ENDS + timedelta(days=1),
        made_by=night,
        made_at=NOW,
    )
    assert shift_of(people.actor("commander"), at=NOW) is None  # nobody takes over
    row = rota("Second", owner=people["administrator"])
    layer(
        row,
        people["commander"],
        people["security"],
        hands_over_at=time(10),
        starts_on=date(2026, 3, 1),
    )
    shift = shift_of(people.actor("commander"), at=NOW)
    assert shift is not None
    assert shift.next == people["security"]


def test_any_number_of_rotas_costs_the_same(led, main, people, django_assert_num_queries):
    led()
    with django_assert_num_queries(9) as first:
        oncall.ending(people["commander"].pk, at=NOW)
    for number in range(4):
        row = rota(f"More {number}", owner=people["administrator"])
        layer(row, people["commander"], hands_over_at=time(10), starts_on=date(2026, 3, 1))
    with django_assert_num_queries(len(first)):
        oncall.ending(people["commander"].pk, at=NOW)


def test_nothing_is_handed_over_by_itself(led, main, people):
    incident = led()
    before = Message.objects.count(), Assignment.objects.count(), incident.entries.count()
    for minutes in (-30, 0, 30):
        offers.chase(at=ENDS + timedelta(minutes=minutes))
        shift_of(people.actor("commander"), at=ENDS + timedelta(minutes=minutes))
    assert before == (Message.objects.count(), Assignment.objects.count(), incident.entries.count())


# --- what -----------------------------------------------------------------------------------------


def test_what_one_leads_or_looks_at_alone_is_in_one_s_hands_the_worst_first(
    led, looked_at, declare, people, incident_in
):
    minor = led(title="Minor", impact=1, scope=1, urgency=1)
    grave = led(title="Grave", **GRAVE)
    declare(title="Nobody's")
    others = looked_at(title="The responder's")
    incident_in("review")
    assert list(handing.held_by(people.actor("commander"))) == [grave, minor]
    assert list(handing.held_by(people.actor("responder"))) == [others]
    workflow.take_command(incident_id=others.pk, by=people.actor("commander"), at=NOW)
    assert list(handing.held_by(people.actor("responder"))) == []


def test_the_command_passes_when_the_next_one_accepts_who_acknowledges_by_it(led, people, night):
    incident = led()
    made = hand(incident, night, people.actor("commander"))
    assert (made.role, made.takes_over, made.accepted_at) == ("commander", True, None)
    assert said(incident)[-1] == (
        "Incident commander",
        "Incident commander asked Noor Haddad to take over as commander. EU-2 is off.",
    )
    incident.refresh_from_db()
    assert (incident.commander, incident.acknowledged_by) == (people["commander"],) * 2
    assert list(handing.held_by(people.actor("commander"))) == []  # it waits for an answer

    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=ENDS)

    incident.refresh_from_db()
    assert (incident.commander, incident.acknowledged_by, incident.acknowledged_at) == (
        night,
        night,
        ENDS,
    )
    assert said(incident) == [
        ("Noor Haddad", "Noor Haddad accepted to be commander, after Incident commander."),
        ("Noor Haddad", "Noor Haddad acknowledged."),
    ]
    assert incident.first_acknowledged_at == NOW


def test_what_nobody_leads_is_taken_over_by_who_looks_at_it_next(looked_at, people, night):
    incident = looked_at()
    made = hand(incident, night, people.actor("responder"), note="")
    assert (made.role, made.note) == ("responder", "Nothing to add.")
    incident.refresh_from_db()
    assert incident.acknowledged_by == people["responder"]

    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=ENDS)

    incident.refresh_from_db()
    assert (incident.commander, incident.acknowledged_by) == (None, night)
    assert list(handing.held_by(access.actor_for(night))) == [incident]


def test_who_works_on_it_already_is_asked_all_the_same(looked_at, people, night):
    incident = looked_at()
    crew.assign(
        incident_id=incident.pk,
        role="responder",
        user_id=night.pk,
        by=access.actor_for(night),
        at=NOW,
    )
    made = hand(incident, night, people.actor("responder"))
    assert made.accepted_at is None
    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=ENDS)
    now = incident.assignments.filter(user=night, ended_at=None)
    assert [(row.role, row.accepted_at) for row in now] == [("responder", ENDS)]


def test_who_works_on_it_and_declines_to_take_over_goes_on_with_the_work(looked_at, people, night):
    incident = looked_at()
    joins = {"incident_id": incident.pk, "role": "responder", "user_id": night.pk}
    joined = crew.assign(**joins, by=access.actor_for(night), at=NOW)
    made = hand(incident, night, people.actor("responder"))
    crew.decline(assignment_id=made.pk, reason="Ill.", by=access.actor_for(night), at=ENDS)
    assert incident.assignments.get(user=night, ended_at=None) == joined
    assert list(handing.held_by(people.actor("responder"))) == [incident]


def test_one_person_at_a_time_is_asked_to_take_over(led, looked_at, people, night):
    day = User.objects.create_user("day@desk.test", name="Dana Weiss", roles=["commander"])
    for incident, by in ((led(), "commander"), (looked_at(), "responder")):
        hand(incident, night, people.actor(by))
        for other in (night, day):
            with pytest.raises(Conflict) as refused:
                hand(incident, other, people.actor(by))
            words = f"Noor Haddad is asked to take over {incident.reference} already."
            assert str(refused.value) == words
        assert incident.assignments.filter(takes_over=True).count() == 1


def test_who_takes_over_what_was_paged_again_acknowledges_it_again(looked_at, people, night):
    incident = looked_at()
    made = hand(incident, night, people.actor("responder"))
    incident.refresh_from_db()
    incident.acknowledged_by = night  # once, before
    incident.save(update_fields=["acknowledged_by"])
    leading.page_anew(incident, "Nobody has worked on it.", silent_at=ENDS, at=ENDS)
    assert Escalation.objects.filter(about=incident.about, state="running").count() == 1
    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=ENDS)
    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.acknowledged_at) == (night, ENDS)
    assert Escalation.objects.filter(about=incident.about, state="running").count() == 0


def test_who_joins_without_a_shift_that_ended_acknowledges_nothing(looked_at, people, night):
    incident = looked_at()
    made = crew.assign(
        incident_id=incident.pk,
        role="responder",
        user_id=night.pk,
        by=people.actor("commander"),
        at=NOW,
    )
    crew.accept(assignment_id=made.pk, by=access.actor_for(night), at=ENDS)
    incident.refresh_from_db()
    assert incident.acknowledged_by == people["responder"]


def test_who_declines_leaves_it_where_it_was(led, people, night):
    incident = led()
    made = hand(incident, night, people.actor("commander"))
    crew.decline(assignment_id=made.pk, reason="Ill.", by=access.actor_for(night), at=ENDS)
    incident.refresh_from_db()
    assert (incident.commander, incident.acknowledged_by) == (people["commander"],) * 2
    assert list(handing.held_by(people.actor("commander"))) == [incident]


def test_who_does_not_answer_is_paged(led, people, night):
    incident = led(**GRAVE)
    hand(incident, night, people.actor("commander"))
    assert Message.objects.get(kind="assignment").is_page
    offers.chase(at=ENDS + timedelta(minutes=6))
    page = Message.objects.filter(kind="page", to_user=night).latest("pk")
    assert "You were asked to be commander and have not answered" in page.body_text


def test_at_sev_1_and_sev_2_the_next_one_is_told_in_words(led, people, night):
    grave, minor = led(**GRAVE), led(impact=1, scope=1, urgency=1)
    with pytest.raises(InvalidInput, match="is SEV-1: say what the next one has to know"):
        hand(grave, night, people.actor("commander"), note="  ")
    assert hand(minor, night, people.actor("commander"), note="").note == "Nothing to add."
    assert grave.assignments.filter(user=night).count() == 0


def test_only_what_is_in_one_s_hands_is_handed_over_and_to_who_may_have_it(
    led, looked_at, declare, people, night
):
    by = people.actor("responder")
    with pytest.raises(Conflict, match=r"Incident commander commands INC-.* by now"):
        hand(led(), night, by)
    with pytest.raises(Conflict, match="is not in your hands"):
        hand(declare(), night, by)
    with pytest.raises(Conflict, match="is not in your hands"):
        hand(looked_at(), people["security"], people.actor("security"))
    with pytest.raises(Conflict, match="is in your hands already"):
        hand(looked_at(), people["responder"], by)
    with pytest.raises(InvalidInput, match="may not command an incident"):
        hand(led(), people["responder"], people.actor("commander"))
    with pytest.raises(NotAllowed):
        hand(led(), night, people.actor("auditor"))
    assert Assignment.objects.filter(takes_over=True).count() == 0


def test_one_that_is_kept_from_a_person_is_handed_over_by_nobody_else(led, people, night):
    incident = led(title="ZEBRA title")
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["commander"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    with pytest.raises(NotFound):
        hand(incident, night, people.actor("responder"))
    hand(incident, night, people.actor("commander"), note="ZEBRA note")
    mail = Message.objects.get(kind="assignment")
    assert "ZEBRA" not in f"{mail.subject} {mail.body_text} {mail.body_html}"
