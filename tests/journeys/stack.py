"""What journeys run against: the desk as `make run` starts it, and a real Alertmanager."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.sinks import free_port

ROOT = Path(__file__).resolve().parents[2]
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def _browser_lacks() -> str:
    """What a browser journey lacks on this machine, in words; or nothing."""
    if CHROMIUM is None:
        return "Chromium is missing (Debian: apt install chromium)"
    try:
        ctypes.CDLL("libatomic.so.1")  # Playwright's driver is linked against it
    except OSError:
        return "libatomic is missing (Debian: apt install libatomic1)"
    return ""


BROWSER_LACKS = _browser_lacks()


@dataclass
class Desk:
    """A running desk: its address, its data folder, its log, and where its code lies."""

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes]
    code: Path = field(default=ROOT, kw_only=True)

    def manage(self, *words: str) -> str:
        """Run a command of the desk beside it; answers what it printed."""
        return manage(self.data, *words, port=self.url.rsplit(":", 1)[1], code=self.code)

    def environment(self) -> dict[str, str]:
        """Of a command that is typed beside it."""
        return _environment(self.data, self.url.rsplit(":", 1)[1])

    def post(self, path: str, body: object) -> tuple[int, dict[str, object]]:
        """POST JSON as a monitoring tool does; answers status and JSON."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


def manage(data: Path, *words: str, port: str = "8000", code: Path = ROOT) -> str:
    """Run a command of the desk of this data folder, whether it runs or not; what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=code,
        env=_environment(data, port),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _environment(data: Path, port: str, **more: str) -> dict[str, str]:
    ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL", "SITE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"DATA_DIR": str(data), "PORT": port, **more}


@contextlib.contextmanager
def running_desk(
    data: Path, *words: str, email_url: str = "", redis_url: str = "", code: Path = ROOT
) -> Iterator[Desk]:
    """`manage.py desk` on a free port, until the block ends; it has to end cleanly. `code` is where
    the code lies, if it is not this one's."""
    port, log = free_port(), data.parent / "desk.log"
    more = {"EMAIL_URL": email_url, "REDIS_URL": redis_url}
    more = {name: value for name, value in more.items() if value}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "desk", *words],
            cwd=code,
            env=_environment(data, str(port), **more),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    desk = Desk(f"http://localhost:{port}", data, log, process, code=code)
    try:
        wait_for(desk.url + "/readyz", seconds=400, alive=process, log=log)
        yield desk
    finally:
        was_killed = process.poll() == -signal.SIGKILL  # by a test that wants to see that
        process.send_signal(signal.SIGTERM)
        ended = process.wait(60)
    assert was_killed or ended in (0, -signal.SIGTERM, 128 + signal.SIGTERM), log.read_text()[
        -3000:
    ]


def wait_for(url: str, *, seconds: float, alive: subprocess.Popen[bytes], log: Path) -> None:
    """Until `url` answers 200."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        assert alive.poll() is None, log.read_text()[-3000:]
        time.sleep(0.2)
    raise AssertionError(f"{url} did not answer in {seconds} s:\n{log.read_text()[-3000:]}")


@dataclass
class Alertmanager:
    """A real Alertmanager that posts to the desk at once."""

    url: str

    def fire(self, **labels: str) -> None:
        """`amtool alert add`, as a person would type it."""
        self._amtool("alert", "add", *(f"{name}={value}" for name, value in labels.items()))

    def clear(self, **labels: str) -> None:
        """The same alert, ended now."""
        pairs = [f"{name}={value}" for name, value in labels.items()]
        ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._amtool("alert", "add", f"--end={ended}", *pairs)

    def _amtool(self, *words: str) -> None:
        assert AMTOOL is not None
        command = [AMTOOL, f"--alertmanager.url={self.url}", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=20)


@contextlib.contextmanager
def running_alertmanager(folder: Path, receiver: str) -> Iterator[Alertmanager]:
    """Debian's Alertmanager on a free port of loopback, with this receiver."""
    assert ALERTMANAGER is not None
    config = folder / "alertmanager.yml"
    config.write_text(
        "route: {receiver: desk, group_by: ['...'], group_wait: 0s, group_interval: 1s,"
        " repeat_interval: 1h}\n"
        f"receivers: [{{name: desk, {receiver}}}]\n"
    )
    port, log = free_port(), folder / "alertmanager.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                ALERTMANAGER,
                f"--config.file={config}",
                f"--storage.path={folder / 'storage'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url + "/-/ready", seconds=20, alive=process, log=log)
        yield Alertmanager(url)
    finally:
        process.terminate()
        process.wait(20)
