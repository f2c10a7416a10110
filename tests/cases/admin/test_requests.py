"""Requests on the desk: asked from the incident, decided on their own page, listed over all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cases import disclosure, requests, restriction
from cases.models import Request, SharedFile
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LIST = "/admin/cases/request/"


@pytest.fixture(autouse=True)
def _now(monkeypatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOW)


@pytest.fixture
def involved(declare, people, helix) -> Any:
    """Helix on an incident that it sees."""
    incident = declare()
    step: dict[str, Any] = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    return disclosure.disclose(**step, involvement_id=made.pk)


@pytest.fixture
def asked(as_, involved) -> Request:
    """Asked through the dialog, with a file."""
    incident = involved.incident
    form = {
        "involvement": involved.pk,
        "question": "Which orders were late?",
        "why": "We reconcile.",
        "due_at": "2026-03-05T09:41",
        "uploads": SimpleUploadedFile("known.txt", b"what we know"),
    }
    response = as_("communications").post(address(incident, "ask"), form)
    assert (response.status_code, response["Location"]) == (302, f"{incident.url}?tab=partners")
    return Request.objects.get()


def answered(asked: Request, people: Any) -> None:
    requests.answer(
        request_id=asked.pk,
        text="Seven of them.",
        is_whole=True,
        uploads=[SimpleUploadedFile("orders.csv", b"a,b")],
        by=people.contact("helix", asked.partner),
        at=NOW + timedelta(hours=1),
    )


def test_the_partners_tab_asks_and_shows_what_was_asked(as_, asked, involved):
    page = as_("commander").get(f"{page_of(involved.incident)}?tab=partners")
    text = text_of(page)
    assert "HELIX-REQ-2026-0001 Which orders were late? waits for the partner, due 5 Mar" in text
    ask = f"{address(involved.incident, 'ask')}?involvement={involved.pk}"
    assert ask in page.content.decode()
    assert 'enctype="multipart/form-data"' in as_("commander").get(ask).content.decode()


def test_a_refusal_keeps_what_was_typed(as_, involved):
    form = {"involvement": involved.pk, "question": "Kept question", "due_at": "2026-03-04T09:00"}
    response = as_("commander").post(address(involved.incident, "ask"), form)
    assert response.status_code == 422
    assert "would be due in the past" in response.content.decode()
    assert "Kept question" in response.content.decode()
    assert Request.objects.count() == 0


def test_the_page_shows_what_was_said_and_hands_out_files(as_, asked, people):
    answered(asked, people)
    text = text_of(as_("responder").get(page_of(asked)))
    assert "Seven of them." in text
    assert "Helix Markets contact, Helix Markets answered" in text
    file = SharedFile.objects.get(name="orders.csv")
    response = as_("responder").get(f"{LIST}file/{file.key}/")
    assert b"".join(response.streaming_content) == b"a,b"
    assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'


def test_an_auditors_download_is_recorded(as_, asked):
    file = SharedFile.objects.get()
    as_("auditor").get(f"{LIST}file/{file.key}/")
    line = AuditEvent.objects.latest("pk")
    assert (line.action, line.about) == ("read", f"file:{file.pk}")


@pytest.mark.parametrize(
    ("name", "form", "state"),
    [
        ("accept", {"words": "Thanks."}, "accepted"),
        ("ask_again", {"text": "Which?", "due_at": "2026-03-06T09:41"}, "open"),
        ("withdraw", {"words": "Found it."}, "withdrawn"),
    ],
)
def test_an_answer_is_accepted_or_asked_for_again(as_, asked, people, name, form, state):
    answered(asked, people)
    response = as_("communications").post(address(asked, name), form)
    assert response.status_code == 302
    asked.refresh_from_db()
    assert asked.state == state


@pytest.mark.parametrize(("name", "days"), [("grant", 3), ("refuse", 1)])
def test_more_time_is_given_or_refused(as_, asked, people, name, days):
    requests.ask_for_time(
        request_id=asked.pk,
        until=NOW + timedelta(days=3),
        reason="Clerk away.",
        by=people.contact("helix", asked.partner),
        at=NOW,
    )
    assert "Clerk away." in text_of(as_("commander").get(address(asked, name)))
    as_("commander").post(address(asked, name), {"words": "As you can."})
    asked.refresh_from_db()
    assert asked.due_at == NOW + timedelta(days=days)


def test_the_list_shows_what_is_open_overdue_and_ours(as_, asked, people, monkeypatch):
    browser = as_("commander")

    def listed() -> set[str]:
        return {
            shown
            for shown in ("", "overdue", "ours", "all")
            if "HELIX-REQ-2026-0001"
            in text_of(browser.get(LIST, {"shown": shown} if shown else {}))
        }

    assert listed() == {"", "all"}
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(days=2))
    browser = as_("commander")
    assert listed() == {"", "overdue", "all"}
    answered(asked, people)
    assert listed() == {"", "ours", "all"}


def test_the_dashboard_says_what_waits_for_whom(as_, asked, people, monkeypatch):
    answered(asked, people)
    assert "Helix Markets answered; accept it or ask again" in text_of(
        as_("communications").get("/admin/")
    )
    assert "accept it or ask again" not in text_of(as_("approver").get("/admin/"))


def test_a_hidden_incident_hides_its_requests_and_their_files(as_, asked, people, involved):
    restriction.restrict(
        incident_id=involved.incident_id,
        user_ids=[],
        reason="x",
        by=people.actor("commander"),
        at=NOW,
    )
    file = SharedFile.objects.get()
    for role, status in (("commander", 200), ("communications", 404)):
        browser = as_(role)
        assert browser.get(page_of(asked)).status_code == status
        assert browser.get(f"{LIST}file/{file.key}/").status_code == status
    assert "HELIX-REQ" not in text_of(as_("communications").get(f"{LIST}?shown=all"))
