"""Evidence on the desk: a dialog that carries a file, downloads that are inert, wrong people."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import evidence
from cases.models import CustodyEvent, Entry, Evidence, Task
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import WRITES, address, page_of, sql_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
IN_PLACE = {"X-Dialog": "1"}
EVIL = b"<script>alert(document.domain)</script>"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Files of one test lie apart from those of another."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media" / "evidence"


@pytest.fixture
def piece(declare, people):
    """`piece(name=…)`: a file on an incident."""

    def make(name: str = "gateway.log", body: bytes = b"gap", **more: Any) -> Evidence:
        return evidence.add(
            incident_id=more.pop("incident", None) or declare().pk,
            upload=SimpleUploadedFile(name, body),
            title=more.pop("title", "Gateway log"),
            collector="R. Ives",
            collected_at=NOW,
            by=people.actor("responder"),
            at=NOW + timedelta(minutes=5),
            **more,
        )

    return make


def form(**more: Any) -> dict[str, Any]:
    return {
        "file": SimpleUploadedFile("gateway.log", b"09:38 gap"),
        "title": "Gateway log",
        "collector": "R. Ives",
        "collected_at": "2026-03-04T09:41",
        "tlp": "AMBER",
        "task": "",
        "affected": "",
        **more,
    }


def file_of(one: Evidence) -> str:
    return f"/admin/cases/evidence/{one.pk}/file/"


# --- the dialog ----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, IN_PLACE])
def test_a_dialog_carries_a_file_with_the_script_and_without(headers, as_, declare):
    incident, browser = declare(), as_("responder")
    shown = browser.get(address(incident, "add_evidence"), headers=headers).content.decode()
    assert 'enctype="multipart/form-data"' in shown
    assert 'type="file"' in shown
    answer = browser.post(address(incident, "add_evidence"), form(), headers=headers)
    tab = f"{page_of(incident)}?tab=evidence"
    assert (answer.get("Location") or answer.get("X-Location")) == tab
    kept = Evidence.objects.get()
    assert (kept.title, kept.size) == ("Gateway log", 9)
    words = text_of(browser.get(tab))
    assert "“Gateway log” is kept" in words
    assert f"SHA-256 {kept.sha256[:12]}…" in words
    assert "Collected 4 Mar 09:41 by R. Ives" in words or "Collected 4 Mar 2026" in words


def test_a_dialog_without_a_file_field_stays_as_it_was(as_, declare):
    incident = declare()
    shown = as_("responder").get(address(incident, "add_task")).content.decode()
    assert "multipart" not in shown


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"file": SimpleUploadedFile("x", b"")}, "The file is empty"),
        ({"collector": ""}, "This field is required"),
        ({"collected_at": "2999-01-01T00:00"}, "lies in the future"),
        ({"file": ""}, "This field is required"),
    ],
)
def test_a_refusal_is_a_sentence_and_stores_nothing(more, words, as_, declare, media):
    incident = declare()
    answer = as_("responder").post(address(incident, "add_evidence"), form(**more))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Evidence.objects.exists()
    assert not list(media.rglob("*"))


def test_too_large_is_refused_at_the_door_and_in_the_dialog(as_, declare, settings):
    settings.MAX_UPLOAD_MB = 1
    incident, browser = declare(), as_("responder")
    for size, status in ((1024 * 1024 + 1, 422), (3 * 1024 * 1024, 413)):
        big = form(file=SimpleUploadedFile("x.bin", b"x" * size))
        answer = browser.post(address(incident, "add_evidence"), big)
        assert answer.status_code == status
        assert "The file is larger than 1 MB" in text_of(answer)
    assert not Evidence.objects.exists()


def test_a_full_disk_is_a_sentence(as_, declare, media):
    incident = declare()
    media.parent.mkdir()
    media.write_text("no folder")
    answer = as_("responder").post(address(incident, "add_evidence"), form())
    assert answer.status_code == 422
    assert "nothing was stored" in text_of(answer)


def test_the_dialog_comes_filled_in_for_the_task_at_which_its_link_stood(as_, declare):
    incident, browser = declare(), as_("responder")
    task = Task.objects.create(incident=incident, phase="containment", position=1, text="Save it.")
    shown = browser.get(address(incident, "add_evidence"), {"task": task.pk}).content.decode()
    assert f'<option value="{task.pk}" selected>' in shown
    browser.post(address(incident, "add_evidence"), form(task=task.pk))
    assert Evidence.objects.get().task == task
    words = text_of(browser.get(page_of(incident), {"tab": "evidence"}))
    assert "for Save it." in words


# --- the page ------------------------------------------------------------------------------------


def test_an_incident_without_evidence_says_what_to_do(as_, declare):
    words = text_of(as_("responder").get(page_of(declare()), {"tab": "evidence"}))
    assert "No evidence yet. Add logs, dumps and screenshots before anything is restarted" in words


def test_opening_the_page_of_a_piece_is_a_reading_and_nothing_else(as_, piece):
    one = piece()
    asked = sql_of(as_("approver"), page_of(one))
    written = [sql for sql in asked if WRITES.match(sql)]
    assert len(written) == 1
    assert 'INSERT INTO "cases_custodyevent"' in written[0]
    assert one.custody.last().actor == "Approver"
    words = text_of(as_("approver").get(page_of(one)))
    assert one.sha256 in words
    assert "Chain of custody" in words


def test_verifying_and_attaching_go_through_dialogs(as_, piece, media):
    one = piece()
    browser = as_("responder")
    back = f"{one.incident.url}?tab=evidence"
    answer = browser.post(address(one, "verify"), headers=IN_PLACE)
    assert answer["X-Location"] == back
    assert "its hash agrees" in text_of(browser.get(back))
    (media / one.key.hex[:2] / one.key.hex).write_bytes(b"other")
    browser.post(address(one, "verify"))
    words = text_of(browser.get(back))
    assert "THE FILE IS NOT WHAT WAS ADDED" in words
    assert "not what was added Verify" in words
    assert "Do not rely on it." in text_of(browser.get(page_of(one)))
    (media / one.key.hex[:2] / one.key.hex).write_bytes(b"gap")
    browser.post(address(one, "verify"))
    assert "not what was added Verify" not in text_of(browser.get(back))
    nothing = browser.post(address(one, "attach"), {"task": "", "affected": ""})
    assert "Choose the task or the system" in text_of(nothing)


# --- downloads -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("page.html", 'attachment; filename="page.html"'),
        ("drawing.svg", 'attachment; filename="drawing.svg"'),
        ("naïve ☂.txt", "attachment; filename*=utf-8''na%C3%AFve%20%E2%98%82.txt"),
        ("a;b=c.exe", 'attachment; filename="a;b=c.exe"'),
        ("%0d%0aX: y.txt", 'attachment; filename="%0d%0aX y.txt"'),
    ],
)
def test_whatever_it_is_it_leaves_inert(name, disposition, as_, piece):
    one = piece(name, EVIL)
    answer = as_("commander").post(file_of(one))
    with CaptureQueriesContext(connection) as captured:
        assert b"".join(answer.streaming_content) == EVIL
    assert len(captured) == 0  # no transaction is held while it is sent
    assert {
        key: answer[key]
        for key in (
            "Content-Type",
            "Content-Disposition",
            "X-Content-Type-Options",
            "Content-Security-Policy",
            "Cache-Control",
            "Content-Length",
        )
    } == {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
        "Content-Length": str(len(EVIL)),
    }
    assert one.custody.last().action == "downloaded"


@pytest.mark.asvs("5.2.2 5.4.1 5.4.2 3.2.1", 23)
@pytest.mark.asvs("3.5.1 3.5.3", 34)
def test_a_file_never_leaves_by_following_a_link_or_a_form_from_elsewhere(as_, piece, people):
    one = piece()
    for path in (file_of(one), f"/admin/cases/evidence/export/{one.incident_id}/"):
        for method in ("get", "head", "put", "delete"):
            assert getattr(as_("commander"), method)(path).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(people["commander"])
        assert strict.post(path).status_code == 403
    assert [link.action for link in one.custody.all()] == ["added"]
    for path in (f"/media/evidence/{one.key}", f"/media/{one.key.hex}", "/media/"):
        assert as_("commander").get(path).status_code == 404


def test_the_wrong_person_finds_nothing(as_, piece, people, helix):
    red = piece(tlp="RED", title="Names of insiders")
    contact = Client()
    contact.force_login(people["helix"])
    for browser, statuses in (
        (as_("administrator"), {404}),
        (as_("security"), {404}),
        (contact, {302}),
        (Client(), {302}),
    ):
        for answer in (
            browser.get(page_of(red), follow=False),
            browser.post(file_of(red)),
            browser.get(address(red, "verify")),
            browser.post(address(red, "attach")),
        ):
            assert answer.status_code in statuses | {403} - ({403} if 404 in statuses else set())
            assert b"insiders" not in answer.content
    assert [link.action for link in red.custody.all()] == ["added"]


def test_a_red_piece_is_not_listed_for_others_and_said_to_be_there(as_, piece):
    red = piece(tlp="RED", title="Names of insiders")
    tab = f"{red.incident.url}?tab=evidence"
    for role, sees in (("security", False), ("responder", True), ("auditor", True)):
        browser = as_(role)
        for path in (
            tab,
            red.incident.url,
            "/admin/cases/evidence/",
            "/admin/cases/evidence/?q=insid",
        ):
            words = text_of(browser.get(path)).replace("?q=insid", "")
            expected = sees and path != red.incident.url
            assert ("Names of insiders" in words) == expected, (role, path)
    words = text_of(as_("security").get(tab))
    assert "1 TLP:RED piece is open to the commander, whoever added it" in words
    refused = as_("security").post(f"/admin/cases/evidence/export/{red.incident_id}/", follow=True)
    assert "no evidence that could be exported" in text_of(refused)


def test_an_export_is_a_download_like_any_other(as_, piece):
    one = piece()
    answer = as_("auditor").post(f"/admin/cases/evidence/export/{one.incident_id}/")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.namelist() == ["manifest.json", "001-gateway.log"]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "-evidence.zip" in answer["Content-Disposition"]
    assert "Evidence exported: 1 piece." in Entry.objects.first().body
    assert as_("auditor").post("/admin/cases/evidence/export/999999/").status_code == 404


def test_a_file_that_is_gone_is_said_in_words(as_, piece, media):
    one = piece()
    (media / one.key.hex[:2] / one.key.hex).unlink()
    answer = as_("commander").post(file_of(one), follow=True)
    assert "is not where it was kept" in text_of(answer)


def test_an_auditors_reading_is_in_both_trails(as_, piece):
    one = piece()
    browser = as_("auditor")
    browser.get(page_of(one))
    browser.post(file_of(one))
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert actions >= {"read", "downloaded evidence"}
    assert list(
        CustodyEvent.objects.filter(actor="Auditor").order_by("id").values_list("action", flat=True)
    ) == ["viewed", "downloaded"]
    assert "data-dialog" not in browser.get(page_of(one)).content.decode()


def test_what_an_auditor_took_away_is_named_to_auditors_only(as_, piece):
    one = piece(title="ZEBRA")
    as_("auditor").post(file_of(one))
    as_("auditor").get("/admin/cases/incident/export/?q=ZEBRA")
    trail = AuditEvent.objects.filter(action__in=["exported", "downloaded evidence"])
    assert [event.action for event in trail.order_by("id")] == ["downloaded evidence", "exported"]
    pages = ["/admin/kernel/auditevent/"]
    pages += [f"/admin/kernel/auditevent/{event.pk}/change/" for event in trail]
    for role, is_named in (("administrator", False), ("auditor", True)):
        shown = "".join(as_(role).get(path).content.decode() for path in pages)
        assert ("ZEBRA" in shown) is is_named


def test_what_is_written_is_shown_as_it_is(as_, piece):
    one = piece("<img src=x onerror=alert(1)>.svg", EVIL, title="<script>alert(1)</script>")
    for path in (page_of(one), f"{one.incident.url}?tab=evidence", "/admin/cases/evidence/"):
        page = as_("responder").get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "document.domain" not in page
        assert "&lt;script&gt;alert(1)" in page
