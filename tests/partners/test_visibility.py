"""The first wall stands alone: as the application, which sees all rows, the portal's queries give
only the own partner's."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest

from cases import visibility
from cases.models import (
    Digest,
    DigestLine,
    FactsPackage,
    Involvement,
    NoticeCopy,
    PartnerEvent,
    Procedure,
    Remark,
    Report,
    Request,
    RequestStep,
    SharedFile,
)
from incidentdesk.kernel import access
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import NotAllowed
from tests.conftest import NOW, People
from tests.partners.conftest import Both

pytestmark = pytest.mark.django_db

FOR_ACTORS = {
    name: function
    for name, function in inspect.getmembers(visibility, inspect.isfunction)
    if function.__module__ == visibility.__name__
    and not name.startswith("_")
    and "actor" in inspect.signature(function).parameters
}


def test_the_application_sees_the_rows_of_both(both: Both) -> None:
    mine = {both.a.partner.pk, both.b.partner.pk}
    for model in (
        Digest,
        DigestLine,
        FactsPackage,
        Involvement,
        NoticeCopy,
        PartnerEvent,
        Procedure,
        Remark,
        Report,
        Request,
        RequestStep,
        SharedFile,
    ):
        rows: Any = model.objects
        assert set(rows.values_list("partner_id", flat=True)) == mine


@pytest.mark.parametrize("name", FOR_ACTORS)
def test_each_query_gives_the_own_rows_only(both: Both, name: str) -> None:
    for side in (both.a, both.b):
        rows = list(FOR_ACTORS[name](side.actor))
        assert {row.partner_id for row in rows} == {side.partner.pk}
        assert len(rows) == (3 if name == "events_for" else 1)


def test_there_are_as_many_queries_as_we_think() -> None:
    assert set(FOR_ACTORS) == {
        "digests_for",
        "events_for",
        "files_for",
        "involvements_for",
        "listed_for",
        "notices_for",
        "owed_by",
        "packages_for",
        "procedures_for",
        "remarks_for",
        "receipts_for",
        "reports_for",
        "requests_for",
        "steps_for",
        "waiting_for",
        "with_notices",
    }


def test_the_notices_of_an_incident_are_the_own_ones(both: Both) -> None:
    found = visibility.with_notices(both.a.actor).get()
    assert [copy.body for copy in found.copies.all()] == ["ALDER notice"]


def test_whoever_works_for_no_partner_gets_no_query(both: Both, people: People) -> None:
    for actor in (SYSTEM, people.actor("commander"), access.actor_for(both.a.user)):
        for function in FOR_ACTORS.values():
            with pytest.raises(NotAllowed):
                function(actor)


def test_a_listed_incident_carries_the_newest_notice(both: Both, telling: Any) -> None:
    told = telling.tell(both.a.involvement, "ALDER second notice")
    row: Any = visibility.listed_for(both.a.actor).get()
    assert row.told_at == told.sent_at
    assert isinstance(row.next_update_at, datetime)
    assert row.next_update_at > NOW + timedelta(minutes=60)


def test_waiting_are_those_that_nobody_acknowledged(both: Both) -> None:
    from cases import notices

    assert [copy.pk for copy in visibility.waiting_for(both.a.actor)] == [both.a.sent.pk]
    notices.acknowledge(copy_id=both.a.sent.pk, by=both.a.actor, at=NOW + timedelta(hours=1))
    assert not visibility.waiting_for(both.a.actor)
    assert [copy.pk for copy in visibility.waiting_for(both.b.actor)] == [both.b.sent.pk]
