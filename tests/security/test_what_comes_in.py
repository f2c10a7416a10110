"""What is sent to the desk to be read: no entities, no objects, nothing unpacked, no way out."""

from __future__ import annotations

import ast
import gzip
import io
import pickle
import re
import zipfile
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from cases import evidence, vault
from cases.models import Event, Source
from partners.models import Partner
from tests.architecture.source import modules
from tests.conftest import NOW, PASSWORD, People

# What makes objects or runs code out of what it reads, or follows what a document names.
DANGEROUS = re.compile(
    r"^(pickle|marshal|shelve|dill|yaml|ruamel|plistlib|lxml|defusedxml|xmlrpc|xml\.(sax|dom))\b"
    r"|^xml\.etree\.ElementTree\.(parse|fromstring|XML|iterparse)"
)
UNPACKING = re.compile(r"\.(extractall|extract|unpack_archive)$|^(gzip|zlib|bz2|lzma)\.")
ELEMENTS_ONLY = {"incidentdesk/kernel/markdown.py"}  # writes elements, parses none
OWN_BACKUPS = re.compile(r"^incidentdesk/(backup|isolation|embedded)/")
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/portal/\\..//evil.example",
    "https://testserver@evil.example/",
    "/%0d%0aLocation:https://evil.example",
)
OURS = modules()


# --- parsers --------------------------------------------------------------------------------------


@pytest.mark.asvs("1.5.1 1.5.2", 21)
@pytest.mark.mistake(20)
def test_nothing_is_imported_that_makes_objects_or_follows_what_a_document_names() -> None:
    found = {
        (module.file, name)
        for module in OURS
        for name in module.imported()
        if DANGEROUS.search(name)
    }
    assert found == set()
    called = {m.file for m in OURS for name, _ in m.calls() if name in ("eval", "exec", "compile")}
    assert called == set()
    etree = {m.file for m in OURS if any("etree" in name for name in m.imported())}
    assert etree == ELEMENTS_ONLY


class Touching:
    """A pickle that would run something."""

    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit",))


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]><l>&b;&c;</l>'
)


@pytest.mark.asvs("1.5.1 1.5.2", 21)
@pytest.mark.django_db
@pytest.mark.parametrize("body", [LAUGHS, b"!!python/object/apply:os.getcwd []", b"&a [*a]"])
@pytest.mark.parametrize(
    "where", ["alertmanager", "pagerduty", "json", "sns", "cloudevents", "metrics", "heartbeat"]
)
def test_documents_that_are_no_json_are_refused_and_answer_nothing_of_theirs(
    source: Source, body: bytes, where: str
) -> None:
    for kind in ("application/json", "application/xml", "application/yaml"):
        answer = Client(raise_request_exception=False).post(
            f"/intake/key-alertmanager/{where}", body, content_type=kind
        )
        assert 200 <= answer.status_code < 500
        assert b"root:" not in answer.content
    assert not any("root:" in str(event.body) for event in Event.objects.all())


@pytest.mark.asvs("1.5.2", 21)
@pytest.mark.django_db
def test_a_pickle_is_no_more_than_bytes(source: Source) -> None:
    body = pickle.dumps(Touching())
    answer = Client().post(
        "/intake/key-alertmanager/alertmanager", body, content_type="application/json"
    )
    assert answer.status_code == 400


# --- archives -------------------------------------------------------------------------------------


@pytest.mark.asvs("5.2.3", 22)
def test_archives_of_others_are_never_unpacked() -> None:
    unpacking = {m.file for m in OURS if any(UNPACKING.search(name) for name, _ in m.calls())}
    assert {file for file in unpacking if not OWN_BACKUPS.search(file)} == set()


def _bomb() -> bytes:
    """A hundred megabytes of nothing in a hundred kilobytes, twice wrapped."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("nothing", bytes(20 * 1024 * 1024))
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.zip", inner.getvalue())
    return outer.getvalue()


@pytest.mark.asvs("5.2.3", 22)
@pytest.mark.django_db
def test_a_bomb_is_kept_as_the_small_file_that_it_is(people: People, declare: Any) -> None:
    bomb, incident = _bomb(), declare()
    piece = evidence.add(
        incident_id=incident.pk,
        upload=ContentFile(bomb, name="42.zip"),
        title="A bomb",
        collector="Responder",
        collected_at=NOW,
        tlp="AMBER",
        by=people.actor("responder"),
        at=NOW,
    )
    kept = sum(file.stat().st_size for file in vault.folder().rglob("*") if file.is_file())
    assert (piece.size, kept) == (len(bomb), len(bomb))


@pytest.mark.asvs("5.2.1", 22)
@pytest.mark.django_db
def test_a_body_that_is_packed_is_not_unpacked(source: Source) -> None:
    body = gzip.compress(b'{"version": "4", "alerts": []}' + b" " * 10_000_000)
    answer = Client().post(
        "/intake/key-alertmanager/alertmanager",
        body,
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code in (400, 415)


# --- names of files -------------------------------------------------------------------------------


@pytest.mark.asvs("5.3.2", 24)
@pytest.mark.mistake(1)
@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\u202egpj.exe", 'a"; x="b', "\0"],
)
def test_no_name_of_a_file_is_a_path(people: People, declare: Any, name: str) -> None:
    incident, upload = declare(), ContentFile(b"x")
    upload.name = name
    piece = evidence.add(
        incident_id=incident.pk,
        upload=upload,
        title="x",
        collector="Responder",
        collected_at=NOW,
        tlp="AMBER",
        by=people.actor("responder"),
        at=NOW,
    )
    piece.refresh_from_db()
    assert not set(piece.file_name) & set('/\\"\0\u202e')
    (kept,) = [file for file in vault.folder().rglob("*") if file.is_file()]
    assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{32}", str(kept.relative_to(vault.folder())))
    columns = {f.name for f in type(piece)._meta.concrete_fields}
    assert not columns & {"path", "file", "file_local_name", "location"}  # nothing to point with


# --- ways out -------------------------------------------------------------------------------------


@pytest.mark.asvs("1.2.2 3.7.2", 20)
@pytest.mark.mistake(13)
@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_parameter_leads_elsewhere(people: People, helix: Partner, wanted: str) -> None:
    nobody, contact, staff = Client(), Client(), Client()
    contact.force_login(people["helix"])
    staff.force_login(people["administrator"])
    known = {"login": people["helix"].email, "password": PASSWORD}
    for browser, path, sent in (
        (nobody, "/accounts/login/", known),
        (contact, "/accounts/partner/", {"partner": helix.code}),
        (contact, "/accounts/login/", {}),
        (staff, f"/accounts/view-as/{helix.code}/", {}),
        (staff, "/admin/login/", {}),
        (contact, "/accounts/logout/", {}),
        (staff, "/admin/logout/", {}),
    ):
        for answer in (
            browser.get(path, {"next": wanted}),
            browser.post(path, sent | {"next": wanted}),
        ):
            if location := answer.headers.get("Location"):
                _stays(location)


def _stays(location: str) -> None:
    """A browser that follows it stays at the desk."""
    as_read = location.replace("\\", "/")
    parts = urlsplit(as_read)
    assert (parts.scheme, parts.netloc) == ("", ""), location
    assert re.match(r"/(?!/)", as_read), location


@pytest.mark.asvs("3.7.2", 20)
def test_the_parameters_that_lead_somewhere_are_these() -> None:
    """A new one belongs into the test above."""
    asking = re.compile(
        r"(?:GET|POST)(?:\.get\(|\[)['\"](next|back|to|url|return\w*|redirect\w*)['\"]"
    )
    found = {m.file for m in OURS if asking.search(ast.unparse(m.tree))}
    assert found == {"incidentdesk/home.py", "incidentdesk/kernel/desk.py"}


@pytest.mark.asvs("1.2.4", 19)
@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    ["' OR '1'='1", "'; DROP TABLE cases_incident; --", "%' OR 1=1 --", "\\'", "$$", "a:*|!"],
)
def test_what_is_typed_into_a_search_finds_nothing_more(as_: Any, declare: Any, typed: str) -> None:
    declare(title="Nothing to find here")
    browser = as_("commander")
    for path in ("/admin/cases/incident/", "/admin/cases/report/", "/admin/cases/evidence/"):
        answer = browser.get(path, {"q": typed})
        assert answer.status_code == 200
        assert "Nothing to find here" not in answer.content.decode()
