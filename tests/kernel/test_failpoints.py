"""Failpoints: off unless asked for, each acts once, and all that there are stand in one list."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from incidentdesk.kernel import failpoints
from tests.architecture.source import ROOT, modules


def test_the_list_names_every_place_and_no_other():
    reached = [
        ast.literal_eval(call.args[0])
        for module in modules()
        for name, call in module.calls()
        if name.endswith("failpoints.reach")
    ]
    assert sorted(reached) == sorted(failpoints.PLACES)


def test_without_a_folder_in_the_environment_nothing_happens():
    assert failpoints.FOLDER is None
    failpoints.reach("delivery.claimed")


def test_a_place_fails_or_waits_once_when_its_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(failpoints, "FOLDER", tmp_path)
    (tmp_path / "delivery.claimed").write_text("raise\n")
    failpoints.reach("delivery.handed_over")
    with pytest.raises(failpoints.Reached, match=r"delivery.claimed"):
        failpoints.reach("delivery.claimed")
    failpoints.reach("delivery.claimed")
    (tmp_path / "delivery.claimed").write_text("pause 0.2")
    began = time.monotonic()
    failpoints.reach("delivery.claimed")
    assert time.monotonic() - began >= 0.2


def test_a_process_dies_there_as_if_it_were_killed(tmp_path: Path):
    (tmp_path / "intake.committed").write_text("kill")
    code = (
        "from incidentdesk.kernel import failpoints; failpoints.reach('intake.committed'); print(1)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"FAILPOINTS": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (-9, b"")
    assert list(tmp_path.iterdir()) == []
