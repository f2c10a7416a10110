"""A browser for each role, and counting what a page asks of the database."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Incident
from incidentdesk.kernel import clocks
from reviews.models import PreventiveAction, Review
from tests.conftest import NOW

NOT_COUNTED = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SELECT set_config)", re.I)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`clock(moment)`: from now on the desk's clock stands at that moment; at first at NOW."""

    def stand_at(moment: datetime) -> None:
        monkeypatch.setattr(clocks, "now", lambda: moment)

    stand_at(NOW)
    return stand_at


def text_of(response: Any) -> str:
    """The words of a page, without its markup, in one line."""
    words = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", words))


def queries_of(browser: Client, url: str) -> int:
    """How many queries a page costs; transaction statements and set_config do not count."""
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(url)
    assert response.status_code == 200
    return len([q for q in captured.captured_queries if not NOT_COUNTED.match(q["sql"])])


def minutes(number: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=number)


def action(incident: Incident, owner: Any, due: datetime, title: str = "Alarm") -> PreventiveAction:
    """A preventive action agreed in the incident's review."""
    review, _ = Review.objects.get_or_create(incident=incident, defaults={"opened_at": NOW})
    return PreventiveAction.objects.create(
        review=review, title=title, kind="detect", owner=owner, due_on=due.date(), agreed_at=NOW
    )
