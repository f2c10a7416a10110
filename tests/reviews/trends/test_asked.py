"""The period and the filters of an address: what they mean, and what is refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from incidentdesk.kernel.errors import InvalidInput
from reviews.trends import asked as period
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sent", "first", "last", "before"),
    [
        ({}, "2025-12-05", "2026-03-04", "2025-09-06"),
        ({"period": "30"}, "2026-02-03", "2026-03-04", "2026-01-04"),
        ({"period": "365"}, "2025-03-05", "2026-03-04", "2024-03-05"),
        ({"period": "quarter"}, "2026-01-01", "2026-03-04", "2025-10-30"),
        ({"period": "last_quarter"}, "2025-10-01", "2025-12-31", "2025-07-01"),
        ({"since": "2026-02-01", "until": "2026-02-28"}, "2026-02-01", "2026-02-28", "2026-01-04"),
        ({"since": "2026-03-04"}, "2026-03-04", "2026-03-04", "2026-03-03"),
        ({"period": "30", "since": "2026-03-04"}, "2026-03-04", "2026-03-04", "2026-03-03"),
        ({"until": "2026-03-31"}, "2026-01-01", "2026-03-31", "2025-10-03"),
    ],
)
def test_a_period_is_whole_days_and_the_one_before_is_as_long(sent, first, last, before):
    found = period.read(sent, at=NOW)
    assert (str(found.first), str(found.last)) == (first, last)
    assert found.before == datetime.combine(date.fromisoformat(before), datetime.min.time(), UTC)
    assert found.until - found.since == found.since - found.before


def test_what_was_asked_stands_in_the_address_and_reads_the_same_again(helix):
    sent = {"since": "2026-02-01", "until": "2026-02-28", "severity": "2", "partner": "helix"}
    found = period.read({**sent, "category": "outage", "other": "x", "system": " "}, at=NOW)
    assert found.address == (
        "since=2026-02-01&until=2026-02-28&severity=2&category=outage&partner=helix"
    )
    assert found.partner_id == helix.pk
    assert found.is_narrowed


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"period": "7"}, "There is no period 7; there are 30, 90, 365, quarter, last_quarter."),
        ({"since": "yesterday"}, "Write a day like 2026-03-04."),
        ({"since": "0001-01-01"}, "A day lies between 1990 and 2199."),
        ({"since": "2026-03-05", "until": "2026-03-04"}, "The period ends before it begins"),
        ({"since": "1990-01-01"}, "A period may be ten years long"),
        ({"severity": "5"}, "A severity is 1, 2, 3 or 4."),
        ({"category": "none such"}, "There is no category “none such”"),
        ({"partner": "Nobody"}, "There is no partner “Nobody”"),
        ({"system": "a\0b"}, "The address holds a sign that no text has."),
    ],
)
def test_what_cannot_be_is_refused_in_words(sent, words):
    with pytest.raises(InvalidInput, match=words.replace("?", r"\?")):
        period.read(sent, at=NOW)
