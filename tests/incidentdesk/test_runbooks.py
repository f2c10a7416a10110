"""The runbooks: what they quote is what the desk says, and what they have one type is there.

That the light is red and the commands work is seen on a running desk: tests/faults/test_drill.py.
"""

from __future__ import annotations

import re
import shlex

import pytest
from django.core.management import load_command_class
from django.db import OperationalError

from cases import vault
from incidentdesk.auditor import ground, telling
from incidentdesk.doctor import rows
from incidentdesk.kernel import standby, standing
from tests.runbooks import FOLDER, NAMES, Runbook

SECTIONS = [
    "What you see",
    "What it means",
    "What still works",
    "What to do",
    "How you know that it is over",
]
SAID = "\n".join(  # by the desk, of each fault
    [
        standby.AWAY,
        f"database: {OperationalError.__name__}",
        rows.away(OperationalError("it refused")).said,
        standing.REDIS.format("ConnectionError"),
        "redis: ConnectionError",
        vault.NO_ROOM,
        standing.DISK.format(12, "/srv/desk"),
        ground.CLOCK.format(30, "auditor, web"),
    ]
)


@pytest.mark.parametrize("name", NAMES)
def test_each_has_the_same_sections_and_fits_a_screen(name: str) -> None:
    text = Runbook.called(name).text
    assert re.findall(r"^# .+$", text, re.MULTILINE) == [text.splitlines()[0]]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= 50
    assert f"]({name}.md)" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["database-away", "redis-away", "disk-full", "clock-wrong"])
def test_what_they_quote_is_what_the_desk_says(name: str) -> None:
    unseen = Runbook.called(name).unseen(SAID)
    seen_by_the_doctor = (
        "Nothing can be written to",
        "The clocks of this machine",
        "clock: is not",
    )
    assert [one for one in unseen if not one.startswith(seen_by_the_doctor)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_the_desk_takes_what_they_give_it(name: str) -> None:
    book, found = Runbook.called(name), 0
    for line in book.commands("What to do") + book.commands("How you know that it is over"):
        words = shlex.split(line)
        if "manage.py" in words:
            command, *options = words[words.index("manage.py") + 1 :]
            package = "cases" if command == "verify_timeline" else "incidentdesk"
            load_command_class(package, command).create_parser("manage.py", command).parse_args(
                options
            )
            found += 1
    assert found


def test_the_mail_that_they_name_is_the_one_that_is_sent() -> None:
    assert telling.DATABASE_AWAY in Runbook.called("database-away").text
