"""Lists: what one may see, page by page, at a fixed cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Incident
from incidentdesk.api import sight, urls
from incidentdesk.kernel import audit
from tests.conftest import NOW
from tests.incidentdesk.conftest import NOT_COUNTED

pytestmark = pytest.mark.django_db


def _references(answer):
    assert answer.status_code == 200, answer.json()
    return [row["reference"] for row in answer.json()["items"]]


def _lists():
    paths = urls.api.get_openapi_schema(path_params={})["paths"]
    return [
        path.removeprefix("/api/v1")
        for path, operations in paths.items()
        if operations.get("get", {}).get("operationId", "").startswith("list_")
    ]


def test_a_list_goes_on_page_by_page_and_repeats_and_leaves_out_nothing(program, declare):
    made = [declare(title=f"No {n}").reference for n in range(5)]
    caller = program("responder")
    first = caller.get("/incidents", limit=2).json()
    declare(title="Meanwhile")
    second = caller.get("/incidents", limit=2, cursor=first["next"]).json()
    third = caller.get("/incidents", limit=2, cursor=second["next"]).json()
    found = [row["reference"] for page in (first, second, third) for row in page["items"]]
    assert found == made[::-1]
    assert third["next"] is None


def test_filters_narrow_the_incidents(program, declare, people, helix, incident_in):
    old = declare(title="Old", at=NOW - timedelta(days=9), impact=1, scope=1, urgency=1)
    mine = incident_in("containment", title="Mine")
    over = declare(title="Over")
    commander = program("commander")
    commander.post(f"/incidents/{over.pk}/dismiss", reason="Nothing.")
    everything = {
        "open=true": [mine, old],
        "open=false": [over],
        "mine=true": [mine],
        "mine=false": [over, old],
        "phase=containment": [mine],
        "category=outage": [mine],
        f"severity={old.severity}": [old],
        "partner=helix": [mine],
        "system=Quote-gw-EU-2": [mine],
        f"reference={mine.reference}": [mine],
        "opened_before=2026-03-04T02:00:00Z": [old],
        "opened_from=2026-03-04T02:00:00%2B00:00": [over, mine],
        "q=mine": [mine],
        "q=mi": [],
        f"commander_id={people['commander'].pk}": [mine],
        "overdue=true&phase=identification": [old],
    }
    assert {query: _references(commander.get(f"/incidents?{query}")) for query in everything} == {
        query: [one.reference for one in rows] for query, rows in everything.items()
    }


def test_a_timeline_is_read_on_from_the_last_entry_that_one_has(program, incident_in):
    incident = incident_in("containment")
    caller = program("responder")
    path = f"/incidents/{incident.pk}/timeline"
    every = caller.get(path).json()["items"]
    assert [row["sequence"] for row in every] == list(range(1, len(every) + 1))
    later = caller.get(path, after=every[-2]["sequence"]).json()["items"]
    assert later == every[-1:]
    moves = caller.get(path, kind="move").json()["items"]
    assert [row["body"] for row in moves] == ["Identification → Containment."]


def test_every_list_answers_and_costs_the_same_for_one_row_and_for_thirty(
    program, incident_in, declare, source
):
    incident = incident_in("review")
    callers = [program("administrator"), program("security")]
    assert {caller.get("/me").status_code for caller in callers} == {200}  # their use is noted

    def cost(path):
        filled = path.replace("{incident_id}", str(incident.pk))
        for name in ("partner_id", "notice_id", "review_id"):
            filled = filled.replace(f"{{{name}}}", "0" if name == "review_id" else "1")
        with CaptureQueriesContext(connection) as captured:
            statuses = {caller.get(filled).status_code for caller in callers}
        assert statuses <= {200, 404, 422}, (path, statuses)
        return len([q for q in captured.captured_queries if not NOT_COUNTED.match(q["sql"])])

    assert len(_lists()) > 25
    for path in _lists():  # what is refused is noted, once a minute
        cost(path)
    few = {path: cost(path) for path in _lists()}
    for n in range(30):
        declare(title=f"No {n}")
    assert {path: cost(path) for path in _lists()} == few
    named = "/incidents/{incident_id}/messages"  # whether a hidden incident is named is looked up
    assert {path for path in few if few[path] > 2 * 3} == {named}


def test_the_trail_and_the_message_log_need_the_right_to_read_them(program, people):
    assert program("responder").get("/audit").status_code == 403
    assert program("responder").get("/messages").status_code == 403
    shown = program("auditor").get("/audit").json()["items"]
    assert [row["action"] for row in shown[:2]] == ["read", "made token"]
    for action in audit.READINGS:
        audit.record(
            by=people.actor("auditor"), at=NOW, action=action, about="evidence:1", name="Z"
        )
    told = program("security").get("/audit").json()["items"]
    assert {row["action"] for row in told} == {"made token", "was refused"}


@pytest.mark.asvs("15.3.1", 7)
def test_no_list_shows_a_secret_or_what_is_not_named(program, incident_in, source, people):
    incident_in("containment")
    caller = program("administrator")
    texts = " ".join(caller.get(path).content.decode() for path in _lists() if "{" not in path)
    for secret in (source.key_digest, people["commander"].password, 'digest"', "password"):
        assert secret not in texts.replace("body_digest", "")


def test_what_one_may_not_see_is_not_there(program, declare, monkeypatch):
    """Lists, rows and calls ask the same question as the desk's own pages."""
    hidden, shown = declare(title="Hidden"), declare(title="Shown")

    def visible(by):
        return Incident.objects.exclude(pk=hidden.pk)

    caller = program("commander")
    monkeypatch.setattr("cases.queries.visible_to", visible)
    monkeypatch.setitem(sight.SEEN, "incident_id", visible)
    for path in ("", "/timeline", "/tasks", "/notices", "/alerts", "/deadlines", "/messages"):
        assert caller.get(f"/incidents/{hidden.pk}{path}").status_code == 404
        assert caller.get(f"/incidents/{shown.pk}{path}").status_code == 200
    assert caller.post(f"/incidents/{hidden.pk}/take-command").status_code == 404
    every = caller.get("/deadlines").json()["items"]
    assert {row["incident_id"] for row in every} == {shown.pk}
