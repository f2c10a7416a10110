"""Restricted incidents: who is let in, who is not, why, and what that costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import crew, evaluation, queries, response, restriction, sight, workflow
from cases.models import Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from notifications.models import EscalationPath, Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def closed(declare, people):
    """A restricted incident: the commander leads it, the responder is named."""
    incident = declare(title="Insider at the ledger")
    by = people.actor("commander")
    workflow.take_command(incident_id=incident.pk, by=by, at=NOW)
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["responder"].pk],
        reason="Perhaps one of us.",
        by=by,
        at=NOW,
    )
    return Incident.objects.get(pk=incident.pk)


def who_sees(incident, people) -> set[str]:
    return {
        key
        for key in ROLES
        if queries.visible_to(people.actor(key)).filter(pk=incident.pk).exists()
    }


def test_only_the_named_the_commander_and_the_auditor_see_it(closed, people):
    assert who_sees(closed, people) == {"commander", "responder", "auditor"}
    assert Entry.objects.filter(incident=closed).latest("sequence").body == (
        "Restricted to Responder, Incident commander and whoever has a role on it. "
        "Reason: Perhaps one of us."
    )


def test_an_assignment_lets_in_and_its_end_shuts_out(closed, people):
    made = crew.assign(
        incident_id=closed.pk,
        role="responder",
        user_id=people["security"].pk,
        by=people.actor("commander"),
        at=LATER,
    )
    assert "security" in who_sees(closed, people)  # asked: one reads before one accepts
    mail = Message.objects.get(kind="assignment")
    assert (mail.subject, "Insider" in mail.body_text + mail.body_html) == (
        "SEV-3 Restricted: Incident commander asks you to be responder",
        False,
    )
    crew.accept(assignment_id=made.pk, by=people.actor("security"), at=LATER)
    crew.leave(assignment_id=made.pk, by=people.actor("security"), at=LATER)
    assert "security" not in who_sees(closed, people)


def test_admitting_and_excluding_are_decisions_with_a_name_and_a_time(closed, people):
    step = {"incident_id": closed.pk, "by": people.actor("commander"), "at": LATER}
    restriction.admit(**step, user_id=people["approver"].pk)
    assert "approver" in who_sees(closed, people)
    reasons = {seer.person: seer.reasons for seer in sight.seen_by(closed)}
    assert reasons == {
        people["approver"]: ["admitted by Incident commander on 4 Mar 2026 at 09:46"],
        people["auditor"]: ["auditor; every reading is recorded"],
        people["commander"]: [
            "commands it",
            "admitted by Incident commander on 4 Mar 2026 at 09:41",
        ],
        people["responder"]: ["admitted by Incident commander on 4 Mar 2026 at 09:41"],
    }
    with pytest.raises(Conflict, match="is admitted to"):
        restriction.admit(**step, user_id=people["approver"].pk)
    restriction.exclude(**step, user_id=people["approver"].pk)
    assert "approver" not in who_sees(closed, people)
    with pytest.raises(Conflict):
        restriction.exclude(**step, user_id=people["approver"].pk)
    with pytest.raises(InvalidInput, match="commands it and stays in"):
        restriction.exclude(**step, user_id=people["commander"].pk)
    with pytest.raises(InvalidInput):
        restriction.admit(**step, user_id=404)


def test_lifting_forgets_the_names_and_opens_it_to_everybody(closed, people):
    step = {"incident_id": closed.pk, "by": people.actor("commander"), "at": LATER}
    with pytest.raises(InvalidInput):
        restriction.lift(**step, reason=" ")
    restriction.lift(**step, reason="It was the auditor.")
    assert who_sees(closed, people) == set(ROLES)
    restriction.restrict(**step, user_ids=[], reason="After all.")
    assert who_sees(closed, people) == {"commander", "auditor"}


def test_restricting_needs_a_reason_and_happens_once(closed, declare, people):
    step = {"user_ids": [], "by": people.actor("commander"), "at": LATER}
    with pytest.raises(Conflict, match="is restricted already"):
        restriction.restrict(incident_id=closed.pk, reason="x", **step)
    other = declare()
    with pytest.raises(InvalidInput, match="Restricting needs a reason"):
        restriction.restrict(incident_id=other.pk, reason="", **step)
    for use_case in (restriction.admit, restriction.exclude):
        with pytest.raises(Conflict, match="is open to everybody"):
            use_case(
                incident_id=other.pk,
                user_id=people["responder"].pk,
                by=people.actor("commander"),
                at=LATER,
            )


def test_every_use_case_refuses_who_is_not_let_in_like_a_missing_one(closed, people):
    night = access.actor_for(
        User.objects.create_user("night@desk.test", name="Noor", roles=list(ROLES))
    )
    assert night.is_auditor  # reading as an auditor opens no door
    assert queries.visible_to(night).filter(pk=closed.pk).exists()
    missing = "There is no such incident; it may be on another desk."
    for by in (people.actor("security"), people.actor("administrator"), night):
        step = {"incident_id": closed.pk, "by": by, "at": LATER}
        for call in (
            lambda step=step: response.post_update(**step, text="x"),
            lambda step=step: workflow.acknowledge(**step),
            lambda step=step: workflow.take_command(**step),
            lambda step=step: workflow.dismiss(**step, reason="x"),
            lambda step=step: workflow.reopen(**step, reason="x"),
            lambda step=step: evaluation.override_severity(**step, severity=1, reason="x"),
            lambda step=step: restriction.lift(**step, reason="x"),
            lambda step=step: crew.assign(**step, role="responder", user_id=1),
        ):
            with pytest.raises(NotFound, match=missing):
                call()
    with pytest.raises(InvalidInput, match="There is no other incident"):
        workflow.dismiss(
            incident_id=workflow.open_incident(
                opening=workflow.Opening("x", "staff", "x", NOW),
                by=people.actor("responder"),
                at=NOW,
            ).pk,
            duplicate_of=closed.reference,
            reason="x",
            by=Actor("Noor", night.user_id, frozenset({"commander"})),
            at=LATER,
        )


def test_what_decides_and_what_is_listed_agree_for_everybody(closed, declare, people, night_path):
    open_one = declare(title="Stale prices")
    unread = declare(title="Nobody looked")
    by = people.actor("commander")
    restriction.restrict(incident_id=unread.pk, user_ids=[], reason="x", by=by, at=NOW)
    for incident in Incident.objects.filter(pk__in=[closed.pk, open_one.pk, unread.pk]):
        listed = {seer.person.pk for seer in sight.seen_by(incident)}
        decided = {
            person.pk
            for person in User.objects.all()
            if queries.visible_to(access.actor_for(person)).filter(pk=incident.pk).exists()
        }
        assert listed == decided


@pytest.fixture
def night_path(people):
    """One path that pages the security lead at once, whatever it is about."""
    EscalationPath.objects.update(is_active=False)
    path = EscalationPath.objects.create(name="Night", position=1, severities=[1, 2, 3, 4])
    step = path.steps.create(position=1, after_minutes=0)
    step.users.add(people["security"])
    return path


def test_the_list_of_restricted_ones_costs_the_same_whatever_their_number(closed, declare, people):
    by, actor = people.actor("commander"), people.actor("administrator")

    def cost() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            list(queries.visible_to(actor)[:25])
            list(queries.notices_visible_to(actor)[:25])
            list(queries.events_visible_to(actor)[:25])
            list(queries.reports_visible_to(actor)[:25])
        return [q["sql"] for q in captured.captured_queries]

    few = cost()
    for number in range(8):
        made = declare(title=f"Hidden {number}")
        restriction.restrict(incident_id=made.pk, user_ids=[], reason="x", by=by, at=NOW)
    assert len(few) == len(cost()) == 4
