"""After the scope, however it ended, the connection is the application's again."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from cases.models import Incident, Involvement
from incidentdesk.kernel.scope import partner_scope
from tests.partners.conftest import Both

pytestmark = pytest.mark.django_db


def role() -> tuple[str, str]:
    """The role that statements run as, and the partner that they run for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('app.partner_id', true)")
        user, partner = cursor.fetchone()
    return user, partner or ""


def test_within_the_role_is_the_portals_and_afterwards_the_applications(both: Both) -> None:
    before = role()
    assert before[1] == ""
    with partner_scope(both.a.partner.pk):
        assert role() == ("partner_portal", str(both.a.partner.pk))
    assert role() == before
    assert Incident.objects.count() == 4


def test_also_after_an_exception_inside(both: Both) -> None:
    before = role()
    with pytest.raises(RuntimeError), partner_scope(both.a.partner.pk):
        raise RuntimeError
    assert role() == before


def test_also_after_the_database_refused_something_inside(both: Both) -> None:
    before = role()
    with pytest.raises(ProgrammingError), partner_scope(both.a.partner.pk):
        Incident.objects.count()
    assert role() == before
    assert Incident.objects.count() == 4


def test_a_scope_within_a_scope_gives_back_the_outer_one(both: Both) -> None:
    with partner_scope(both.a.partner.pk):
        with partner_scope(both.b.partner.pk):
            assert Involvement.objects.values_list("pk", flat=True).get() == both.b.involvement.pk
        assert role() == ("partner_portal", str(both.a.partner.pk))
        assert Involvement.objects.values_list("pk", flat=True).get() == both.a.involvement.pk


@pytest.mark.django_db(transaction=True)
def test_a_committed_request_leaves_nothing_on_the_connection(both: Both) -> None:
    before = role()
    client = both.a.client
    for path in ("/portal/", f"/portal/incidents/{both.b.involvement.reference}/"):
        client.get(path)
        assert role() == before
    assert Involvement.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_nor_does_a_page_that_broke(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    before = role()

    def broken(*args: object) -> None:
        Incident.objects.count()

    monkeypatch.setattr("cases.visibility.reports_for", broken)
    client = both.a.client
    client.raise_request_exception = False
    response = client.get("/portal/reports/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert role() == before
    assert not connection.in_atomic_block
    with transaction.atomic():
        assert Incident.objects.count() == 4
