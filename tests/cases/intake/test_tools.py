"""Zabbix, Icinga 2 and Monit: what their snippets send opens, folds and clears."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from cases.intake import formats, plain, presets
from cases.models import Alert, Incident
from tests.cases.intake.conftest import PLAIN as HERE
from tests.cases.intake.conftest import Post, answer, only, plain_source

pytestmark = pytest.mark.django_db


def script_of(text: str, tmp_path: Path, address: str) -> Path:
    """The Python program in a snippet, made to write down what it would send."""
    begin = text.index("#!/usr/bin/env python3")
    code = text[begin : text.index("timeout=15)") + len("timeout=15)")]
    assert f'"{address}"' in code
    shown = "urllib.request.urlopen = lambda sent, timeout: print(sent.data.decode())\n"
    program = tmp_path / "incident-desk"
    program.write_text(code.replace("urllib.request\n", "urllib.request\n" + shown, 1))
    return program


def run(program: Path, *arguments: str, **said_: str) -> str:
    done = subprocess.run(
        [sys.executable, str(program), *arguments], env=said_, capture_output=True, check=True
    )
    return done.stdout.decode()


def statuses(post: Post, *bodies: Any) -> list[str]:
    return [answer(post(body, HERE))["status"] for body in bodies]


def test_icinga_opens_notes_and_clears_through_the_program_of_its_snippet(
    post: Post, tmp_path: Path
) -> None:
    plain_source(preset="icinga2")
    program = script_of(
        presets.PRESETS["icinga2"].snippet.replace("{address}", "https://desk"),
        tmp_path,
        "https://desk",
    )
    known = {
        "DESK_HOST": "gw-eu-2",
        "DESK_SERVICE": "fix-sessions",
        "DESK_STATE": "CRITICAL",
        "DESK_OUTPUT": 'CRITICAL - "3" of 12 sessions',
        "DESK_TIME": "1772617092",
    }
    sent = [
        run(program, **known, DESK_TYPE=kind)
        for kind in ("PROBLEM", "PROBLEM", "ACKNOWLEDGEMENT", "RECOVERY")
    ]
    assert statuses(post, *sent) == ["opened", "folded", "folded", "resolved"]
    assert (only().title, only().urgency) == ("gw-eu-2 fix-sessions is CRITICAL", 3)
    assert only().description == 'CRITICAL - "3" of 12 sessions'
    assert Alert.objects.get().first_at == datetime.fromtimestamp(1772617092, UTC)
    host = run(program, DESK_HOST="gw-1", DESK_STATE="DOWN", DESK_TYPE="PROBLEM")
    assert statuses(post, host) == ["opened"]
    assert Incident.objects.latest("id").title == "gw-1 is DOWN"


def test_monit_opens_and_clears_each_test_through_the_program_of_its_snippet(
    post: Post, tmp_path: Path
) -> None:
    plain_source(preset="monit")
    program = script_of(
        presets.PRESETS["monit"].snippet.replace("{address}", "https://desk"),
        tmp_path,
        "https://desk",
    )
    known = {
        "MONIT_HOST": "web-01",
        "MONIT_SERVICE": "quote-gw",
        "MONIT_EVENT": "Connection failed",
        "MONIT_DESCRIPTION": "failed protocol test",
        "MONIT_DATE": "Wed, 04 Mar 2026 09:38:12",
    }
    port, cpu = (run(program, "problem", name, **known) for name in ("port", "cpu"))
    over = run(program, "clear", "port", **known | {"MONIT_EVENT": "Connection succeeded"})
    assert statuses(post, port, port, cpu, over) == ["opened", "folded", "opened", "resolved"]
    firing = Alert.objects.get(resolved_at=None)
    assert (firing.external_key, firing.title) == (
        "web-01/quote-gw/cpu",
        "web-01 quote-gw: Connection failed",
    )


@pytest.mark.skipif(not which("node"), reason="there is no JavaScript here")
def test_zabbix_opens_notes_and_clears_through_the_script_of_its_snippet(post: Post) -> None:
    """Zabbix hands the parameters, macros resolved, to the script as one JSON text."""
    plain_source(preset="zabbix")
    snippet = presets.PRESETS["zabbix"].snippet
    begin = snippet.index("  Script:\n") + len("  Script:\n")
    script = snippet[begin : snippet.index("  Message templates")]
    parameters = {
        line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1]
        for line in snippet[snippet.index("value):\n") + 8 : begin].splitlines()
        if line.startswith("    ")
    }
    macros = {
        "{address}": "https://desk",
        "{EVENT.ID}": "48211",
        "{TRIGGER.ID}": "20533",
        "{EVENT.NAME}": "Order queue is over 5,000",
        "{EVENT.SEVERITY}": "High",
        "{HOST.NAME}": "gw-eu-2",
        "{ALERT.MESSAGE}": "Problem started",
    }
    sent = []
    for value, update in (("1", "0"), ("1", "0"), ("1", "1"), ("0", "0")):
        known = macros | {"{EVENT.VALUE}": value, "{EVENT.UPDATE.STATUS}": update}
        handed = json.dumps({name: known[macro] for name, macro in parameters.items()})
        program = (
            "function HttpRequest() { this.addHeader = function () {};"
            " this.getStatus = function () { return 202; };"
            " this.post = function (url, body) { console.log(url); console.log(body); }; }\n"
            f"(function (value) {{ {script} }})({json.dumps(handed)});"
        )
        done = subprocess.run(["node", "-e", program], capture_output=True, check=True)
        url, body = done.stdout.decode().splitlines()
        assert url == "https://desk"
        sent.append(body)
    assert json.loads(sent[0]) == {
        **presets.PRESETS["zabbix"].sample,
        "message": "Problem started",
    }
    assert statuses(post, *sent) == ["opened", "folded", "folded", "resolved"]
    assert (only().title, only().urgency) == ("gw-eu-2: Order queue is over 5,000", 3)


@pytest.mark.parametrize("name", presets.PRESETS)
def test_the_sample_of_every_tool_fires_by_its_own_expressions(name: str) -> None:
    preset = presets.PRESETS[name]
    assert plain.wrongs(preset.expressions) == {}
    (signal,) = formats.read("json", presets.sample(name), preset.expressions)
    assert (signal.action, bool(signal.key)) == ("fire", True)
