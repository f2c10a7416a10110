"""How much of a form is taken in: refused by its announced length, before any of it is read."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from incidentdesk.kernel import uploads

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


def post(path: str, size: int, **headers: Any) -> Any:
    file = SimpleUploadedFile("x.bin", b"x" * size)
    return Client(enforce_csrf_checks=True).post(path, {"file": file}, headers=headers)


@pytest.fixture(autouse=True)
def _one_megabyte(settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1


@pytest.mark.asvs("5.2.1 5.2.3", 22)
def test_a_file_beyond_the_limit_is_refused_in_one_sentence() -> None:
    response = post("/admin/cases/incident/1/do/add_evidence/", 2 * MB + 1)
    assert response.status_code == 413
    assert "The file is larger than 1 MB" in response.text
    assert "The file was not kept" in response.text
    assert response["Connection"] == "close"
    in_place = post("/admin/cases/incident/1/do/add_evidence/", 2 * MB + 1, **{"X-Dialog": "1"})
    assert in_place.status_code == 413
    assert post("/portal/requests/X-REQ-2026-0001/answer/", 2 * MB + 1).status_code == 413
    assert in_place.text.lstrip().startswith('<div class="dialog" data-in-place>')


@pytest.mark.asvs("5.2.1 5.2.3", 22)
def test_none_of_it_is_read() -> None:
    class Unread:
        def read(self, *size: int) -> bytes:
            raise AssertionError("It was read.")

    request = RequestFactory().post("/admin/x/", {"file": SimpleUploadedFile("x", b"x")})
    request.META["CONTENT_LENGTH"] = str(9 * MB)
    request._stream = Unread()
    called: list[Any] = []
    answer = uploads.UploadLimitMiddleware(lambda r: called.append(r))(request)
    assert (answer.status_code, called) == (413, [])


@pytest.mark.parametrize("path", ["/accounts/login/", "/ack/x/", "/"])
def test_outside_desk_and_portal_a_form_holds_no_more_than_fields(path: str) -> None:
    response = post(path, configured.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    assert response.status_code == 413
    assert "This form is too large." in response.text


def test_a_file_for_which_there_is_no_room_is_refused_before_it_arrives(settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 9
    settings.FILE_UPLOAD_TEMP_DIR = "/proc"  # a file system with no free byte
    response = post("/admin/cases/incident/1/do/add_evidence/", 3 * MB)
    assert response.status_code == 507
    assert "There is no room for the file" in response.text
    assert post("/admin/cases/incident/1/do/add_evidence/", MB).status_code == 403  # in memory


def test_what_is_within_the_limit_goes_on() -> None:
    assert post("/admin/cases/incident/1/do/add_evidence/", MB).status_code == 403  # no token
    assert post("/accounts/login/", 1000).status_code == 403


@pytest.mark.parametrize("value", ["0", "-1", "x", "2001", "1.5", "٣", " "])
def test_a_limit_that_is_no_number_stops_the_start(value: str) -> None:
    code = (
        "from incidentdesk.environment import number;number('MAX_UPLOAD_MB', default=25, most=2000)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"MAX_UPLOAD_MB": value, "PATH": ""},
        cwd=configured.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "MAX_UPLOAD_MB must be a whole number from 1 to 2000" in ran.stderr


@pytest.mark.parametrize("charset", ["hex", "zlib", "raw_unicode_escape", "utf-16", "nonsense"])
def test_a_charset_of_one_s_own_breaks_no_page(client, charset):
    kind = f"text/plain; charset={charset}"
    for address in ("/accounts/login/?next=%5Cud800", "/portal/history/?after=x"):
        assert client.get(address, content_type=kind).status_code in (200, 302)
    form = f"application/x-www-form-urlencoded; charset={charset}"
    answer = client.generic("POST", "/accounts/login/", b"login=%5Cud800&password=x", form)
    assert answer.status_code == 200
