"""An unacknowledged restricted incident still pages; whoever is paged may open it until then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import queries, response, restriction, sight, workflow
from cases.models import Incident
from incidentdesk.kernel.errors import NotFound
from notifications import escalation
from notifications import queries as post
from notifications.models import EscalationPath, Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def paged(declare, people):
    """Restricted before anybody looked; its path has paged the security lead and an approver."""
    EscalationPath.objects.update(is_active=False)
    path = EscalationPath.objects.create(name="Night", position=1, severities=[1, 2, 3, 4])
    step = path.steps.create(position=1, after_minutes=0)
    step.users.add(people["security"], people["approver"])
    incident = declare(title="Insider at the ledger")
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=LATER,
    )
    escalation.run_due(at=LATER)
    return Incident.objects.get()


def sees(incident, people, key) -> bool:
    return queries.visible_to(people.actor(key)).filter(pk=incident.pk).exists()


def test_the_page_says_nothing_and_lets_in_whom_it_reached(paged, people):
    pages = Message.objects.filter(is_page=True, created_at=LATER)
    assert {page.to_user for page in pages} == {people["security"], people["approver"]}
    for page in pages:
        assert page.subject == "SEV-3 Restricted: A restricted incident needs you"
        assert "Insider" not in page.body_text + page.body_html
        assert paged.reference not in page.body_text + page.body_html
    assert [sees(paged, people, k) for k in ("security", "approver", "administrator")] == [
        True,
        True,
        False,
    ]
    assert {s.person for s in sight.seen_by(paged)} == {
        people[k] for k in ("security", "approver", "commander", "auditor")
    }


def test_who_takes_it_stays_in_and_the_door_closes_for_the_others(paged, people):
    assert workflow.acknowledge(incident_id=paged.pk, by=people.actor("security"), at=LATER)
    assert sees(paged, people, "security")
    assert not sees(paged, people, "approver")
    with pytest.raises(NotFound):
        workflow.acknowledge(incident_id=paged.pk, by=people.actor("approver"), at=LATER)
    assert post.people_paged(paged.about) == []


def test_calling_somebody_to_it_by_hand_lets_that_person_in_for_good(paged, people):
    by = people.actor("commander")
    workflow.acknowledge(incident_id=paged.pk, by=by, at=LATER)
    response.page(
        incident_id=paged.pk,
        user_ids=[people["administrator"].pk],
        group_ids=[],
        note="Come.",
        by=by,
        at=LATER,
    )
    assert sees(paged, people, "administrator")
    page = Message.objects.filter(to_user=people["administrator"], created_at=LATER).get()
    assert page.subject == "SEV-3 Restricted: A restricted incident needs you"


def test_who_was_paged_before_it_was_restricted_is_not_let_in_by_that(declare, people):
    EscalationPath.objects.update(is_active=False)
    path = EscalationPath.objects.create(name="Night", position=1, severities=[1, 2, 3, 4])
    path.steps.create(position=1, after_minutes=0).users.add(people["approver"])
    incident = declare(title="Insider at the ledger")
    escalation.run_due(at=NOW)
    by = people.actor("commander")
    workflow.take_command(incident_id=incident.pk, by=by, at=LATER)
    restriction.restrict(incident_id=incident.pk, user_ids=[], reason="x", by=by, at=LATER)
    assert not sees(incident, people, "approver")
