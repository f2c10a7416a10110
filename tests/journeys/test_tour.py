"""The ten-minute tour of the documentation, walked by its own words: what is typed, pressed, seen.

`TOUR_IMAGES=docs/images/tour` makes its pictures anew.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.journeys.stack import ROOT, Desk
from tests.journeys.walking import Walk, steps


def test_the_tour_leads_from_an_alert_to_a_closed_review_as_it_says(
    desk: Desk, as_: Callable[[str], Page]
) -> None:
    images = os.environ.get("TOUR_IMAGES")
    walk = Walk(desk, as_, ROOT / images if images else None)
    for step in steps("tour.md"):
        walk.take(step)
    assert set(walk.pages) == {
        "commander@desk.example",
        "approver@desk.example",
        "contact@helix.example",
    }
    assert walk.ran == 4


def test_make_run_is_the_command_by_which_the_desk_of_the_tour_was_started() -> None:
    # As a person types it: not as a part of the make that runs these tests.
    of_the_make_above = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    env = {name: value for name, value in os.environ.items() if name not in of_the_make_above}
    said = subprocess.run(
        ["make", "--dry-run", "run"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[-1] == "exec .venv/bin/python manage.py desk"


def test_every_picture_of_the_tour_is_there_and_small() -> None:
    shown = {Path(step.words).name for step in steps("tour.md") if step.kind == "image"}
    files = {path.name: path.stat().st_size for path in (ROOT / "docs/images/tour").iterdir()}
    assert set(files) == shown
    assert max(files.values()) < 200_000
