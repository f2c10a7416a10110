"""Requests in the portal: on the home page, on the incident, on their own page; their files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import requests, vault
from cases.models import Request, RequestStep, SharedFile
from incidentdesk.kernel import clocks, grants
from tests.conftest import NOW
from tests.partners.conftest import Both, Telling, leaks
from tests.partners.test_queries import cost

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A little after everything was told and asked."""
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(minutes=40))


def address(request: Request, way: str = "") -> str:
    """Its page, or what one does there."""
    return f"/portal/requests/{request.reference}/{way}"


def test_what_is_asked_waits_on_the_home_page_and_on_its_incident(both: Both) -> None:
    client, asked = both.a.client, both.a.asked
    pages = ["/portal/", f"/portal/incidents/{both.a.involvement.reference}/", "/portal/requests/"]
    for page in pages:
        text = client.get(page).text
        assert asked.reference in text, page
        assert "Waits for your answer" in text, page
        assert not leaks(text, "BIRCH"), page


def test_an_answer_in_parts_with_files(both: Both) -> None:
    client, asked = both.a.client, both.a.asked
    part = {
        "text": "Half of it.",
        "uploads": [SimpleUploadedFile("a.csv", b"1"), SimpleUploadedFile("b.csv", b"2")],
    }
    page = client.post(address(asked, "answer/"), part, follow=True)
    assert page.redirect_chain == [(address(asked), 302)]
    assert "We have this part" in page.text
    assert "Half of it." in page.text
    page = client.post(
        address(asked, "answer/"), {"text": "The rest.", "is_whole": "on"}, follow=True
    )
    assert "The response team looks at your answer" in page.text
    steps = RequestStep.objects.filter(request=asked).order_by("id")
    assert list(steps.values_list("kind", "text", "author")) == [
        ("asked", "ALDER question", "The response team"),
        ("part", "Half of it.", "Person of Alder"),
        ("whole", "The rest.", "Person of Alder"),
    ]
    assert Request.objects.get(pk=asked.pk).state == "answered"
    assert "Nothing waits" not in client.get("/portal/").text  # a notice does


def test_after_a_part_the_box_alone_says_that_this_was_all(both: Both) -> None:
    client, asked = both.a.client, both.a.asked
    early = client.post(address(asked, "answer/"), {"text": "", "is_whole": "on"})
    assert early.status_code == 422
    assert "Write your answer or add a file" in early.text
    client.post(address(asked, "answer/"), {"text": "Half of it."})
    page = client.post(address(asked, "answer/"), {"text": "", "is_whole": "on"}, follow=True)
    assert "The response team looks at your answer" in page.text
    steps = RequestStep.objects.filter(request=asked).order_by("id")
    assert list(steps.values_list("kind", "text"))[1:] == [("part", "Half of it."), ("whole", "")]
    assert Request.objects.get(pk=asked.pk).state == "answered"
    assert Request.objects.get(pk=both.b.asked.pk).state == "open"


def test_a_file_leaves_as_something_to_keep_and_for_its_partner_only(both: Both) -> None:
    file = SharedFile.objects.get(partner=both.a.partner)
    response = both.a.client.get(f"/portal/files/{file.key}/")
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"a,b"
    assert response["Content-Disposition"] == 'attachment; filename="ALDER-list.csv"'
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert both.b.client.get(f"/portal/files/{file.key}/").status_code == 404
    vault.remove(file.key)
    gone = both.a.client.get(f"/portal/files/{file.key}/", follow=True)
    assert "is not where it was kept" in gone.text


def test_more_time_is_asked_once(both: Both) -> None:
    client, asked = both.a.client, both.a.asked
    until = asked.due_at + timedelta(days=1)
    typed = {"until": f"{until:%Y-%m-%dT%H:%M}", "reason": "Our clerk is away."}
    page = client.post(address(asked, "time/"), typed, follow=True)
    assert "until then the former time holds" in page.text
    found = Request.objects.get(pk=asked.pk)
    assert (found.extension_until, found.extension_reason) == (until, "Our clerk is away.")
    assert "You asked for time until" in page.text
    again = client.post(address(asked, "time/"), typed)
    assert again.status_code == 422
    assert "You asked for more time already" in again.text


@pytest.mark.parametrize(
    ("way", "typed", "sentence"),
    [
        ("answer/", {"text": " "}, "Write your answer or add a file"),
        ("answer/", {"text": "x" * 20_001}, "Keep this to 20,000 characters"),
        ("time/", {"until": "", "reason": "Kept reason"}, "Give the time, in UTC"),
        ("time/", {"until": "2026-03-04T09:42", "reason": "Kept reason"}, "Ask for a time after"),
        ("time/", {"until": "2026-03-09T09:42", "reason": ""}, "Say why you need longer"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(
    both: Both, way: str, typed: dict[str, str], sentence: str
) -> None:
    before = both.a.rows()
    response = both.a.client.post(address(both.a.asked, way), typed)
    assert response.status_code == 422
    assert sentence in response.text
    if typed.get("reason"):
        assert "Kept reason" in response.text
    assert both.a.rows() == before


def test_an_auditor_of_the_partner_reads_and_answers_nothing(both: Both) -> None:
    grants.revoke(both.a.user, "act", both.a.partner)
    grants.grant(both.a.user, "audit", both.a.partner)
    client = both.a.client
    page = client.get(address(both.a.asked))
    assert "ALDER question" in page.text
    assert "<textarea" not in page.text
    for way in ("answer/", "time/"):
        assert client.post(address(both.a.asked, way), {"text": "x"}).status_code == 403
    assert RequestStep.objects.filter(partner=both.a.partner).count() == 1


def test_what_is_overdue_says_so_and_what_is_closed_takes_no_answer(
    both: Both, telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(days=2))
    client, asked = both.a.client, both.a.asked
    assert "This answer is overdue." in client.get(address(asked)).text
    assert "overdue since" in client.get("/portal/").text
    by: Any = telling.people.actor("communications")
    requests.withdraw(request_id=asked.pk, reason="Found it.", by=by, at=clocks.now())
    page = client.get(address(asked)).text
    assert "Not needed any more" in page
    assert "Found it." in page
    assert "<textarea" not in page
    assert "Closed" in client.get("/portal/requests/").text
    response = client.post(address(asked, "answer/"), {"text": "Too late"})
    assert response.status_code == 422
    assert "This request is closed" in response.text


def test_the_pages_keep_to_their_budget(both: Both, telling: Telling) -> None:
    client = both.a.client
    places = ["/portal/", "/portal/requests/", address(both.a.asked)]
    few = {place: len(cost(client, place)) for place in places}
    assert max(few.values()) <= 10
    for number in range(15):
        telling.ask(both.a, both.a.involvement, f"ALDER number {number}")
        requests.answer(
            request_id=both.a.asked.pk,
            text=f"Part {number}",
            is_whole=False,
            uploads=[SimpleUploadedFile("x.txt", b"x")],
            by=both.a.actor,
            at=telling.tick(),
        )
    assert {place: len(cost(client, place)) for place in places} == few


def test_a_file_costs_few_queries(both: Both) -> None:
    file, client = SharedFile.objects.get(partner=both.a.partner), both.a.client
    with CaptureQueriesContext(connection) as seen:
        response = client.get(f"/portal/files/{file.key}/")
    before = len(seen)
    assert b"".join(response.streaming_content) == b"a,b"
    assert len(seen) == before


@pytest.mark.parametrize("until", ["9999-12-31T23:59", "2250-01-01T00:00", "2100-01-01T00:00"])
def test_a_time_that_nobody_lives_to_see_is_refused_and_every_page_still_opens(
    both: Both, until: str
):
    base = f"/portal/requests/{both.a.asked.reference}/"
    answer = both.a.client.post(f"{base}time/", {"until": until, "reason": "x"})
    assert answer.status_code == 422
    for page in ("/portal/", "/portal/requests/", base):
        assert both.a.client.get(page).status_code == 200
    both.a.asked.refresh_from_db()
    assert both.a.asked.extension_until is None
