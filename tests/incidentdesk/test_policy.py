"""What a browser may run and load, by the headers that pages bring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from partners.models import Partner
from tests.conftest import People

pytestmark = pytest.mark.django_db
NAME = "Content-Security-Policy"
STRICT = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.mark.asvs("3.4.1-3.4.6", 33)
def test_pages_of_partners_and_of_logging_in_run_nothing_but_files_of_the_desk(
    people: People, helix: Partner
) -> None:
    contact, nobody = Client(), Client()
    contact.force_login(people["helix"])
    for answer in (
        contact.get("/portal/"),
        contact.get("/portal/nothing/"),
        contact.get("/accounts/password/change/"),
        nobody.get("/accounts/login/"),
        nobody.get("/accounts/password/reset/"),
        nobody.get("/accounts/invitation/nothing/"),
        nobody.get("/ack/nothing/"),
        nobody.get("/nothing/"),
    ):
        assert set(answer[NAME].split("; ")) == STRICT


@pytest.mark.asvs("3.4.1-3.4.6", 33)
def test_no_template_of_theirs_holds_a_script_or_a_style_of_its_own() -> None:
    inline = re.compile(
        r"<script(?![^>]*\s(?:src=|type=\"application/json\"))|<style|\s(?:style|on[a-z]+)=[\"']|javascript:"
    )
    root = Path(settings.BASE_DIR) / "templates"
    theirs = [
        path
        for path in sorted(root.rglob("*.html"))
        if path.relative_to(root).parts[0] not in ("admin", "email", "ninja", "unfold")
    ]
    assert len(theirs) > 30
    assert [str(path) for path in theirs if inline.search(path.read_text())] == []
