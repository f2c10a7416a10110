"""The API against its own description: with what that allows, and with what it does not.

Whatever is sent, the answer is one that the description names, in the form that it names, and never
a fault of the desk's own. What is wrong is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cases import requests
from cases.intake import reports
from cases.models import NoticeCopy, System
from incidentdesk.api import door
from incidentdesk.kernel import clocks
from partners import tokens as partner_tokens
from reviews import workflow as review_workflow
from reviews.models import Review
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=3,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def app() -> Iterator[Any]:
    """The desk as a web server calls it, on the test's own connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def rows(incident_in: Any, people: Any, helix: Any, source: Any) -> dict[str, int]:
    """A row for every `{…_id}` in an address: most calls should find what they are about."""
    incident = incident_in("review")
    review_workflow.open_missing(at=NOW)
    review = Review.objects.get(incident=incident)
    copy = NoticeCopy.objects.latest("pk")
    System.objects.create(name="order-gw")
    return {
        "incident_id": incident_in("containment", title="Another").pk,
        "notice_id": copy.notice_id,
        "involvement_id": incident.involvements.get().pk,
        "affected_id": incident.systems.get().pk,
        "review_id": review.pk,
        "partner_id": helix.pk,
        "contact_id": helix.contacts.get().pk,
        "source_id": source.pk,
    }


def _is_wrong(case: Any) -> bool:
    """Whether what is sent breaks the description, besides the address and the token set here."""
    sent = (ParameterLocation.BODY, ParameterLocation.QUERY)
    found = (case.meta.generation and case.meta.components.get(place) for place in sent)
    return any(one is not None and one.mode.is_negative for one in found)


@pytest.mark.asvs("15.3.1", 7)
@pytest.mark.asvs("2.2.1 2.2.2", 12)
@pytest.mark.parametrize("who", ["commander", "administrator"])
def test_whatever_is_sent_is_answered_as_the_description_says(app, rows, program, monkeypatch, who):
    monkeypatch.setattr(door, "CALLS_A_MINUTE", 10**6)
    headers = program(who).headers
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=headers)
    tried: dict[int, int] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @BOUNDED
            @given(case=operation.as_strategy(generation_mode=mode))
            def try_one(case: Any) -> None:
                known = {k: v for k, v in rows.items() if k in case.path_parameters}
                case.path_parameters |= known
                response = case.call(headers=headers)
                tried[response.status_code] = tried.get(response.status_code, 0) + 1
                is_refused = response.status_code == 413  # which the check does not count as one
                must_refuse = _is_wrong(case) and not is_refused
                checks = CHECKS + [negative_data_rejection] * must_refuse
                case.validate_response(response, checks=checks)

            try_one()
    assert set(tried) <= {200, 201, 400, 401, 403, 404, 409, 413, 422}
    assert tried[200] > 50
    assert tried[422] > 50


@pytest.fixture
def told(incident_in: Any, people: Any, helix: Any, clock: Any) -> dict[str, dict[str, Any]]:
    """What may stand in an address, by the noun that stands before it."""
    clock(NOW + timedelta(days=1))
    incident = incident_in("recovery")
    involvement, at = incident.involvements.get(), NOW + timedelta(days=1)
    asked = requests.ask(
        incident_id=incident.pk,
        involvement_id=involvement.pk,
        question="Which orders?",
        why="",
        due_at=at + timedelta(days=1),
        by=people.actor("communications"),
        at=at,
    )
    made = reports.report(
        title="Odd fills",
        description="Two fills twice.",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=at,
    )
    return {
        "incidents": {"reference": involvement.reference, "number": 1},
        "requests": {"reference": asked.reference},
        "reports": {"reference": made.reference},
    }


@pytest.mark.asvs("15.3.1", 7)
@pytest.mark.asvs("2.2.1 2.2.2", 12)
@pytest.mark.parametrize("scopes", [["act"], []])
def test_the_partners_api_answers_as_its_own_description_says(
    app, told, people, helix, monkeypatch, scopes
):
    monkeypatch.setattr(door, "CALLS_A_MINUTE", 10**6)
    by = people.contact("helix", helix)
    _, secret = partner_tokens.make(name="x", scopes=scopes, by=by, at=clocks.now())
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/partner/openapi.json", app)
    tried: dict[int, int] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @BOUNDED
            @given(case=operation.as_strategy(generation_mode=mode))
            def try_one(case: Any) -> None:
                noun = case.path.removeprefix("/api/v1/partner/").split("/")[0]
                known = told.get(noun, {})
                case.path_parameters |= {
                    k: v for k, v in known.items() if k in case.path_parameters
                }
                response = case.call(headers=headers)
                tried[response.status_code] = tried.get(response.status_code, 0) + 1
                checks = CHECKS + [negative_data_rejection] * _is_wrong(case)
                case.validate_response(response, checks=checks)

            try_one()
    assert set(tried) <= {200, 201, 400, 401, 403, 404, 409, 413, 422}
    assert (403 in tried) is (scopes == [])
    assert min(tried[200], tried[422]) > 10
