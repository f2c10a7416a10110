"""The fault drill: each fault is caused on a running desk, shows its light and its sentence within
a minute, and is over by itself. The runbooks are followed word by word.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy import test_newcomer as newcomer
from tests.faults.drill import CC, DISK, Drill
from tests.faults.stage import within
from tests.runbooks import Runbook
from tests.sinks import smtp_sink

MINUTE = 60.0  # within which the light is red and the sentence is there
OVER = 120.0  # within which it is green again
Figure = Callable[[str, object], None]
pytestmark = [
    newcomer.pytestmark,
    pytest.mark.skipif(CC is None, reason="a C compiler is missing (Debian: apt install gcc)"),
    pytest.mark.skipif(
        shutil.which("curl") is None, reason="curl is missing (Debian: apt install curl)"
    ),
]


@pytest.fixture(scope="module")
def _drill() -> Iterator[Drill]:
    """A desk of its own, with a disk of its own for its files where this account may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="drill-", dir="/tmp"))
    folder.chmod(0o755)
    with smtp_sink() as sink:
        drill = Drill(folder, sink)
        small = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder / "files"]
        drill.has_disk = subprocess.run(small, capture_output=True, check=False).returncode == 0
        try:
            drill.begin()
            yield drill
        finally:
            drill.machine.end()
            if drill.has_disk:
                subprocess.run(["umount", "--lazy", folder / "files"], check=True)
            if "KEEP_DRILL" not in os.environ:
                shutil.rmtree(folder)


@pytest.fixture
def drill(_drill: Drill) -> Iterator[Drill]:
    """All is well before each fault, and nobody is paged of what was before."""
    within(OVER, _drill.is_green, "a desk that is well")
    assert "The desk itself is well" in _drill.browser.words("/admin/")
    _drill.sink.messages.clear()
    yield _drill
    _drill.stage.take_all()


def follow(drill: Drill, runbook: Runbook, title: str, *, fails: str = "") -> list[str]:
    """Type what a section says, in its order, and see that each works; what they printed.

    `fails` names the doctor, which fails on purpose while something is wrong.
    """
    printed = []
    for line in runbook.commands(title):
        done = drill.type(line)
        assert done.returncode == 0 or (fails and fails in line), (
            f"{line}: {done.stdout}{done.stderr}"
        )
        printed.append(done.stdout)
    return printed


def red(drill: Drill, runbook: Runbook, checks: str, *more: str) -> float:
    """Wait until every sentence of the runbook is shown; after how many seconds it was."""
    shown = ""

    def is_shown() -> bool:
        nonlocal shown
        shown = "\n".join([drill.shown(checks), *more])
        return runbook.unseen(shown) == []

    try:
        return within(MINUTE, is_shown, "the light")
    except AssertionError as error:
        raise AssertionError(f"not shown: {runbook.unseen(shown)}, but: {shown}") from error


def green(drill: Drill, runbook: Runbook) -> float:
    """Wait until all is well, and see that the runbook's last section says so too."""
    took = within(OVER, drill.is_green, "a desk that is well")
    assert "The desk itself is well" in drill.browser.words("/admin/")
    lines = runbook.commands("How you know that it is over")
    failing = list[str]()

    def is_over() -> bool:
        failing[:] = [line for line in lines if drill.type(line).returncode]
        return failing == []

    within(OVER, is_over, f"the end by {runbook.title}, {failing}")
    assert drill.stage.broken() == []
    return took


@pytest.mark.fault("F7", "the drill: the server is stopped, and started as the runbook says")
def test_the_database_is_stopped(drill: Drill, record_property: Figure) -> None:
    runbook = Runbook.called("database-away")
    waiting = drill.stage.alert()
    drill.stop("postgres")
    took = red(drill, runbook, "database")
    assert again(drill, waiting).startswith("503: ")  # it comes again from whoever sent it
    follow(drill, runbook, "What to do", fails="doctor")
    back = green(drill, runbook)
    within(MINUTE, lambda: bool(drill.stage.mails(waiting)), "the page that was due")
    title = drill.stage.alert()
    within(MINUTE, lambda: bool(drill.stage.mails(title)), "the page")
    record_property("figure", f"red after {took:.0f} s, green after {back:.0f} s")


@pytest.mark.fault("F6", "the drill: the server is stopped, and started as the runbook says")
def test_redis_is_stopped(drill: Drill, record_property: Figure) -> None:
    runbook = Runbook.called("redis-away")
    drill.stop("redis-server")
    title = drill.stage.alert()
    took = red(drill, runbook, "redis")
    within(MINUTE, lambda: bool(drill.stage.mails(title)), "the page without Redis")
    follow(drill, runbook, "What to do", fails="doctor")
    back = green(drill, runbook)
    record_property("figure", f"red after {took:.0f} s, green after {back:.0f} s")


@pytest.mark.fault("F12", "the drill: 451 to every mail, then none")
def test_mail_is_refused_for_now(drill: Drill, record_property: Figure) -> None:
    runbook = Runbook.called("mail-refused")
    drill.sink.refuse("451 4.3.0 Try again later", command="MAIL")
    title = drill.stage.alert()
    took = red(drill, runbook, "mail")
    follow(drill, runbook, "What to do", fails="doctor")
    assert drill.stage.mails(title) == []
    drill.sink.accept()
    within(OVER, lambda: bool(drill.stage.mails(title)), "the page that waited")
    back = green(drill, runbook)
    record_property("figure", f"red after {took:.0f} s, green after {back:.0f} s")


@pytest.mark.fault("F13", "the drill: 550 to our sender, then none")
def test_our_mail_is_refused_for_good(drill: Drill) -> None:
    runbook = Runbook.called("mail-refused")
    drill.sink.refuse("550 5.7.1 You may not send from there", command="MAIL")
    title = drill.stage.alert()
    red(drill, runbook, "mail")
    assert "550 5.7.1 You may not send from there" in drill.browser.words("/admin/")
    drill.sink.accept()  # somebody mended it: what waited goes out, since it was about us
    within(OVER, lambda: bool(drill.stage.mails(title)), "the page that waited")
    green(drill, runbook)


@pytest.mark.fault("F8", "the drill: the disk for files is full")
def test_the_disk_is_full(drill: Drill, record_property: Figure) -> None:
    if not drill.has_disk:
        pytest.skip("this account may mount no small disk")
    runbook = Runbook.called("disk-full")
    drill.fill_the_disk()
    title = drill.stage.alert()
    within(MINUTE, lambda: bool(drill.stage.mails(title)), "the page")
    said = attach(drill, title)
    took = red(drill, runbook, "disk", said)
    follow(drill, runbook, "What to do", fails="doctor")
    drill.ballast.unlink()
    back = green(drill, runbook)
    assert "is kept" in attach(drill, title)
    record_property("figure", f"red after {took:.0f} s, green after {back:.0f} s")


def attach(drill: Drill, title: str) -> str:
    """Ada adds a file to the incident of that title; what she is told."""
    code = f"from cases.models import Incident; print(Incident.objects.get(title={title!r}).pk)"
    number = drill.stage.shell(code).strip()
    return drill.browser.send(
        f"/admin/cases/incident/{number}/do/add_evidence/",
        file=bytes(500_000),
        title="The gateway's log",
        collector="Ada",
        collected_at="2025-03-04T09:41",
        tlp="AMBER",
        task="",
        affected="",
    )


@pytest.mark.fault("F21", "the drill: the desk's machine is five minutes ahead, or behind")
@pytest.mark.parametrize("seconds", [300, -300])
def test_the_clock_is_moved(drill: Drill, seconds: int, record_property: Figure) -> None:
    runbook = Runbook.called("clock-wrong")
    drill.move_the_clock(seconds)
    title = drill.stage.alert()
    took = red(drill, runbook, "clock")
    within(MINUTE, lambda: bool(drill.stage.mails(title)), "the page by a wrong clock")
    follow(drill, runbook, "What to do", fails="doctor")
    back = green(drill, runbook)
    title = drill.stage.alert()
    within(MINUTE, lambda: bool(drill.stage.mails(title)), "the page by a clock that was set back")
    record_property("figure", f"red after {took:.0f} s, green after {back:.0f} s")


@pytest.mark.fault("F19", "the drill: a source that sends more than it may")
def test_a_storm(drill: Drill) -> None:
    runbook = Runbook.called("storm")
    title, refused = drill.stage.alert(), ""
    for _ in range(400):
        refused = refused or again(drill, title)
    red(drill, runbook, "findings", refused)
    follow(drill, runbook, "What to do")
    within(MINUTE + 5, lambda: not again(drill, title), "the source's next minute")
    green(drill, runbook)


def again(drill: Drill, title: str) -> str:
    """The same alert once more; why it was refused."""
    body = {
        "routing_key": "key-pagerduty",
        "event_action": "trigger",
        "dedup_key": title,
        "payload": {"summary": title, "source": "gw", "severity": "critical"},
    }
    status, said = drill.desk.post("/v2/enqueue", body)
    return "" if status == 202 else f"{status}: {said['error']}"


@pytest.mark.fault("F30", "the drill: the runbook of a restore, word by word")
def test_a_restore(drill: Drill) -> None:
    runbook = Runbook.called("restore")
    known = drill.stage.alert()
    within(MINUTE, lambda: bool(drill.stage.mails(known)), "the page")
    file = drill.folder / "desk.backup"
    drill.machine.manage("backup", str(file), DATABASE_OWNER_URL=drill.machine.owner_url)
    lost = drill.stage.alert()
    drill.machine.settings |= {"BACKUP": str(file), "OWNER_URL": drill.machine.owner_url}
    drill.sink.messages.clear()
    printed = "\n".join(follow(drill, runbook, "What to do"))
    assert runbook.unseen(printed) == []
    within(OVER, drill.is_green, "the restored desk")
    drill.log_in()  # everybody does
    green(drill, runbook)
    within(MINUTE, lambda: bool(drill.stage.mails(known)), "the page of what was open then")
    told = "The desk was restored: nothing after"
    within(MINUTE, lambda: bool(drill.stage.mails(told, "boss@")), "the mail to administrators")
    titles = "import json; from cases.models import Incident; " + (
        "print(json.dumps(list(Incident.objects.values_list('title', flat=True))))"
    )
    found = json.loads(drill.stage.shell(titles))
    assert (known in found, lost in found) == (True, False)
    assert drill.stage.broken() == []
