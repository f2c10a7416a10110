"""Files through the API: one part is the file, the part `given` holds the fields as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from ninja import NinjaAPI, Router

from incidentdesk.api import calls
from incidentdesk.kernel.access import Actor

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Kept:
    """A file that is handed out."""

    name: str
    body: bytes

    def chunks(self) -> Iterator[bytes]:
        """Its bytes."""
        yield self.body


def keep(*, upload: Any, title: str, size: int | None = None, by: Actor, at: datetime) -> Kept:
    """Keep a file and hand it out again."""
    return Kept(f"{title}.html", upload.read() + f"|{upload.name}|{size}|{by.name}".encode())


@pytest.fixture
def call(people, monkeypatch):
    """`call(given, file)` posts both to `keep`."""
    monkeypatch.setattr(calls, "CALLS", [])
    router = Router()
    calls.do(router, "respond", "/keep", keep, upload="upload")
    api = NinjaAPI(urls_namespace="test-files")
    api.add_router("", router)
    views: list[Any] = [p.callback for p in api.urls[0] if str(p.pattern) == "keep"]
    (view,) = views

    def post(given: dict[str, Any], file: bytes) -> Any:
        parts = {"given": json.dumps(given), "upload": SimpleUploadedFile("a.html", file)}
        request = RequestFactory().post("/keep", parts)
        request.auth = people.actor("responder")
        return view(request)

    return post


def test_a_file_and_its_fields_are_sent_in_one_call_and_come_back_as_a_download(call):
    answer = call({"title": 'A "log"'}, b"<script>")
    assert answer.status_code == 200
    assert answer.getvalue() == b"<script>|a.html|None|Responder"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="A \\"log\\".html"'


def test_the_fields_beside_a_file_are_checked_as_any_others(call):
    assert call({"title": "x", "more": 1}, b"x").status_code == 422
    assert call({"title": 1}, b"x").status_code == 422
    assert call({"title": "x", "size": 3}, b"x").getvalue() == b"x|a.html|3|Responder"
