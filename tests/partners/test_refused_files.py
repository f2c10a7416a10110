"""A form that is refused says that its files have to be chosen again, and loses no word."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases import drafting
from cases.models import Report, ReportDraft
from incidentdesk.kernel import uploads
from tests.partners.conftest import Both, leaks
from tests.partners.test_reports import typed

pytestmark = pytest.mark.django_db
AGAIN = "Choose your files again: a form that was refused cannot keep them."
PROCEDURE = {
    "title": "ALDER how we tell",
    "version": "2",
    "scope": "All of it",
    "attested_by": "Ada",
    "valid_until": "",
}


def file(content: bytes = b"x") -> SimpleUploadedFile:
    """Something to send."""
    return SimpleUploadedFile("list.csv", content)


def forms(both: Both) -> dict[str, dict[str, Any]]:
    """Each form with files, and what it refuses."""
    incident, asked = both.a.involvement.reference, both.a.asked.reference
    procedure = both.a.procedure.reference
    return {
        "/portal/report/": typed(title=""),
        f"/portal/incidents/{incident}/write/": {"text": "ALDER x" * 2_000},
        f"/portal/requests/{asked}/answer/": {"text": "ALDER x" * 4_000},
        "/portal/procedures/new/": PROCEDURE,
        f"/portal/procedures/{procedure}/next/": PROCEDURE,
    }


def test_each_form_with_files_says_beside_the_field_that_they_are_gone(both: Both) -> None:
    for address, given in forms(both).items():
        answer = both.a.client.post(address, {**given, "uploads": file()})
        assert (answer.status_code, answer.text.count(AGAIN)) == (422, 1), address
        again = both.a.client.post(address, {**given, "had_files": "1"})  # as the page sends it
        assert 'name="had_files" value="1"' in answer.text
        assert (again.status_code, again.text.count(AGAIN)) == (422, 1), address
        answer = both.a.client.post(address, given)
        assert (answer.status_code, answer.text.count(AGAIN)) == (422, 0), address


def test_an_empty_file_is_refused_by_its_name_and_the_words_stay(both: Both) -> None:
    address = f"/portal/incidents/{both.a.involvement.reference}/write/"
    answer = both.a.client.post(address, {"text": "ALDER words", "uploads": file(b"")})
    assert answer.status_code == 422
    assert "The file “list.csv” is empty" in answer.text
    assert (AGAIN in answer.text, "ALDER words" in answer.text) == (True, True)


@pytest.mark.parametrize(
    ("wrong", "content"), [({"title": ""}, b"x"), ({"noticed_at": "then"}, b"x"), ({}, b"")]
)
def test_a_refused_report_stays_as_typed_and_as_a_draft(
    both: Both, wrong: dict[str, str], content: bytes
) -> None:
    given = typed(description="ALDER all the words", **wrong)
    answer = both.a.client.post("/portal/report/", {**given, "uploads": file(content)})
    assert (answer.status_code, AGAIN in answer.text) == (422, True)
    assert "ALDER all the words" in answer.text
    draft = ReportDraft.objects.get()
    kept = {name: getattr(draft, name) for name in given if hasattr(draft, name)}
    assert kept == {n: v for n, v in drafting.placed(given).items() if n in kept}
    assert "ALDER all the words" in both.a.client.get("/portal/report/").text


def test_a_report_that_was_taken_leaves_no_draft(both: Both) -> None:
    before = Report.objects.count()
    both.a.client.post("/portal/report/", typed(description="ALDER sent"))
    assert (Report.objects.count(), ReportDraft.objects.count()) == (before + 1, 0)


def test_what_is_too_large_is_refused_on_a_page_of_the_partner_s(both: Both, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1
    address = f"/portal/incidents/{both.a.involvement.reference}/write/"
    large = {"text": "ALDER words", "uploads": file(b"x" * (2 * uploads.MEGABYTE + 1))}
    before = both.a.rows()
    answer = both.a.client.post(address, large)
    assert (answer.status_code, answer["Connection"]) == (413, "close")
    assert "The file is larger than 1 MB" in answer.text
    assert 'aria-label="Portal"' in answer.text
    assert f"{both.a.partner.name} · " in answer.text
    assert leaks(answer.text, "BIRCH") == []
    large["uploads"].seek(0)
    assert Client().post(address, large).status_code == 413  # nobody's page
    assert both.a.rows() == before
    page = both.a.client.get(f"/portal/incidents/{both.a.involvement.reference}/").text
    assert page.count('data-most="26214400"') == 1  # the browser says it before anything is sent
    assert page.count("files.js") == 1
