"""The sidebar: nothing that is not there, nothing that one may not see, and what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from cases.models import Category, Incident, System
from incidentdesk import navigation
from tests.conftest import People

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]


def entries(people: People, key: str) -> dict[str, dict[str, Any]]:
    """What a person with this role finds in the sidebar, by title."""
    request = RequestFactory().get("/admin/")
    request.user = people[key]
    groups = navigation.sidebar(request)
    return {item["title"]: item for group in groups for item in group["items"]}


def test_no_entry_leads_nowhere(as_: As, people: People) -> None:
    for key in ("administrator", "auditor", "communications"):
        browser = as_(key)
        for title, entry in entries(people, key).items():
            assert browser.get(entry["link"]).status_code == 200, (key, title)


def test_the_audit_trail_is_shown_to_those_who_may_read_it(people: People) -> None:
    readers = {key for key in people if "Audit trail" in entries(people, key)}
    assert readers == {"administrator", "security", "auditor"}


def test_a_page_that_is_not_on_the_desk_is_left_out(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Systems" in entries(people, "responder")
    left = {model: page for model, page in admin.site._registry.items() if model is not System}
    monkeypatch.setattr(admin.site, "_registry", left)
    assert "Systems" not in entries(people, "responder")
    assert "Categories" in entries(people, "responder")
    assert Category in left


def test_what_waits_is_counted_in_one_query(
    people: People, declare: Callable[..., Incident], incident_in: Callable[..., Incident]
) -> None:
    declare()
    incident_in("review")
    request = RequestFactory().get("/admin/")
    request.user = people["approver"]
    with CaptureQueriesContext(connection) as captured:
        found = navigation.waiting(request)
        assert navigation.waiting(request) is found
    assert len(captured) == 1
    assert found["cases.Incident"] == 2
    assert found["notifications.Escalation"] == 1
    assert found.get("cases.Notice", 0) == 0


def test_a_number_that_asks_to_act_is_hot_and_none_is_shown_for_zero(
    as_: As, declare: Callable[..., Incident]
) -> None:
    declare()
    page = as_("responder").get("/admin/").content.decode()
    assert 'data-waiting="cases.Incident"' in page
    quiet = page.split('data-waiting="cases.Notice"')[1].split(">")[0]
    assert "hidden" in quiet
