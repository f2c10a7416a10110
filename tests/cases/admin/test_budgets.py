"""Pages and lists cost a fixed number of queries, whatever the number of rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from cases import timeline
from cases.models import (
    AffectedSystem,
    Alert,
    CustodyEvent,
    Entry,
    Event,
    Evidence,
    Fix,
    Incident,
    Involvement,
    Letter,
    Notice,
    NoticeCopy,
    Procedure,
    Reconciliation,
    RecoveryCheck,
    Remark,
    Report,
    Request,
    SharedFile,
    System,
    Task,
)
from notifications import outbox
from partners.models import Partner
from tests.cases.admin.conftest import page_of, sql_of
from tests.conftest import NOW

TABS = (
    "timeline",
    "tasks",
    "systems",
    "partners",
    "notices",
    "messages",
    "alerts",
    "evidence",
    "fixes",
    "recovery",
    "history",
)
LISTS = (
    "incident",
    "letter",
    "notice",
    "report",
    "alert",
    "event",
    "task",
    "evidence",
    "fix",
    "request",
)


def _rows(incident: Incident, number: int, people: Any, source: Any) -> None:
    """One more of everything that the page shows."""
    by = people.actor("responder")
    partner = Partner.objects.create(name=f"Partner {number}", code=f"P{number:03d}")
    involved = Involvement.objects.create(
        incident=incident,
        partner=partner,
        title="Delayed",
        meaning="Wait.",
        severity=3,
        phase=incident.phase,
        added_at=NOW,
    )
    timeline.record(
        incident, Entry.Kind.PARTNER, f"{partner}.", by=by, at=NOW, partner_id=partner.pk
    )
    Task.objects.create(
        incident=incident,
        phase=incident.phase,
        position=100 + number,
        text="Check.",
        state="done",
        note="Done.",
        ended_at=NOW,
        ended_by=people["responder"],
    )
    Task.objects.create(
        incident=incident, phase=incident.phase, position=200 + number, text="More."
    )
    AffectedSystem.objects.create(
        incident=incident,
        system=System.objects.create(name=f"System {number}"),
        changed_at=NOW,
        changed_by=people["responder"],
    )
    notice = Notice.objects.create(
        incident=incident,
        kind="first",
        body="Late.",
        tlp="AMBER",
        drafted_at=NOW,
        drafted_by=people["communications"],
    )
    NoticeCopy.objects.create(
        notice=notice, involvement=involved, partner=partner, kind="first", tlp="AMBER"
    )
    Request.objects.create(
        involvement=involved,
        partner=partner,
        reference=f"{partner.code}-REQ-2026-0001",
        question="Which orders?",
        asked_at=NOW,
        asked_by=people["communications"],
        due_set_at=NOW,
        due_at=NOW + timedelta(hours=1),
    )
    _written(involved, number, people)
    _proofs(incident, number, people)
    _arrivals(incident, number, people, source, partner)


def _written(involved: Involvement, number: int, people: Any) -> None:
    remark = Remark.objects.create(
        involvement=involved,
        partner=involved.partner,
        text="Late here too.",
        at=NOW,
        is_ours=False,
        author="Helix",
        user=people["helix"],
    )
    Procedure.objects.create(
        partner=involved.partner,
        reference=f"{involved.partner.code}-PROC-2026-0001",
        title="Prices",
        version="1",
        scope="All.",
        link="https://x.test/",
        valid_until=NOW.date() + timedelta(days=3650),
        attested_by="Head",
        kept_at=NOW,
        keeper="Head",
        kept_by=people["helix"],
    )
    SharedFile.objects.create(
        partner=involved.partner,
        name="x.csv",
        size=1,
        sha256=f"{number:064x}",
        added_at=NOW,
        remark=remark,
    )


def _proofs(incident: Incident, number: int, people: Any) -> None:
    piece = Evidence.objects.create(
        incident=incident,
        title=f"Log {number}",
        file_name="x.log",
        size=1,
        sha256=f"{number:064x}",
        tlp="AMBER",
        collector="R. Ives",
        collected_at=NOW,
        added_at=NOW,
        added_by=people["responder"],
        task=incident.tasks.first(),
        affected_system=incident.systems.first(),
    )
    for _ in range(12):
        CustodyEvent.objects.create(evidence=piece, at=NOW, action="viewed", actor="R. Ives")
    Fix.objects.create(
        incident=incident,
        kind="temporary",
        state="approved",
        text="Restart nightly.",
        change_reference=f"CHG-{number}",
        test_evidence="Staging.",
        rollback_plan="Stop the timer.",
        owner=people["responder"],
        expires_on=NOW.date(),
        proposed_at=NOW,
        proposed_by=people["responder"],
        approved_at=NOW,
        approved_by=people["security"],
    )
    RecoveryCheck.objects.create(
        incident=incident,
        name=f"Check {number}",
        passed=True,
        result="In band.",
        checked_at=NOW,
        checked_by=people["responder"],
    )
    Reconciliation.objects.create(
        incident=incident,
        what=f"Orders {number}",
        compared=9,
        differences=0,
        done_at=NOW,
        done_by=people["responder"],
    )


def _arrivals(incident: Incident, number: int, people: Any, source: Any, partner: Partner) -> None:
    Alert.objects.create(
        source=source,
        incident=incident,
        external_key=f"a{number}",
        group_key="g",
        title="Stale",
        first_at=NOW,
        last_at=NOW,
    )
    Event.objects.create(
        source=source, received_at=NOW, body="{}", outcome="done", incident=incident
    )
    Report.objects.create(
        partner=partner,
        reference=f"R{number}",
        title="Late",
        description="Late.",
        noticed_at=NOW,
        reported_at=NOW,
        reported_by=people["helix"],
        reporter="Helix",
    )
    Letter.objects.create(
        size=1,
        sha256="0" * 64,
        digest=f"{number}",
        received_at=NOW,
        outcome="quarantined",
        why="Nobody is known by it.",
    )
    with transaction.atomic(), outbox.quiet():
        outbox.queue(
            kind="report_received",
            to=people["responder"],
            about=incident.about,
            dedupe_key=f"test:{number}",
            context={"reference": "R", "title": "Late", "url": "/portal/"},
            at=NOW,
        )


@pytest.fixture
def measure(as_, people, source, incident_in, declare):
    """Cost of a path at one row, then at thirty."""

    def both(path: str, incident: Incident) -> tuple[int, int]:
        browser = as_("commander")
        _rows(incident, 0, people, source)
        few = len(sql_of(browser, path))
        for number in range(1, 30):
            _rows(incident, number, people, source)
        return few, len(sql_of(browser, path))

    return both


@pytest.mark.parametrize("tab", TABS)
def test_the_incidents_page_costs_the_same_at_1_and_30_rows(tab, measure, incident_in):
    incident = incident_in("containment")
    few, many = measure(f"{page_of(incident)}?tab={tab}", incident)
    # The history asks for names by kind of row: more rows bring more kinds, up to all of them.
    assert few == many or tab == "history"
    assert many <= 40


@pytest.mark.parametrize("tab", TABS)
def test_the_page_in_recovery_keeps_to_its_budget_too(tab, as_, people, source, incident_in):
    incident = incident_in("recovery")
    Incident.objects.filter(pk=incident.pk).update(recovered_at=NOW)
    for number in range(3):
        _rows(incident, number, people, source)
    assert len(sql_of(as_("commander"), f"{page_of(incident)}?tab={tab}")) <= 40


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_at_1_and_30_rows(name, measure, incident_in, declare):
    incident = incident_in("containment")
    path = (
        f"/admin/cases/{name}/?state=all"
        if name in ("notice", "report", "alert")
        else (f"/admin/cases/{name}/")
    )
    if name == "incident":
        for number in range(29):
            declare(title=f"Another {number}")
    few, many = measure(path, incident)
    assert few == many <= 15


def test_the_list_of_incidents_costs_the_same_at_1_and_30_incidents(as_, declare):
    browser = as_("responder")
    declare()
    few = len(sql_of(browser, "/admin/cases/incident/"))
    for number in range(29):
        declare(title=f"Another {number}")
    assert few == len(sql_of(browser, "/admin/cases/incident/")) <= 12
