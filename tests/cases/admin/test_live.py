"""The incident's page stays fresh: the desk is asked cheaply, and what grew is told."""

from __future__ import annotations

import re

from cases import response
from tests.cases.admin.conftest import sql_of, text_of
from tests.conftest import NOW


def _live(incident, since) -> str:
    return f"/admin/cases/incident/{incident.pk}/live/?since={since}"


def test_nothing_is_sent_while_nothing_is_new(as_, declare, people):
    incident, browser = declare(), as_("approver")
    length = incident.timeline_head.sequence
    page = browser.get(incident.url).content.decode()
    assert f'data-sequence="{length}"' in page
    answer = browser.get(_live(incident, length))
    assert (answer.status_code, answer.content) == (204, b"")
    response.post_update(
        incident_id=incident.pk, text="More.", by=people.actor("responder"), at=NOW
    )
    assert browser.get(_live(incident, length)).json() == {"sequence": length + 1}
    assert browser.get(_live(incident, "nonsense")).json() == {"sequence": length + 1}


def test_asking_costs_one_query_besides_the_person_s_own(as_, declare):
    incident, browser = declare(), as_("responder")
    browser.get(incident.url)
    asked = sql_of_live(browser, _live(incident, incident.timeline_head.sequence))
    assert len([q for q in asked if "cases_" in q]) == 1
    assert len(asked) == 3  # the session and the person


def sql_of_live(browser, url) -> list[str]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.cases.admin.conftest import NOT_COUNTED

    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 204
    return [q["sql"] for q in captured.captured_queries if not NOT_COUNTED.match(q["sql"])]


def test_every_part_that_can_grow_is_marked_once_and_the_text_being_typed_is_in_none(
    as_, incident_in
):
    page = as_("commander").get(incident_in("containment").url).content.decode()
    parts = re.findall(r'data-part="(\w+)"', page)
    assert sorted(parts) == [
        "banners",
        "clocks",
        "gates",
        "head",
        "side",
        "standing",
        "steps",
        "tabs",
        "timeline",
    ]
    assert page.index("<textarea") < page.index('data-part="timeline"')
    assert page.index("<textarea") > page.index('data-part="tabs"')


def test_entries_carry_their_numbers(as_, declare):
    incident = declare()
    page = as_("auditor").get(incident.url).content.decode()
    assert re.findall(r'data-entry="(\d+)"', page) == ["1"]


def test_an_auditor_s_question_whether_there_is_more_is_no_reading(as_, declare):
    from incidentdesk.kernel.models import AuditEvent

    as_("auditor").get(_live(declare(), 0))
    assert AuditEvent.objects.count() == 0


# --- two open incidents that share a system -------------------------------------------------------


def _name(system, people, *incidents) -> None:
    for incident in incidents:
        response.add_system(
            incident_id=incident.pk, system_id=system.pk, by=people.actor("responder"), at=NOW
        )


def test_two_open_incidents_that_share_a_system_lead_to_each_other(as_, declare, people):
    from cases.models import System

    shared = System.objects.create(name="md-normaliser-eu")
    own = System.objects.create(name="drop-copy-2")
    one, two, three = (declare(title=title) for title in ("One", "Two", "Three"))
    _name(shared, people, one, two)
    _name(own, people, three)
    browser = as_("responder")
    assert f"{two.reference} Two names md-normaliser-eu too" in text_of(browser.get(one.url))
    assert f"{one.reference} One names md-normaliser-eu too" in text_of(browser.get(two.url))
    assert "Systemic risk" not in text_of(browser.get(three.url))
    words = text_of(browser.get("/admin/cases/incident/"))
    assert words.count("shares md-normaliser-eu") == 2
    assert "shares drop-copy-2" not in words
    board = text_of(browser.get("/admin/"))
    assert (
        f"md-normaliser-eu is named by {two.reference} and {one.reference}" in board
        or f"md-normaliser-eu is named by {one.reference} and {two.reference}" in board
    )
    assert "drop-copy-2 is named" not in board


def test_what_is_over_shares_nothing(as_, declare, people):
    from cases import workflow
    from cases.models import System

    shared = System.objects.create(name="md-normaliser-eu")
    one, two = declare(title="One"), declare(title="Two")
    _name(shared, people, one, two)
    workflow.dismiss(incident_id=two.pk, reason="None.", by=people.actor("commander"), at=NOW)
    browser = as_("responder")
    for path in (one.url, two.url, "/admin/", "/admin/cases/incident/?show=all"):
        words = text_of(browser.get(path))
        assert "Systemic risk" not in words
        assert "shares" not in words


def test_what_is_shared_costs_the_same_for_one_and_for_twenty(as_, declare, people):
    from cases.models import System

    browser, one = as_("responder"), declare()
    shared = System.objects.create(name="md-normaliser-eu")
    _name(shared, people, one, declare())
    paths = (one.url, "/admin/", "/admin/cases/incident/")
    few = [len(sql_of(browser, path)) for path in paths]
    for _ in range(18):
        _name(shared, people, declare())
    assert few == [len(sql_of(browser, path)) for path in paths]
