"""What a program may not do with the API: more fields, another order, twice at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory

from cases import notices, workflow
from cases.models import Incident, Move
from incidentdesk.api import door
from incidentdesk.kernel import clocks, tokens
from incidentdesk.kernel.roles import scopes_of
from partners.models import Partner
from tests.conftest import NOW, People

MOVES = ("begin-containment", "begin-mitigation", "begin-recovery", "begin-review", "close")
OURS = ("kernel", "partners", "notifications", "cases", "reviews")
THREADS = 50


@pytest.fixture(autouse=True)
def _as_often_as_one_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOW)
    monkeypatch.setattr(door, "CALLS_A_MINUTE", 10**6)
    cache.clear()


@pytest.fixture
def program(people: People) -> Callable[..., Any]:
    """`program("commander", "/incidents", title=…)`: POST with a token of this person's."""
    secrets: dict[str, str] = {}

    def post(who: str, path: str, **fields: Any) -> Any:
        if who not in secrets:
            scopes = [scope.key for scope in scopes_of(people[who].roles)]
            _, secrets[who] = tokens.make(
                name="x", scopes=scopes, by=people.actor(who), at=clocks.now()
            )
        return Client(raise_request_exception=False).post(
            f"/api/v1{path}",
            json.dumps(fields),
            content_type="application/json",
            headers={"Authorization": f"Bearer {secrets[who]}"},
        )

    return post


# --- more fields than there are -------------------------------------------------------------------


@pytest.mark.asvs("15.3.3", 6)
@pytest.mark.mistake(2)
@pytest.mark.django_db
def test_no_field_of_a_row_can_be_sent_that_a_call_does_not_know(program: Any) -> None:
    known = {
        "title": "Stale prices",
        "detection": "staff",
        "detected_by": "x",
        "detected_at": "2026-03-04T09:40:00Z",
        "impact": 2,
        "scope": 2,
        "urgency": 2,
    }
    taken = {"description", "category_id", "is_exercise", "tlp", "parent_id", "is_restricted"}
    columns = {one.attname for one in Incident._meta.concrete_fields} - set(known) - taken
    assert len(columns) > 20
    for column in sorted(columns):
        answer = program("commander", "/incidents", **known, **{column: 1})
        assert answer.status_code == 422, column
    assert not Incident.objects.exists()


@pytest.mark.asvs("15.3.3", 6)
@pytest.mark.mistake(1)
@pytest.mark.django_db
def test_every_call_that_takes_fields_says_that_it_takes_no_others(people: People) -> None:
    described = Client()
    described.force_login(people["commander"])
    schema = described.get("/api/v1/openapi.json").json()
    bodies = {
        content["schema"]["$ref"].rsplit("/", 1)[1]
        for path in schema["paths"].values()
        for call in path.values()
        for kind, content in call.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json" and "$ref" in content["schema"]
    }
    shapes = schema["components"]["schemas"]
    assert {
        name for name in bodies if shapes[name].get("additionalProperties") is not False
    } == set()
    assert len(bodies) > 40


@pytest.mark.asvs("15.3.3", 6)
@pytest.mark.mistake(1)
@pytest.mark.django_db
def test_a_register_s_form_writes_its_own_fields_and_no_others(
    as_: Any, people: People, helix: Partner, source: Any
) -> None:
    browser, request = as_("administrator"), RequestFactory().get("/")
    request.user, request.session = people["administrator"], browser.session
    tried = 0
    for model in [m for m in apps.get_models() if m._meta.app_label in OURS]:
        register = admin.site._registry.get(model)
        row = model._default_manager.order_by("pk").first()
        if register is None or row is None or not register.has_change_permission(request, row):
            continue
        form = register.get_form(request, row, change=True)
        columns = [f for f in model._meta.concrete_fields if f.name not in form.base_fields]
        before = model._default_manager.filter(pk=row.pk).values(*(f.attname for f in columns))
        was = before.get()
        sent = {f"{f.name}": "77" for f in columns} | {f"{f.attname}": "77" for f in columns}
        page = browser.get(
            f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/change/"
        )
        shown = (
            page.context["adminform"].form if page.context and "adminform" in page.context else None
        )
        known = {n: v for n, v in (shown.initial if shown else {}).items() if v is not None}
        browser.post(page.request["PATH_INFO"], known | sent)
        assert before.get() == was, model._meta.label
        tried += 1
    assert tried > 10


# --- another order --------------------------------------------------------------------------------


@pytest.mark.asvs("2.3.1", 8)
@pytest.mark.django_db
@pytest.mark.parametrize("phase", ["identification", "containment", "mitigation", "recovery"])
def test_no_sequence_of_calls_reaches_a_phase_without_its_gates(
    program: Any, incident_in: Any, phase: str
) -> None:
    incident = incident_in(phase)
    for first, second in product(MOVES, MOVES):
        for move in (first, second):
            fields = {"reason": "x"} if move == "close" else {}
            answer = program("commander", f"/incidents/{incident.pk}/{move}", **fields)
            assert answer.status_code in (409, 422, 404), (move, answer.content)
    incident.refresh_from_db()
    assert incident.phase == phase


# --- twice at once --------------------------------------------------------------------------------


def at_once(call: Callable[[int], Any]) -> list[Any]:
    """Fifty at the same moment, each with a connection of its own."""
    barrier = Barrier(THREADS)

    def one(number: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return call(number)
        except Exception as error:  # noqa: BLE001 -- what was raised is the answer
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


@pytest.mark.asvs("2.3.4", 10)
@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_acknowledge_at_once_one_is_the_first(declare: Any, people: People) -> None:
    incident = declare()
    by = [people.actor(key) for key in ("responder", "commander", "security", "administrator")]
    answers = at_once(
        lambda number: workflow.acknowledge(incident_id=incident.pk, by=by[number % 4], at=NOW)
    )
    assert sorted(map(str, answers)) == ["False"] * (THREADS - 1) + ["True"]


@pytest.mark.asvs("2.3.4", 10)
@pytest.mark.django_db(transaction=True)
def test_of_fifty_clicks_that_approve_and_move_at_once_one_counts(
    walk: Any, declare: Any, people: People
) -> None:
    incident = declare()
    step = walk(incident)
    step.ready_for_containment()
    moved = at_once(
        lambda _: workflow.begin_containment(incident_id=incident.pk, by=step.commander, at=step.at)
    )
    assert sum(isinstance(one, Incident) for one in moved) == 1
    assert Move.objects.filter(to_phase="containment").count() == 1
    step.decide("notify")
    involved = list(incident.involvements.values_list("pk", flat=True))
    drafted = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="Quotes were delayed.",
        involvement_ids=involved,
        by=people.actor("communications"),
        at=step.tick(),
    )
    approver, at = people.actor("approver"), step.tick()
    approved = at_once(lambda _: notices.approve(notice_id=drafted.pk, by=approver, at=at))
    assert sum(not isinstance(one, Exception) for one in approved) == 1
