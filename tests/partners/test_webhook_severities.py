"""Webhooks by severity: what is milder may be left out, never what the contract agrees."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError

from cases import events
from cases.models import Involvement
from incidentdesk.kernel import clocks
from partners import webhooks
from partners.models import Delivery, EventType, Terms, Webhook
from tests.partners.conftest import Both, Side, Telling, leaks
from tests.partners.test_webhooks import boss, browser

pytestmark = pytest.mark.django_db
EVERY = EventType.values


def added(side: Side, *severities: int) -> Webhook:
    """A webhook of that side's, told of everything of these severities."""
    word = side.word.lower()
    return webhooks.add(
        url=f"https://{word}.test/{''.join(map(str, severities))}",
        events=EVERY,
        severities=severities,
        by=boss(side),
        at=clocks.now(),
    )[0]


def milder(involvement: Involvement, severity: int) -> Involvement:
    """The same at this severity for its partner."""
    Involvement.objects.filter(pk=involvement.pk).update(severity=severity)
    return Involvement.objects.get(pk=involvement.pk)


def told() -> list[tuple[str, str]]:
    """Who was told of what."""
    rows = Delivery.objects.order_by("id").values_list("webhook__partner__code", "event_type")
    return list(rows)


def test_a_severity_without_an_agreed_time_is_told_to_those_that_chose_it(
    both: Both, telling: Telling
) -> None:
    added(both.a, 1, 2, 3)
    every = added(both.a, 1, 2, 3, 4)
    added(both.b, 1, 2)
    telling.tell(milder(both.a.involvement, 4), "ALDER mild")
    telling.tell(milder(both.b.involvement, 4), "BIRCH mild")
    assert told() == [("ALDER", "notice.published")]
    assert Delivery.objects.get().webhook_id == every.pk
    events.moved(
        both.a.involvement.incident,
        [milder(both.a.involvement, 4), milder(both.b.involvement, 4)],
        at=clocks.now(),
    )
    assert told()[1:] == [("ALDER", "incident.phase_changed")]


def test_what_the_contract_agrees_is_told_whatever_is_chosen(both: Both, telling: Telling) -> None:
    chose_none = added(both.a)
    assert chose_none.severities == [1, 2, 3]  # as the terms have times for these
    Webhook.objects.update(severities=[])  # as a former contract allowed
    telling.tell(both.a.involvement, "ALDER second")
    assert told() == [("ALDER", "notice.published")]
    telling.tell(milder(both.a.involvement, 4), "ALDER mild")
    assert len(told()) == 1
    Terms.objects.filter(partner=both.a.partner).update(notice_sev4=600)
    telling.tell(milder(both.a.involvement, 4), "ALDER mild again")
    assert len(told()) == 2


def test_what_is_asked_of_the_partner_is_told_at_any_severity(both: Both, telling: Telling) -> None:
    added(both.a, 1)
    telling.ask(both.a, milder(both.a.involvement, 4))
    assert told() == [("ALDER", "request.opened")]


def test_an_administrator_chooses_among_what_the_contract_leaves_open(both: Both) -> None:
    client = browser(boss(both.a))
    page = client.get("/portal/webhooks/").text
    assert "SEV-1, SEV-2 and SEV-3 are told in any case" in page
    assert re.findall(r'name="severities" value="(\d)"', page) == ["4"]
    form = {"url": "https://alder.test/x", "events": EVERY}
    client.post("/portal/webhooks/add/", {**form, "severities": ["4"]})
    webhook = Webhook.objects.latest("pk")
    assert webhook.severities == [1, 2, 3, 4]
    address = "/portal/webhooks/2/"
    assert "SEV-1, SEV-2, SEV-3 and SEV-4" in client.get(address).text
    client.post(f"{address}events/", {"events": EVERY})
    webhook.refresh_from_db()
    assert webhook.severities == [1, 2, 3]
    refused = client.post(f"{address}events/", {"events": EVERY, "severities": ["9"]})
    assert (refused.status_code, "Choose among the severities listed." in refused.text) == (
        422,
        True,
    )
    assert leaks(client.get(address).text, "BIRCH") == []


def test_the_preferences_lead_to_the_webhooks(both: Both) -> None:
    assert (
        'href="/portal/webhooks/"'
        in both.a.client.get("/portal/preferences/").text.split("<main")[1]
    )


def test_the_database_knows_four_severities(both: Both) -> None:
    added(both.a)
    with pytest.raises(IntegrityError, match="webhook_severities"):
        Webhook.objects.update(severities=[5])
