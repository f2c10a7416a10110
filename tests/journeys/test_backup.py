"""A desk out of its backup: what is left after a loss, and the same one on another machine."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stage import Stage, prepared, within
from tests.journeys import stack
from tests.sinks import smtp_sink

PASSWORD = "a long word for Ada"
EVIDENCE = """
from io import BytesIO
from cases import evidence
from cases.models import Incident, Source
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
ada = User.objects.get(email="ada@desk.test")
ada.set_password("a long word for Ada")
ada.save()
Source.objects.update(signing_secret="what signs")
by, at = access.actor_for(ada), clocks.now()
evidence.add(
    incident_id=Incident.objects.get().pk,
    upload=SimpleUploadedFile("gateway.log", b"order refused" * 1000),
    title="The gateway's log", collector="Ada", collected_at=at, by=by, at=at,
)
"""
OPEN = """
import json
from cases.models import Incident
rows = Incident.objects.open().order_by("pk")
print(json.dumps([[one.reference, one.title] for one in rows]))
"""
TRAIL = """
import json
from incidentdesk.kernel.models import AuditEvent
rows = AuditEvent.objects.filter(about="desk").order_by("pk")
print(json.dumps([[one.action, one.detail.get("made_at", "")[:19]] for one in rows]))
"""
# What of a desk is the same elsewhere; sessions end, and its audit trail says that it moved.
CONTENTS = """
import hashlib, json
from pathlib import Path
from django.conf import settings
from django.db import connection
from cases.models import Source
from incidentdesk.backup import contents
rows = {}
with connection.cursor() as cursor:
    for table in sorted(contents.counts(connection)):
        if table not in ("kernel_session", "kernel_auditevent"):
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            rows[table] = cursor.fetchone()[0]
    cursor.execute("SELECT max(last_value) FROM pg_sequences WHERE sequencename LIKE 'cases_ref%'")
    rows["the last reference"] = cursor.fetchone()[0]
root = Path(settings.MEDIA_ROOT)
files = {
    str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
    for path in sorted(root.rglob("*"))
    if path.is_file()
}
secrets = [source.signing_secret for source in Source.objects.order_by("pk")]
print(json.dumps({"rows": rows, "files": files, "secrets": secrets}))
"""


@dataclass
class Lost:
    """A desk that is gone, two backups of it, and what it had."""

    data: Path
    hourly: Path
    last: Path
    keys: Path
    before: str  # the alert before the hourly backup, and the one after
    after: str
    references: list[str]  # of both incidents


def _desk_of(data: Path, code: str) -> Any:
    return json.loads(stack.manage(data, "shell", "--no-imports", "-c", code))


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """A desk with an incident of before its backup and one of after, which then stopped."""
    folder = tmp_path_factory.mktemp("lost")
    data, hourly, keys = folder / "var", folder / "hourly.tar", folder / "keys.json"
    data.mkdir()
    with (
        smtp_sink() as sink,
        stack.running_desk(data, "--no-demo", email_url=_mail(sink.port)) as desk,
    ):
        stage = prepared(desk, sink, folder)
        before = stage.alert("Orders refused before the backup")
        within(60, lambda: len(stage.mails(before, "ada@")) == 1, "a page")
        stage.shell(EVIDENCE)
        desk.manage("backup", str(hourly), "--keys", str(keys))
        after = stage.alert("Orders refused after the backup")
        references = [reference for reference, _ in _desk_of(data, OPEN)]
    stack.manage(data, "backup", str(folder / "last.tar"))
    return Lost(data, hourly, folder / "last.tar", keys, before, after, references)


def _mail(port: int) -> str:
    return f"smtp://127.0.0.1:{port}"


@pytest.mark.fault("F30", "a desk is lost and restored from a backup of before its last incident")
def test_a_restored_desk_pages_what_is_open_and_gives_no_number_twice(
    lost: Lost, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    data = tmp_path / "var"
    data.mkdir()
    said = stack.manage(data, "restore", str(lost.hourly), "--keys", str(lost.keys))
    assert "1 files, 1 timelines" in said
    assert "Every timeline is whole. The audit trail fits its seals." in said
    with (
        smtp_sink() as sink,
        stack.running_desk(data, "--no-demo", email_url=_mail(sink.port)) as desk,
    ):
        stage = Stage(desk, sink, tmp_path)
        took = within(120, lambda: len(stage.mails(lost.before)) > 0, "a page of what is open")
        record_property("figure", f"page after {took:.0f} s")
        stage.alert(lost.after)  # its sender repeats what still fires
        open_now = _desk_of(data, OPEN)
        assert [title for _, title in open_now] == [lost.before, lost.after]
        assert open_now[0][0] == lost.references[0]
        assert open_now[1][0] not in lost.references
        assert int(open_now[1][0].rpartition("-")[2]) > 1000
        told = [one for one in sink.messages if "was restored" in str(one["Subject"])]
        assert [str(one["To"]) for one in told] == ["boss@desk.test"]
        ((action, made_at),) = _desk_of(data, TRAIL)
        assert action == "restored from a backup"
        assert f"{datetime.fromisoformat(made_at):%-d %b %Y, %H:%M:%S} UTC" in said
        assert _may_log_in(desk, "ada@desk.test", PASSWORD)
        assert not _may_log_in(desk, "ada@desk.test", "another")
        assert stage.broken(repeats=1) == []


def test_a_desk_that_moves_is_the_same_row_by_row_and_file_by_file(
    lost: Lost, tmp_path: Path
) -> None:
    data = tmp_path / "var"
    data.mkdir()
    said = stack.manage(data, "restore", str(lost.last), "--keys", str(lost.keys), "--moved")
    assert "What happened after" not in said
    there, here = _desk_of(lost.data, CONTENTS), _desk_of(data, CONTENTS)
    assert here == there
    assert len(here["files"]) == 1
    assert set(here["secrets"]) == {"what signs"}


def test_a_desk_that_holds_something_is_restored_over_by_nothing(lost: Lost) -> None:
    with pytest.raises(AssertionError, match=r"holds .* tables already: restore into an empty one"):
        stack.manage(lost.data, "restore", str(lost.hourly))


def test_a_backup_is_not_restored_without_its_key(lost: Lost, tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    with pytest.raises(AssertionError, match="goes with another SECRET_KEY"):
        stack.manage(data, "restore", str(lost.hourly))
    assert "1 files" in stack.manage(data, "restore", str(lost.hourly), "--keys", str(lost.keys))


def test_a_backup_that_was_damaged_is_not_restored(lost: Lost, tmp_path: Path) -> None:
    content = bytearray(lost.hourly.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged.tar").write_bytes(content)
    (tmp_path / "half.tar").write_bytes(lost.hourly.read_bytes()[: len(content) // 2])
    for name in ("damaged.tar", "half.tar"):
        with pytest.raises(AssertionError, match="is damaged"):
            stack.manage(tmp_path / "var", "restore", str(tmp_path / name))


def test_a_backup_holds_no_key_and_is_its_owner_s_alone(lost: Lost) -> None:
    key = json.loads(lost.keys.read_text())["SECRET_KEY"]
    assert key.encode() not in lost.hourly.read_bytes()
    assert {oct(path.stat().st_mode & 0o777) for path in (lost.hourly, lost.keys)} == {"0o600"}
    with pytest.raises(AssertionError, match="exists already; name a new file"):
        stack.manage(lost.data, "backup", str(lost.hourly))


def _may_log_in(desk: stack.Desk, email: str, password: str) -> bool:
    """By the page, as a browser does."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    url = f"{desk.url}/accounts/login/"
    page = browser.open(url, timeout=20).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    fields = {"csrfmiddlewaretoken": token[1], "login": email, "password": password}
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode())
    request.add_header("Referer", url)
    return "/admin/" in browser.open(request, timeout=20).url
