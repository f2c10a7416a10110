"""The first wall stands alone: as the application, which sees all rows, the portal's queries give
only the own partner's."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest

from cases import drafting, visibility
from cases.models import (
    Digest,
    DigestLine,
    FactsPackage,
    FrameworkReading,
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
ALIKE = {"unread_framework"}  # the same row for every partner
WORDS = {"search_for": {"words": ["view"]}}  # which stands in the titles of both


@pytest.fixture
def begun(both: Both) -> Both:
    """Each has begun a report, and acknowledged how incidents are handled."""
    for side in (both.a, both.b):
        drafting.keep(typed={"title": f"{side.word} draft"}, by=side.actor, at=NOW)
        FrameworkReading.objects.create(
            framework=visibility.framework().latest("number"),
            partner=side.partner,
            user=side.user,
            name=side.user.name,
            at=NOW,
        )
    return both


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


@pytest.mark.parametrize("name", sorted(set(FOR_ACTORS) - ALIKE))
def test_each_query_gives_the_own_rows_only(begun: Both, name: str) -> None:
    for side in (begun.a, begun.b):
        rows = list(FOR_ACTORS[name](side.actor, **WORDS.get(name, {})))
        assert {row.partner_id for row in rows} == {side.partner.pk}
        assert len(rows) == (3 if name == "events_for" else 1)


def test_there_are_as_many_queries_as_we_think() -> None:
    assert set(FOR_ACTORS) == {
        "digests_for",
        "drafts_for",
        "events_for",
        "files_for",
        "framework_readings_for",
        "involvements_for",
        "listed_for",
        "marked_for",
        "notices_for",
        "owed_by",
        "packages_for",
        "procedures_for",
        "remarks_for",
        "receipts_for",
        "reports_for",
        "requests_for",
        "search_for",
        "steps_for",
        "unread_framework",
        "waiting_for",
        "with_notices",
    }


def test_the_notices_of_an_incident_are_the_own_ones(both: Both) -> None:
    found = visibility.with_notices(both.a.actor).get()
    assert [copy.body for copy in found.copies.all()] == ["ALDER notice"]


def test_whoever_works_for_no_partner_gets_no_query(both: Both, people: People) -> None:
    for actor in (SYSTEM, people.actor("commander"), access.actor_for(both.a.user)):
        for name, function in FOR_ACTORS.items():
            with pytest.raises(NotAllowed):
                function(actor, **WORDS.get(name, {}))


def test_what_another_partner_acknowledged_stays_unread_here(both: Both) -> None:
    newest = visibility.framework().latest("number")
    FrameworkReading.objects.create(
        framework=newest, partner=both.b.partner, user=both.b.user, name="B", at=NOW
    )
    assert list(visibility.unread_framework(both.a.actor)) == [newest]
    assert list(visibility.unread_framework(both.b.actor)) == []


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
