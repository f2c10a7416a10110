"""Pages cost a fixed number of queries, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.partners.conftest import Both, Side, Telling

pytestmark = pytest.mark.django_db

FRAME = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


def cost(client: Client, address: str) -> list[str]:
    """The queries of a page, without the frame of its transaction."""
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    queries = [query["sql"] for query in seen.captured_queries]
    return [
        q
        for q in queries
        if not q.startswith(FRAME) and "_config" not in q and "current_setting" not in q
    ]


@pytest.mark.parametrize(("address", "most"), [("/portal/", 10), ("/portal/reports/", 10)])
def test_a_list(both: Both, many: Callable[[Side, int], None], address: str, most: int) -> None:
    client = both.a.client
    few = cost(client, address)
    assert len(few) <= most, "\n".join(few)
    assert not [query for query in few if "COUNT(" in query]
    many(both.a, 30)
    assert len(cost(client, address)) == len(few)


def test_a_later_page(both: Both, many: Callable[[Side, int], None]) -> None:
    many(both.a, 30)
    client = both.a.client
    last = client.get("/portal/").text.split("state=open&amp;after=")[1].split('"')[0]
    assert len(cost(client, f"/portal/history/?state=open&after={last}")) <= 10


def test_one_incident(both: Both, telling: Telling) -> None:
    client, address = both.a.client, f"/portal/incidents/{both.a.involvement.reference}/"
    few = cost(client, address)
    assert len(few) <= 15, "\n".join(few)
    for number in range(30):
        telling.tell(both.a.involvement, f"ALDER told {number}")
    assert len(cost(client, address)) == len(few)
