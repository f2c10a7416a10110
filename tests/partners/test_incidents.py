"""What a partner sees of its incidents, and acknowledging."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from cases import disclosure, evaluation, workflow
from cases.models import Category, Entry, Incident, Involvement, NoticeCopy, Request
from incidentdesk.kernel import clocks, grants
from incidentdesk.kernel.models import User
from tests.conftest import NOW, PASSWORD, People
from tests.partners.conftest import FILES_SCRIPT, Both, Side, Telling, leaks
from tests.partners.test_team import person

pytestmark = pytest.mark.django_db


def page(side: Side) -> str:
    """The address of its incident."""
    return f"/portal/incidents/{side.involvement.reference}/"


def auditor_of(side: Side) -> Client:
    """Somebody who may only read for the partner."""
    user = User.objects.create_user("reader@alder.test", PASSWORD, name="Reader of Alder")
    grants.grant(user, "audit", side.partner)
    client = Client()
    client.force_login(user)
    return client


def test_the_list_shows_what_waits_what_is_open_and_what_is_past(
    both: Both, telling: Telling, people: People
) -> None:
    gone = telling.declare("GLOBAL false alarm")
    involvement = telling.involve(gone, both.a, hint="gone")
    telling.tell(involvement, "ALDER gone notice")
    workflow.dismiss(
        incident_id=gone.pk, reason="GLOBAL reason", by=people.actor("commander"), at=telling.tick()
    )
    text = both.a.client.get("/portal/").text
    waits, rest = text.split("Open incidents")
    is_open, past = rest.split("Past incidents")
    assert "ALDER notice" in waits
    assert "ALDER gone notice" in waits
    assert both.a.involvement.reference in is_open
    assert "next update by" in is_open or "update was due" in is_open
    assert "Not an incident for you" in past
    assert not leaks(text, "BIRCH")


def test_what_waits_begins_with_the_worst_unread_notice_and_ends_with_what_has_time(
    both: Both, telling: Telling
) -> None:
    Request.objects.filter(pk=both.a.asked.pk).update(due_at=clocks.now() + timedelta(hours=3))
    telling.ask(both.a, both.a.involvement, "ALDER with time")
    calm = Request.objects.get(question="ALDER with time")
    Request.objects.filter(pk=calm.pk).update(due_at=clocks.now() + timedelta(days=9))
    mild = telling.involve(telling.declare("GLOBAL milder"), both.a, hint="mild")
    Involvement.objects.filter(pk=mild.pk).update(severity=3)
    telling.tell(mild, "ALDER milder notice")  # the newer one
    card = both.a.client.get("/portal/").text.split('id="waits"')[1].split("</section>")[0]
    mild.refresh_from_db()
    assert re.findall('<a href="/portal/([^"]*)"', card)[:4] == [
        f"incidents/{both.a.involvement.reference}/",
        f"incidents/{mild.reference}/",
        f"requests/{both.a.asked.reference}/",
        f"requests/{calm.reference}/",
    ]
    assert not leaks(card, "BIRCH", "GLOBAL")


def test_undisclosed_and_unsent_are_not_there(both: Both, telling: Telling) -> None:
    client = both.a.client
    for address in ("/portal/", page(both.a)):
        text = client.get(address).text
        assert "undisclosed" not in text
        assert "unsent" not in text
    disclosure.disclose(
        incident_id=both.a.hidden.incident_id,
        involvement_id=both.a.hidden.pk,
        by=telling.people.actor("commander"),
        at=telling.tick(),
    )
    assert "undisclosed view" in client.get("/portal/").text
    assert "undisclosed" not in both.b.client.get("/portal/").text


def test_one_incident_shows_how_far_it_is_and_what_it_means(both: Both, telling: Telling) -> None:
    text = both.a.client.get(page(both.a)).text
    for words in (
        "SEV-2 for you",
        "ALDER  view",
        both.a.involvement.reference,
        "TLP:AMBER",
        "started 4 Mar 2026 09:38 UTC",
        "ALDER  meaning",
        "ALDER notice",
        "We told you",
        "after it began",
        'aria-current="step"><b>Identification</b>',
    ):
        assert words in text.replace('<time datetime="2026-03-04T09:38:00+00:00">', ""), words
    assert not leaks(text, "BIRCH")


@pytest.mark.asvs("8.2.3", 4)
def test_the_incident_s_own_start_is_shown_to_nobody_and_its_own_once_it_is_entered(
    both: Both, telling: Telling
) -> None:
    found = evaluation.Evaluation(
        category_id=Category.objects.get(key="outage").pk,
        impact=4,
        scope=4,
        urgency=3,
        occurred_at=NOW - timedelta(minutes=41),
    )
    by = telling.people.actor("commander")
    evaluation.evaluate(incident_id=both.incident.pk, found=found, by=by, at=telling.tick())
    assert "09:00" not in both.a.client.get(page(both.a)).text
    disclosure.edit_involvement(
        incident_id=both.incident.pk,
        involvement_id=both.a.involvement.pk,
        title="ALDER",
        meaning="ALDER",
        severity=2,
        started_at=NOW - timedelta(minutes=11),
        by=by,
        at=telling.tick(),
    )
    assert "4 Mar 2026 09:30 UTC" in both.a.client.get(page(both.a)).text
    assert "09:30" not in both.b.client.get(page(both.b)).text


def test_a_dismissed_incident_says_so_in_plain_words(both: Both, telling: Telling) -> None:
    workflow.dismiss(
        incident_id=both.incident.pk,
        reason="GLOBAL duplicate of something",
        by=telling.people.actor("commander"),
        at=telling.tick(),
    )
    text = both.a.client.get(page(both.a)).text
    assert "Closed: not an incident for you" in text
    assert 'class="steps"' not in text
    assert not leaks(text, "BIRCH", "duplicate", "false positive")


def test_acknowledging_tells_the_desk(both: Both) -> None:
    client, address = both.a.client, page(both.a)
    assert "One notice waits" in client.get(address).text
    response = client.post(f"{address}notices/1/acknowledge/", follow=True)
    assert response.redirect_chain == [(address, 302)]
    assert "Thank you." in response.text
    assert "Acknowledged by Person of Alder" in response.text
    assert "One notice waits" not in response.text
    copy = NoticeCopy.objects.get(pk=both.a.sent.pk)
    assert copy.acknowledged_by == "Person of Alder"
    entry = Entry.objects.filter(incident=both.incident).order_by("-sequence")[0]
    assert (entry.partner, entry.kind) == (both.a.partner, "partner")
    assert "Person of Alder acknowledged" in entry.body


def test_a_second_click_is_told_so(both: Both) -> None:
    client, address = both.a.client, page(both.a)
    client.post(f"{address}notices/1/acknowledge/")
    response = client.post(f"{address}notices/1/acknowledge/", follow=True)
    assert "Person of Alder acknowledged this notice already." in response.text
    assert Entry.objects.filter(body__contains="acknowledged the notice").count() == 1


def test_looking_at_it_acknowledges_nothing(both: Both) -> None:
    client, address = both.a.client, page(both.a)
    typed = client.get(f"{address}notices/1/acknowledge/")
    assert (typed.status_code, typed.headers["Allow"]) == (405, "POST")
    assert "Go back in your browser to the page with the form." in typed.text
    client.get(address)
    assert NoticeCopy.objects.filter(acknowledged_at__isnull=False).count() == 0


def test_an_auditor_reads_and_finds_no_button(both: Both) -> None:
    client = auditor_of(both.a)
    for address in ("/portal/", page(both.a), "/portal/reports/"):
        text = client.get(address).text
        assert "ALDER" in text
        assert "/portal/report/" not in text
        assert "<form" not in text.replace('<form method="post" action="/accounts/logout/">', "")
    for response in (
        client.get("/portal/report/"),
        client.post("/portal/report/", {"title": "x"}),
        client.post(f"{page(both.a)}notices/1/acknowledge/"),
    ):
        assert response.status_code == 403
        assert "You read here as an auditor" in response.text
    assert NoticeCopy.objects.filter(acknowledged_at__isnull=False).count() == 0


def test_a_person_of_two_partners_works_for_one_at_a_time(both: Both) -> None:
    grants.grant(both.a.user, "act", both.b.partner)
    client = both.a.client
    response = client.get(page(both.b))
    assert response["Location"] == f"/accounts/partner/?next={page(both.b)}"
    choice = client.get(response["Location"])
    assert "Alder Trading" in choice.text
    assert "Birch Trading" in choice.text
    chosen = {"partner": "ALDER", "next": page(both.a)}
    assert client.post("/accounts/partner/", chosen)["Location"] == page(both.a)
    assert not leaks(client.get("/portal/").text, "BIRCH")
    refused = client.get(page(both.b))
    assert refused.status_code == 404
    assert "switch partner" in refused.text
    client.post("/accounts/partner/", {"partner": "BIRCH"})
    text = client.get(page(both.b)).text
    assert "BIRCH notice" in text
    assert not leaks(text.replace("Person of Alder", ""), "ALDER")


@pytest.mark.parametrize("wanted", ["//evil.test/portal/", "https://evil.test/", "/admin/", "\\x"])
def test_the_choice_leads_nowhere_else(both: Both, wanted: str) -> None:
    response = both.a.client.post("/accounts/partner/", {"partner": "ALDER", "next": wanted})
    assert response["Location"] == "/portal/"


@pytest.mark.parametrize("chosen", ["BIRCH", "", "1", "\0", "x" * 999])
def test_one_cannot_choose_a_partner_one_does_not_serve(both: Both, chosen: str) -> None:
    client = both.a.client
    assert client.post("/accounts/partner/", {"partner": chosen}).status_code == 404
    assert not leaks(client.get("/portal/").text, "BIRCH")


def test_a_list_goes_on_page_by_page_without_holes(
    both: Both, many: Callable[[Side, int], None]
) -> None:
    many(both.a, 30)
    client = both.a.client
    seen: list[str] = []
    address = "/portal/"
    for _ in range(5):
        text = client.get(address).text
        section = re.split('id="(?:shelf-open|found)"', text)[1].split("</section>")[0]
        seen += [part.split("/")[0] for part in section.split('href="/portal/incidents/')[1:]]
        if 'rel="next"' not in section:
            break
        address = section.split('<a href="')[-1].split('"')[0].replace("&amp;", "&")
        address = address if address.startswith("/") else f"/portal/history/{address}"
        assert address.startswith("/portal/history/?state=open&after=ALDER-2026-")
    known = Involvement.objects.filter(partner=both.a.partner, disclosed_at__isnull=False)
    newest_first = known.order_by("-disclosed_at", "-id").values_list("reference", flat=True)
    assert seen == list(newest_first)
    assert len(seen) == 31


def test_what_is_written_is_shown_as_it_is(both: Both, telling: Telling) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}${7*7}"
    incident = Incident.objects.get(pk=both.a.hidden.incident_id)
    disclosure.edit_involvement(
        incident_id=incident.pk,
        involvement_id=both.a.hidden.pk,
        title=evil,
        meaning=evil,
        severity=1,
        by=telling.people.actor("commander"),
        at=telling.tick(),
    )
    telling.tell(both.a.hidden, evil)
    both.a.hidden.refresh_from_db()
    User.objects.filter(pk=both.a.user.pk).update(name=evil)
    client = both.a.client
    client.post(f"/portal/incidents/{both.a.hidden.reference}/notices/1/acknowledge/")
    for address in ("/portal/", f"/portal/incidents/{both.a.hidden.reference}/"):
        text = client.get(address).text.replace(FILES_SCRIPT, "")
        assert "&lt;script&gt;alert(1)" in text
        assert "<script" not in text
        assert "<img" not in text
        assert "{{7*7}}${7*7}" in text


def test_the_timings_are_the_first_of_each(both: Both, telling: Telling) -> None:
    telling.at += timedelta(hours=5)
    telling.tell(both.a.involvement, "ALDER later")
    text = both.a.client.get(page(both.a)).text.split("Your timings")[1]
    sent_at = both.a.sent.sent_at
    assert sent_at is not None
    assert f"{sent_at:%H:%M}" in text
    assert "not yet" in text


def test_what_a_person_has_not_seen_yet_is_marked_for_that_person_alone(
    both: Both, telling: Telling
) -> None:
    page, mark = f"/portal/incidents/{both.a.involvement.reference}/", "new for you"
    colleague = person(both.a, "act", "Ada").client
    assert [both.a.client.get(page).text.count(mark) for _ in range(2)] == [1, 0]
    telling.tell(both.a.involvement, "ALDER second notice")
    telling.tell(both.b.involvement, "BIRCH second notice")
    assert [both.a.client.get(page).text.count(mark) for _ in range(2)] == [1, 0]
    assert [colleague.get(page).text.count(mark) for _ in range(2)] == [2, 0]
