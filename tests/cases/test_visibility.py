"""Who sees what: staff through queries, a partner through its one window."""

from __future__ import annotations

import pytest

from cases import disclosure, notices, queries, visibility
from cases.intake import reports
from cases.models import Alert, Incident, Notice, Report
from incidentdesk.kernel import access
from incidentdesk.kernel.access import SYSTEM, Actor
from incidentdesk.kernel.errors import NotAllowed, NotFound
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
OF_STAFF = (
    queries.visible_to,
    queries.notices_visible_to,
    queries.reports_visible_to,
    queries.alerts_visible_to,
)
OF_PARTNERS = (
    visibility.involvements_for,
    visibility.notices_for,
    visibility.waiting_for,
    visibility.receipts_for,
    visibility.listed_for,
    visibility.with_notices,
    visibility.reports_for,
)


@pytest.mark.parametrize(
    "key", ["responder", "commander", "communications", "approver", "security", "auditor"]
)
def test_every_role_reads_every_incident_of_the_desk(declare, people, key):
    found = {declare().pk, declare().pk}
    assert set(queries.visible_to(people.actor(key)).values_list("pk", flat=True)) == found


@pytest.mark.parametrize("question", OF_STAFF)
def test_who_has_no_role_sees_no_row_of_the_desk(incident_in, people, helix, source, question):
    incident = incident_in("mitigation")
    Alert.objects.create(
        source=source,
        incident=incident,
        external_key="k",
        group_key="g",
        title="x",
        first_at=NOW,
        last_at=NOW,
    )
    Report.objects.create(
        partner=helix,
        reference="HELIX-REP-2026-0001",
        title="x",
        description="x",
        noticed_at=NOW,
        reported_at=NOW,
        reported_by=people["helix"],
        reporter="x",
    )
    assert all(m.objects.exists() for m in (Incident, Notice, Report, Alert))
    assert question(people.actor("auditor")).exists()
    contact = people["helix"]
    contact.is_superuser = True
    contact.save()
    for nobody in (
        Actor(name="Nobody"),
        access.actor_for(contact),
        people.contact("helix", helix),
    ):
        assert not question(nobody).exists()


@pytest.mark.parametrize("question", OF_PARTNERS)
def test_staff_and_strangers_have_no_window_of_a_partner(people, question):
    for nobody in (people.actor("administrator"), Actor(name="Nobody"), access.SYSTEM):
        with pytest.raises(NotAllowed, match=r"does not work for a partner\.$"):
            question(nobody)


@pytest.mark.parametrize("question", OF_PARTNERS)
def test_a_partner_s_window_shows_its_rows_and_none_of_another_s(
    incident_in, walk, people, helix, norrbank, question
):
    """Both partners are in the same incident and both were told."""
    incident = incident_in("mitigation")
    comms = people.actor("communications")
    disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=norrbank.pk,
        title="Late fills",
        meaning="Wait.",
        severity=3,
        by=comms,
        at=NOW,
    )
    walk(incident).notify("first")
    for key, partner in (("helix", helix), ("norrbank", norrbank)):
        reports.report(
            title="x", description=key, noticed_at=NOW, by=people.contact(key, partner), at=NOW
        )
    mine = {row.partner_id for row in question(people.contact("helix", helix))}
    theirs = {row.partner_id for row in question(people.contact("norrbank", norrbank))}
    assert (mine, theirs) == ({helix.pk}, {norrbank.pk})


def test_what_waits_for_a_partner_is_what_nobody_there_acknowledged(incident_in, people, helix):
    incident_in("mitigation")
    by = people.contact("helix", helix)
    copy = visibility.waiting_for(by).get()
    notices.acknowledge(copy_id=copy.pk, by=by, at=NOW)
    assert not visibility.waiting_for(by).exists()
    assert visibility.notices_for(by).get().acknowledged_by == "Helix Markets contact"


def test_the_row_that_a_use_case_takes_is_read_after_the_lock_was_had(declare):
    incident = declare()
    assert queries.locked(incident.pk, by=SYSTEM) == incident
    with pytest.raises(NotFound, match=r"^There is no such incident; it may be on another desk\.$"):
        queries.locked(404, by=SYSTEM)
