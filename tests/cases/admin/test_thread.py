"""The thread on the desk: below each partner on the Partners tab, and what waits for an answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cases import disclosure, thread
from cases.models import Remark, SharedFile
from incidentdesk.kernel import clocks
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOW)


@pytest.fixture
def involved(declare, people, helix) -> Any:
    """Helix on an incident that it sees; it has written."""
    incident = declare()
    step: dict[str, Any] = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    made = disclosure.add_partner(
        **step, partner_id=helix.pk, title="Delayed", meaning="Wait.", severity=2
    )
    disclosure.disclose(**step, involvement_id=made.pk)
    thread.reply(
        involvement_id=made.pk,
        text="Shall we stop quoting?",
        uploads=[SimpleUploadedFile("orders.csv", b"a,b")],
        by=people.contact("helix", helix),
        at=NOW,
    )
    return made


def tab(browser: Any, involved: Any) -> str:
    """The words of the Partners tab."""
    return text_of(browser.get(f"{page_of(involved.incident)}?tab=partners"))


def test_what_a_partner_wrote_waits_until_it_is_answered(as_, involved):
    browser = as_("communications")
    assert "Helix Markets wrote and waits for an answer" in text_of(browser.get("/admin/"))
    assert "wrote and waits" not in text_of(as_("responder").get("/admin/"))
    shown = tab(browser, involved)
    assert "Thread 1 waits for an answer" in shown
    assert "Helix Markets contact, Helix Markets Shall we stop quoting?" in shown
    form = {
        "involvement": involved.pk,
        "text": "No, use EU-1.",
        "uploads": SimpleUploadedFile("note.txt", b"x"),
    }
    response = browser.post(address(involved.incident, "write"), form)
    assert response.status_code == 302
    assert "Thread 2 waits for an answer" not in tab(browser, involved)
    assert "Communications No, use EU-1." in tab(browser, involved)
    assert "wrote and waits" not in text_of(browser.get("/admin/"))


def test_or_until_somebody_says_that_it_needs_none(as_, involved):
    browser = as_("commander")
    browser.post(address(involved.incident, "need_no_answer"), {"involvement": involved.pk})
    assert Remark.objects.get().seen_by is not None
    assert "Thread 1 waits for an answer" not in tab(browser, involved)


@pytest.mark.asvs("5.2.2 5.4.1 5.4.2 3.2.1", 23)
@pytest.mark.mistake(7)
def test_its_files_leave_as_downloads(as_, involved):
    file = SharedFile.objects.get()
    response = as_("responder").get(f"/admin/cases/request/file/{file.key}/")
    assert b"".join(response.streaming_content) == b"a,b"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_who_may_not_write_is_offered_nothing(as_, involved):
    page = as_("responder").get(f"{page_of(involved.incident)}?tab=partners").content.decode()
    assert "/do/write/" not in page
    form = {"involvement": involved.pk, "text": "x"}
    assert as_("responder").post(address(involved.incident, "write"), form).status_code == 403
    assert Remark.objects.count() == 1
