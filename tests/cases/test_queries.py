"""What staff find: their tasks, incidents that share a system, partners that depend on one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import disclosure, queries, response, tasks, workflow
from cases.models import Incident, System
from incidentdesk.kernel.access import Actor
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
NOBODY = Actor(name="Nobody")


@pytest.fixture
def lists(people):
    """`lists(incident, "ledger", …)`: these systems are affected in it."""

    def add(incident: Incident, *names: str) -> Incident:
        for name in names:
            system, _ = System.objects.get_or_create(name=name)
            by = people.actor("responder")
            response.add_system(incident_id=incident.pk, system_id=system.pk, by=by, at=NOW)
        return incident

    return add


def test_open_incidents_that_share_a_system_are_found_with_what_they_share(
    declare, lists, people, django_assert_num_queries
):
    mine = lists(declare(title="Mine"), "ledger", "bus", "bastion")
    two = lists(declare(title="Two", impact=4), "ledger", "bus", "drop-copy")
    one = lists(declare(title="One"), "ledger")
    lists(declare(title="Apart"), "drop-copy")
    over = lists(declare(title="Over"), "ledger")
    commander = people.actor("commander")
    workflow.dismiss(incident_id=over.pk, reason="None.", by=commander, at=NOW)
    with django_assert_num_queries(1):
        found = [(i.title, i.shared) for i in queries.sharing_systems(mine, commander)]
    assert found == [(two.title, ["bus", "ledger"]), (one.title, ["ledger"])]
    assert list(queries.sharing_systems(mine, NOBODY)) == []
    assert list(queries.sharing_systems(declare(title="None"), commander)) == []


def test_partners_that_depend_on_what_is_affected_are_proposed_until_they_are_listed(
    declare, lists, people, helix, norrbank, django_assert_num_queries
):
    incident = lists(declare(), "ledger", "bus")
    System.objects.create(name="bastion").partners.set([norrbank])
    for name in ("bus", "ledger"):
        System.objects.get(name=name).partners.set([helix])
    with django_assert_num_queries(1):
        found = [(p.name, p.depends_on) for p in queries.dependent_partners(incident)]
    assert found == [("Helix Markets", ["bus", "ledger"])]
    disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=helix.pk,
        title="x",
        meaning="y",
        severity=3,
        by=people.actor("commander"),
        at=NOW,
    )
    System.objects.get(name="bus").partners.set([norrbank])
    norrbank.is_active = False
    norrbank.save()
    assert list(queries.dependent_partners(incident)) == []


def test_a_person_s_tasks_are_open_ones_of_incidents_that_are_not_over(declare, people):
    commander, responder = people.actor("commander"), people.actor("responder")
    kept, over = declare(), declare()
    step = {"phase": "recovery", "by": commander, "at": NOW}
    theirs = {"owner_id": responder.user_id, "due_at": NOW + timedelta(hours=1)}
    mine = tasks.add(incident_id=kept.pk, text="Mine", **theirs, **step)
    done = tasks.add(incident_id=kept.pk, text="Done", **theirs, **step)
    tasks.add(incident_id=kept.pk, text="Nobody's", **step)
    tasks.add(incident_id=over.pk, text="Over", **theirs, **step)
    end = {"state": "done", "note": "x", "by": responder, "at": NOW}
    tasks.end(incident_id=kept.pk, task_ids=[done.pk], **end)
    workflow.dismiss(incident_id=over.pk, reason="None.", by=commander, at=NOW)
    assert list(queries.tasks_of(responder)) == [mine]
    assert list(queries.tasks_of(commander)) == list(queries.tasks_of(NOBODY)) == []


def test_what_waits_for_a_second_person_waits_for_everybody_but_the_first(declare, people):
    commander, responder = people.actor("commander"), people.actor("responder")
    step = {"incident_id": declare().pk, "by": responder, "at": NOW}
    pair = tasks.add(**step, phase="recovery", text="See it", needs_second_person=True)
    assert list(queries.tasks_to_confirm(commander)) == []
    tasks.end(**step, task_ids=[pair.pk], state="done", note="x")
    assert list(queries.tasks_to_confirm(commander)) == [pair]
    assert list(queries.tasks_to_confirm(responder)) == []
    tasks.confirm(**{**step, "by": commander}, task_id=pair.pk, note="")
    assert list(queries.tasks_to_confirm(commander)) == []
