"""The audit trail as files: who may take it, what is in it, and that a stranger can verify it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidentdesk.kernel import audit, seals
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
URL = reverse("admin:kernel_auditevent_export")
DAY = {"since": "2026-03-04", "until": "2026-03-04"}


@pytest.fixture
def lines(people: People) -> list[int]:
    """A line of another day, a reading and a change, sealed one by one."""
    found = []
    for action, name, at in (
        ("changed partner", "long ago", NOW - timedelta(days=60)),
        ("read", "Insider trading", NOW),
        ("changed partner", '=HYPERLINK("x") ü', NOW),
    ):
        line = audit.record(
            by=people.actor("auditor"), at=at, action=action, about="incident:1", name=name
        )
        found.append(line.pk)
        seals.seal(at=NOW)
    return found


def body(answer: Any) -> str:
    """What was streamed."""
    return b"".join(answer.streaming_content).decode()


def rows(answer: Any) -> list[dict[str, str]]:
    """A sheet's rows."""
    return list(csv.DictReader(io.StringIO(body(answer).removeprefix("\ufeff"))))


def test_the_sheet_holds_the_period_and_names_what_was_read_to_auditors_alone(
    lines: list[int], as_: Any
) -> None:
    sheet = rows(as_("auditor").get(URL, {**DAY, "kind": "sheet"}))
    assert [(row["line"], row["who"], row["action"]) for row in sheet] == [
        (str(lines[2]), "Auditor", "changed partner"),
        (str(lines[1]), "Auditor", "read"),
    ]
    assert json.loads(sheet[1]["detail"]) == {"name": "Insider trading"}
    sheet = rows(as_("administrator").get(URL, {**DAY, "kind": "sheet"}))
    assert [row["detail"] for row in sheet] == [
        '{"name": "=HYPERLINK(\\"x\\") ü"}',
        "named to auditors only",
    ]
    sheet = rows(as_("administrator").get(URL, {**DAY, "kind": "sheet", "words": "PARTNER"}))
    assert [row["line"] for row in sheet] == [str(lines[2])]


def test_taking_it_is_a_line_of_the_trail(lines: list[int], as_: Any) -> None:
    as_("auditor").get(URL, {**DAY, "kind": "sealed"})
    line = AuditEvent.objects.get(action="exported")
    assert (line.actor, line.about) == ("Auditor", "audittrail:lines")
    assert line.detail == {"as": "sealed", "since": "2026-03-04", "until": "2026-03-04", "with": ""}


def test_who_may_take_it(people: People, helix: Any, as_: Any) -> None:
    may = {key for key in people if as_(key).get(URL).status_code == 200}
    assert may == {"security", "administrator", "auditor"}
    sealed = {**DAY, "kind": "sealed"}
    assert {key for key in may if as_(key).get(URL, sealed).status_code == 200} == {"auditor"}
    shown = as_("administrator").get(URL).content.decode()
    assert "Export with seals" not in shown
    assert re.search(
        r'type="date"[^>]*value="\d{4}-\d\d-\d\d"|value="\d{4}-\d\d-\d\d"[^>]*type="date"', shown
    )
    wrong = as_("auditor").get(URL, {"since": "2026-03-05", "until": "2026-03-04", "kind": "sheet"})
    assert wrong.status_code == 422
    assert "not before the first" in wrong.content.decode()


def test_taking_it_counts_nothing(lines: list[int], as_: Any) -> None:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        body(as_("auditor").get(URL, {**DAY, "kind": "sheet"}))
        body(as_("auditor").get(URL, {**DAY, "kind": "sealed"}))
    assert [one["sql"] for one in seen.captured_queries if "COUNT(*)" in one["sql"].upper()] == []


def verified(text: str, folder: Path) -> tuple[int, str]:
    """What the recipe of the documentation, run by itself, says of an export."""
    docs = (Path(settings.BASE_DIR) / "docs/audit.md").read_text()
    [recipe] = re.findall(r"```python\n(.*?)```", docs, re.S)
    (folder / "verify.py").write_text(recipe)
    (folder / "audit.jsonl").write_text(text)
    command = [sys.executable, "-I", "verify.py", "audit.jsonl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
def test_a_stranger_verifies_the_export_with_nothing_of_the_desk(
    lines: list[int], as_: Any, tmp_path: Path
) -> None:
    every = {"since": "2025-01-01", "until": "2026-03-04", "kind": "sealed"}
    text = body(as_("auditor").get(URL, every))
    newest = seals.newest_seal()
    assert newest is not None
    whole = "3 seals over 3 lines: the chain is whole. Audit seal, hash:"
    assert verified(text, tmp_path) == (0, f"{whole} (3, '{newest.hash}')")
    assert seals.told(tmp_path / "audit.jsonl")[1:] == (3, newest.hash)
    part = body(as_("auditor").get(URL, {**DAY, "kind": "sealed"}))
    assert verified(part, tmp_path)[1].startswith("2 seals over 2 lines: the chain is whole.")
    rows = text.splitlines(keepends=True)
    wrong = {
        "changed": text.replace("Insider trading", "Nothing"),
        "without a line": "".join([*rows[:1], *rows[2:]]),
        "without a seal": "".join([*rows[:3], *rows[5:]]),
        "cut off": "".join(rows[:3]),
        "another seal": text.replace('"number": 2', '"number": 9'),
    }
    assert {name: verified(text, tmp_path) for name, text in wrong.items()} == {
        "changed": (1, "seal 2: it or one of its lines was changed"),
        "without a line": (1, "seal 1: it or one of its lines was changed"),
        "without a seal": (1, "seal 3 does not follow from the one before it"),
        "cut off": (1, "the export is not whole"),
        "another seal": (1, "seal 9: it or one of its lines was changed"),
    }


def test_the_sql_by_which_old_lines_go_is_the_one_that_is_tested() -> None:
    from tests.kernel.test_seals import LET_GO

    docs = (Path(settings.BASE_DIR) / "docs/audit.md").read_text()
    [sql] = re.findall(r"```sql\n(.*?)```", docs, re.S)
    assert sql.split() == [*LET_GO.split()[:-1], LET_GO.split()[-1] + ";"]
    assert audit.record(by=SYSTEM, at=NOW, action="x", about="y").pk
