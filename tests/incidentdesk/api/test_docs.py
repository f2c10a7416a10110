"""Every curl line of docs/api.md is run as it stands there, by a shell, against a running desk."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest

from cases.models import Incident, System
from incidentdesk.kernel import clocks, tokens
from incidentdesk.kernel.roles import TOKEN_SCOPES
from tests.architecture.source import ROOT

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_scopes_stand_there_word_for_word():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.M))
    assert list(rows) == list(TOKEN_SCOPES)
    assert {key: words.split(";")[0] for key, words in rows.items() if key != "audit"} == {
        key: scope.words for key, scope in TOKEN_SCOPES.items() if key != "audit"
    }


def test_every_line_works_as_it_stands_there(live_server, people):
    people["commander"].roles = ["commander", "administrator"]
    people["commander"].save()
    _, secret = tokens.make(
        name="docs",
        scopes=["respond", "command", "registers"],
        by=people.actor("commander"),
        at=clocks.now(),
    )
    blocks = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
    lines = [line for block in blocks for line in re.split(r"(?<!\\)\n", block) if line.strip()]
    known = {"DESK": live_server.url, "TOKEN": secret, "ID": "0"}
    answers = []
    for line in lines:
        ran = subprocess.run(
            ["sh", "-c", line.replace("curl ", "curl -s --max-time 20 -w '\\n%{http_code}' ", 1)],
            env={**os.environ, **known, "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            check=True,
        )
        body, _, status = ran.stdout.rpartition("\n")
        answers.append((int(status), json.loads(body)))
        known["ID"] = str(Incident.objects.values_list("pk", flat=True).first() or 0)
    assert [status for status, _ in answers] == [200, 201, 200, 200, 409, 200, 200]
    me, made, listed, command, gates, timeline, imported = (body for _, body in answers)
    assert me["roles"] == ["administrator", "commander"]
    assert [row["id"] for row in listed["items"]] == [made["id"]]
    assert command["commander"] == "Incident commander"
    assert gates["unmet"]
    assert timeline["items"][0]["sequence"] == 2
    assert (imported, System.objects.get().name) == ({"count": 1}, "quote-gw-eu-9")
