"""From the release before to this one: tables change under the code of before, which goes on."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import released
from tests.faults import stage as staging
from tests.faults.stage import Stage, prepared, within
from tests.journeys import stack
from tests.sinks import smtp_sink

MIGRATE = ("migrate", "--database", "owner", "--no-input")
Figure = Callable[[str, object], None]


class Before(NamedTuple):
    """The data folder of a desk whose tables changed while it ran, and a backup of before."""

    data: Path
    backup: Path
    keys: Path
    titles: list[str]  # of its incidents: before the backup, after it, after the tables changed


def _mail(port: int) -> str:
    return f"smtp://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    folder = tmp_path_factory.mktemp("release")
    code = released.code(folder / "code")
    data, backup, keys = folder / "var", folder / "before.tar", folder / "keys.json"
    data.mkdir()
    # The first release had no backup: then this one's takes its tables as they are.
    makes_backups = code if (code / "incidentdesk" / "backup").exists() else stack.ROOT
    with (
        smtp_sink() as sink,
        stack.running_desk(data, "--no-demo", email_url=_mail(sink.port), code=code) as desk,
    ):
        stage = prepared(desk, sink, folder)
        titles = [stage.alert("Orders refused before the backup")]
        within(60, lambda: bool(stage.mails(titles[0], "ada@")), "a page of the code of before")
        words = ("backup", str(backup), "--keys", str(keys))
        stack.manage(data, *words, port=desk.url.rsplit(":", 1)[1], code=makes_backups)
        titles.append(stage.alert("Orders refused before the tables changed"))
        stack.manage(data, *MIGRATE, port=desk.url.rsplit(":", 1)[1])
        titles.append(stage.alert("Orders refused after the tables changed"))
        within(60, lambda: bool(stage.mails(titles[2], "ada@")), "a page on the new tables")
        _acknowledge(stage, titles[2])
        assert _open(stage) == [(titles[0], False), (titles[1], False), (titles[2], True)]
        assert "Traceback" not in desk.log.read_text()
    return Before(data, backup, keys, titles)


def _acknowledge(stage: Stage, title: str) -> None:
    """By the link of the page, as Ada does."""
    link = staging.ack_link(stage.mails(title, "ada@")[0])
    with urllib.request.urlopen(urllib.request.Request(link, b""), timeout=20) as answer:
        assert "The ladder has stopped" in answer.read().decode()


def _open(stage: Stage) -> list[tuple[str, bool]]:
    """Title of each open incident, and whether somebody has it."""
    told = stage.shell(
        "from cases.models import Incident\n"
        "for one in Incident.objects.open().order_by('pk'):\n"
        "    print(one.title, one.acknowledged_at is not None, sep='|')"
    )
    return [(line.split("|")[0], line.endswith("True")) for line in told.splitlines()]


@pytest.mark.fault("F29", "the release before runs while its tables are brought up to date")
def test_what_came_to_the_code_of_before_is_there_for_this_one(
    before: Before, record_property: Figure
) -> None:
    with (
        smtp_sink() as sink,
        stack.running_desk(before.data, "--no-demo", email_url=_mail(sink.port)) as desk,
    ):
        stage = Stage(desk, sink, before.data.parent)
        assert [title for title, _ in _open(stage)] == before.titles
        title = stage.alert()
        took = within(60, lambda: bool(stage.mails(title, "ada@")), "a page of this release")
        record_property("figure", f"page after {took:.0f} s")
        assert "whole" in desk.manage("verify_timeline")
        assert stage.broken(repeats=1) == []


@pytest.mark.fault("F30", "a backup of the release before is restored by this one")
def test_a_backup_of_the_release_before_is_restored(before: Before, tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    said = stack.manage(data, "restore", str(before.backup), "--keys", str(before.keys))
    assert "1 timelines" in said
    assert "Every timeline is whole." in said
    with (
        smtp_sink() as sink,
        stack.running_desk(data, "--no-demo", email_url=_mail(sink.port)) as desk,
    ):
        stage = Stage(desk, sink, tmp_path)
        within(120, lambda: bool(stage.mails(before.titles[0])), "a page of what is open")
        assert [title for title, _ in _open(stage)] == before.titles[:1]
        assert stage.broken(repeats=1) == []
