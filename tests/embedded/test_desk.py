"""`manage.py desk`: one on a folder, every part kept alive, nothing left behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from incidentdesk.embedded.layout import Layout

from .conftest import ROOT, environment, free_port, reset


class Desk:
    """A desk of its own, with its log in a file."""

    def __init__(self, data_dir: Path, *options: str, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self.log = data_dir.with_name("desk.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "desk", "--no-demo", *options],
                cwd=ROOT,
                env=environment(DATA_DIR=str(data_dir), PORT=str(port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> "Desk":
        assert within(300, lambda: "Ctrl-C stops it." in self.said() or self.ended()), self.said()
        assert not self.ended(), self.said()
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ended(self) -> bool:
        return self.process.poll() is not None

    def answers(self, host: str = "localhost") -> bool:
        address = f"http://{host}:{self.port}/healthz"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def family(self) -> dict[int, str]:
        """All processes of this desk, servers included, by what they were told or work in."""
        found = {}
        mark = f"DATA_DIR={self.data_dir}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                ours = mark in (entry / "environ").read_bytes().split(b"\0")
                server = os.readlink(entry / "cwd").startswith(f"{self.data_dir}/")
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if (ours or server) and command:
                    found[int(entry.name)] = command
        return found

    def part(self, words: str) -> int:
        """The oldest process with these words in its command: the part, not its children."""
        return min(pid for pid, command in self.family().items() if words in command)


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def desk_command(*options: str, data_dir: Path, port: int) -> "subprocess.CompletedProcess[str]":
    """A desk that is expected to refuse."""
    return subprocess.run(
        [sys.executable, "manage.py", "desk", "--no-demo", *options],
        cwd=ROOT,
        env=environment(DATA_DIR=str(data_dir), PORT=str(port)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One data folder for all these tests: only the first start has to migrate."""
    parent = Path(tempfile.mkdtemp(prefix="desk-", dir="/tmp"))
    parent.chmod(0o755)
    yield parent / "var"
    reset(parent / "var")
    shutil.rmtree(parent)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def starter(*options: str) -> Desk:
        desks.append(Desk(folder, *options, port=free_port()))
        return desks[-1]

    yield starter
    for desk in desks:
        desk.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            desk.process.wait(timeout=30)
        for pid in desk.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        desk.process.wait()


@pytest.mark.long
@pytest.mark.fault("F34", "kill -9 of a web worker, the pager, beat and Redis")
def test_it_answers_revives_a_killed_part_and_ends_cleanly(start: Callable[..., Desk]) -> None:
    desk = start().ready()
    assert desk.answers("localhost")
    assert desk.answers("127.0.0.1")
    assert f"http://localhost:{desk.port}/admin/" in desk.said()
    assert "/portal/" in desk.said()
    assert f"http://localhost:{desk.port}/accounts/first/" in desk.said(), "nobody can log in yet"
    assert "desk-demo" not in desk.said(), "there is no demo to log in to"

    for words in ("gunicorn", "-Q page", "beat-schedule"):
        os.kill(desk.part(words), signal.SIGKILL)
    assert within(40, desk.answers)
    assert within(40, lambda: desk.said().count("was killed by SIGKILL; it is started again") == 3)
    assert within(40, lambda: "-Q page" in " ".join(desk.family().values()))

    os.kill(desk.part("redis-server"), signal.SIGKILL)
    layout = Layout(desk.data_dir)
    assert within(40, lambda: any("redis-server" in c for c in desk.family().values()))
    assert within(40, layout.redis_socket.exists)

    desk.process.terminate()
    assert desk.process.wait(timeout=30) == 0
    assert "The desk has stopped." in desk.said()
    assert desk.family() == {}
    assert not desk.answers()


@pytest.mark.long
def test_a_second_desk_is_refused_in_a_sentence(
    start: Callable[..., Desk], folder: Path, tmp_path: Path
) -> None:
    desk = start("--processes", "web").ready()

    same_folder = desk_command(data_dir=folder, port=free_port())
    assert same_folder.returncode == 1
    assert same_folder.stderr.startswith(f"A desk already runs on {folder} ")
    assert same_folder.stderr.count("\n") == 1

    same_port = desk_command(data_dir=tmp_path / "var", port=desk.port)
    assert same_port.returncode == 1
    assert same_port.stderr.startswith(f"Port {desk.port} is taken ")
    assert not (tmp_path / "var" / "postgres").exists(), "refused before anything heavy"
    assert desk.answers()


@pytest.mark.long
def test_a_killed_desk_leaves_nothing_running(start: Callable[..., Desk]) -> None:
    desk = start().ready()
    desk.process.kill()
    desk.process.wait()
    assert within(60, lambda: desk.family() == {}), desk.family()


def test_only_known_processes_can_be_chosen(folder: Path) -> None:
    refused = desk_command("--processes", "web,postman", data_dir=folder, port=free_port())
    assert refused.returncode == 1
    assert refused.stderr == (
        "There is no process called postman: --processes takes any of "
        "web, worker, beat, auditor, mail.\n"
    )
