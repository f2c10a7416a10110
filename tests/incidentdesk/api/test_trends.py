"""`GET /api/v1/trends`: the same figures as the desk's page, for programs of the desk alone."""

from __future__ import annotations

import pytest

from incidentdesk.kernel.models import AuditEvent
from partners import tokens as partner_tokens
from reviews.trends import reading
from tests.conftest import NOW
from tests.incidentdesk.api.conftest import Program

pytestmark = pytest.mark.django_db


def test_a_chart_says_what_is_seen_and_of_how_many(program, declare):
    declare()
    answer = program("responder").get("/trends/severities", period="30").json()
    assert (answer["first"], answer["last"]) == ("2026-02-03", "2026-03-04")
    assert answer["items"] == [
        {
            "key": "severities",
            "subject": "By severity",
            "title": "0 of 1 incident were SEV-1 or SEV-2",
            "of": "Of 1 incident; the period before had 0.",
            "columns": [
                {"key": "now", "label": "Incidents", "unit": "count"},
                {"key": "before", "label": "Before", "unit": "count"},
            ],
            "rows": [
                {"label": f"SEV-{n}", "values": {"now": int(n == 3), "before": 0}}
                for n in (1, 2, 3, 4)
            ],
        }
    ]


def test_all_charts_come_at_once_and_what_is_not_known_is_null(program, declare):
    declare()
    found = program("auditor").get("/trends").json()["items"]
    assert [one["key"] for one in found] == list(reading.CHARTS)
    contain = next(one for one in found if one["key"] == "contain")
    row = contain["rows"][2]["values"]
    assert (row["median"], row["recorded"], row["pending"]) == (None, 0, 1)
    assert AuditEvent.objects.filter(action="read", about="trends").count() == 1


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/trends", {"period": "7"}, 422),
        ("/trends", {"severity": "9"}, 422),
        ("/trends", {"partner": "Nobody"}, 422),
        ("/trends", {"colour": "red"}, 422),
        ("/trends", {"since": "2026-03-05", "until": "2026-03-04"}, 422),
        ("/trends/nothing", {}, 422),
    ],
)
def test_what_cannot_be_is_refused_in_words(program, path, sent, status):
    answer = program("responder").get(path, **sent)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_partners_token_does_not_get_there(people, helix, program):
    program("responder")  # the clock stands
    _, secret = partner_tokens.make(
        name="feed", scopes=["read"], by=people.contact("helix", helix), at=NOW
    )
    for path in ("/trends", "/trends/contain", "/partner/trends"):
        assert Program(secret).get(path).status_code in (401, 403, 404), path
