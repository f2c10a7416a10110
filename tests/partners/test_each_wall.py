"""Each wall alone, through the pages: one is taken away, and the other still gives nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from cases.models import Involvement, NoticeCopy, Report
from incidentdesk.kernel import asking, database
from incidentdesk.kernel.scope import partner_scope
from partners.models import Contact
from tests.partners.conftest import TITLE, Both, leaks
from tests.partners.test_routes import ROUTES, filled, foreign, own, said

pytestmark = pytest.mark.django_db
OURS = ("partner_id", "content_object_id")  # by which the portal's queries filter


def pages(both: Both) -> list[str]:
    """Every page of the portal with the own values and with another's."""
    return [
        path
        for route in ROUTES
        for values in (own(both), foreign(both))
        for path in filled(route, values)
    ]


def seen(both: Both) -> dict[str, list[str]]:
    """What Alder's person reads of others, by address; a page that breaks counts as well."""
    client, found = both.a.client, {}
    client.raise_request_exception = False
    for path in pages(both):
        answer = client.get(path)
        words = leaks(said(answer), "BIRCH", TITLE, "undisclosed", "unsent")
        if words or answer.status_code >= 500:
            found[path] = [str(answer.status_code), *words]
    return found


@pytest.fixture
def no_python_wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No query of the portal filters by its partner."""
    filtered = QuerySet.filter

    def unfiltered(self: Any, *args: Any, **known: Any) -> Any:
        return filtered(self, *args, **{k: v for k, v in known.items() if k not in OURS})

    monkeypatch.setattr(QuerySet, "filter", unfiltered)
    asking.asked.cache_clear()  # statements made so far are filtered
    yield
    asking.asked.cache_clear()


@pytest.fixture
def no_database_wall(settings: Any) -> None:
    """The portal's reads run as the application."""
    settings.PORTAL_ROLE = database.app_role()


@pytest.mark.asvs("8.4.1", 2)
def test_without_filters_the_database_gives_nothing_of_another(
    both: Both, no_python_wall: None
) -> None:
    everybody = {both.a.partner.pk, both.b.partner.pk}
    rows: Any = Report.objects.filter(partner_id=both.a.partner.pk)
    assert set(rows.values_list("partner_id", flat=True)) == everybody  # the wall is off
    assert seen(both) == {}
    assert "ALDER notice" in both.a.client.get("/portal/").text


def test_as_the_application_the_queries_give_nothing_of_another(
    both: Both, no_database_wall: None
) -> None:
    everybody = {both.a.partner.pk, both.b.partner.pk}
    with partner_scope(both.a.partner.pk):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (database.app_role(),)
        for model in (Involvement, NoticeCopy, Report, Contact):
            rows: Any = model.objects
            assert everybody <= set(rows.values_list("partner_id", flat=True)), model
    assert seen(both) == {}
    assert "ALDER notice" in both.a.client.get("/portal/").text
