"""A desk in the shape of production to cause faults on, and the runbooks that say what to do then.

Its PostgreSQL and Redis are its own, its files lie on a small disk of their own, its processes are
started by the commands of the units, and all of them read a clock that can be moved.
"""

from __future__ import annotations

import contextlib
import html
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from tests.deploy import test_newcomer as newcomer
from tests.embedded.conftest import ROOT, environment
from tests.faults.stage import PREPARE, Stage, ready, within
from tests.journeys import stack
from tests.sinks import SmtpSink

CC = shutil.which("cc")
PASSWORD = "harbour-lantern-42"
DISK = 600 * 10**6  # bytes; more than the doctor calls little
ADA = f"""
from incidentdesk.kernel.models import User
ada = User.objects.get(email="ada@desk.test")
ada.set_password("{PASSWORD}")
ada.save()
"""


class Browser:
    """Somebody logged in, without the scripts."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def page(self, path: str, data: bytes | None = None, **headers: str) -> str:
        """What a page says, whatever its status; nothing if nobody answers."""
        request = urllib.request.Request(self.site + path, data, headers)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return str(error.read().decode())
        except OSError:
            return ""

    def words(self, path: str) -> str:
        """The same as a person reads it, in one line."""
        return words_of(self.page(path))

    def send(self, path: str, **fields: str | bytes) -> str:
        """Fill a form and send it; bytes are a file. What is then shown."""
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page(path))[0]
        mark, parts = "----drill", list[bytes]()
        for name, value in {"csrfmiddlewaretoken": token, **fields}.items():
            is_file = isinstance(value, bytes)
            head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"'
            head += '; filename="gateway.log"' if is_file else ""
            body = value if isinstance(value, bytes) else value.encode()
            parts.append(head.encode() + b"\r\n\r\n" + body + b"\r\n")
        data = b"".join([*parts, f"--{mark}--\r\n".encode()])
        kind = f"multipart/form-data; boundary={mark}"
        return words_of(self.page(path, data, **{"Content-Type": kind}))


def words_of(page: str) -> str:
    """A page without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@dataclass
class _Desk(stack.Desk):
    """The desk of a `Drill`: its commands run on the drill's machine."""

    machine: newcomer.Machine

    def manage(self, *words: str) -> str:
        """A command of the desk; what it printed."""
        return self.machine.manage(*words)


class Drill:
    """The machine, the desk on it, and everything that can be done to them."""

    def __init__(self, folder: Path, sink: SmtpSink) -> None:
        assert CC is not None
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run([CC, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        self.machine = newcomer.Machine(folder, sink)
        self.sink, self.folder = sink, folder
        self.media, self.clock = folder / "files" / "media", folder / "clock"
        self.ballast = folder / "files" / "ballast"
        (folder / "files").mkdir()
        self.move_the_clock(0)
        site = f"http://localhost:{self.machine.ports['web']}"
        self.machine.site = site
        self.machine.settings |= {
            "SITE_URL": site,
            "TRUSTED_PROXIES": "0",
            "MEDIA_ROOT": str(self.media),
            "INTAKE_LIMIT": "40",
            "LD_PRELOAD": str(library),
            "MOVED_CLOCK": str(self.clock),
        }
        del self.machine.settings["SSL_CERT_FILE"]
        self.desk: _Desk
        self.stage: Stage
        self.has_disk = False
        self.browser = Browser(site)

    def begin(self) -> None:
        """All of it runs, is well, and Ada has logged in."""
        newcomer.servers(self.machine)
        migrate = newcomer.COMPOSE["services"]["migrations"]["command"][2:]
        self.machine.manage(*migrate, DATABASE_OWNER_URL=self.machine.owner_url)
        self.machine.manage("collectstatic", "--noinput")
        self.machine.manage("shell", "--no-imports", "-c", PREPARE + ADA)
        self.media.mkdir()
        self.start_desk()
        data, log = self.folder / "data", self.folder / "log"
        self.desk = _Desk(self.machine.site, data, log, self.machine.running[0], self.machine)
        self.stage = Stage(self.desk, self.sink, self.folder)
        within(180, self.is_green, "a desk that is well")
        self.log_in()

    def log_in(self) -> None:
        """Ada, with her password."""
        self.browser.send("/accounts/login/", login="ada@desk.test", password=PASSWORD)
        assert "The desk itself is well" in self.browser.words("/admin/")

    # --- what is seen ----------------------------------------------------------------------------

    def is_green(self) -> bool:
        """`/readyz` says so."""
        return ready_words(self.desk.url) == (200, {})

    def shown(self, checks: str) -> str:
        """All lights at once: the first page, `/readyz`, and what these looks of the doctor say."""
        told = self.machine.doctor("--only", checks)["checks"]
        return "\n".join(
            [
                self.browser.words("/admin/"),
                *(f"{part}: {said}" for part, said in ready(self.desk)[1].items()),
                *(f"{one['check']}: {one['says']}" for one in told),
            ]
        )

    # --- faults ----------------------------------------------------------------------------------

    def server(self, name: str) -> subprocess.Popen[bytes]:
        """The process of `postgres` or `redis-server`."""
        running = self.machine.running
        return next(one for one in running if str(one.args[0]).endswith(f"/{name}"))  # type: ignore[index]

    def stop(self, name: str) -> None:
        """Stop that server as its unit would."""
        process = self.server(name)
        process.terminate() if name != "postgres" else process.send_signal(2)
        process.wait(30)
        self.machine.running.remove(process)
        self.stopped = process.args

    def start(self, name: str) -> None:
        """Start it again on what it had, and wait until it answers, as its unit does."""
        account: dict[str, Any] = {}
        if name == "postgres" and os.geteuid() == 0:
            known = pwd.getpwnam("postgres")
            account = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
        self.machine.start(*self.stopped, **account)  # type: ignore[misc]
        which = "database" if name == "postgres" else "redis"
        within(30, lambda: self._answers(self.machine.ports[which]), name)

    def _answers(self, port: int) -> bool:
        if port == self.machine.ports["redis"]:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
                return True
            return False
        asked = ["pg_isready", "--quiet", "--port", str(port)]
        known = {**os.environ, "PGHOST": str(self.folder / "pg")}
        return subprocess.run(asked, env=known, check=False).returncode == 0

    def fill_the_disk(self) -> None:
        """Write to the disk for files until nothing more goes."""
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(10**6)):
                    pass
            except OSError:
                return

    def move_the_clock(self, seconds: int) -> None:
        """Of this machine, so far from the right time, which the database keeps."""
        self.clock.write_text(f"{seconds:+d}")

    def stop_desk(self) -> None:
        """All processes of the desk, and none of the servers."""
        servers = [self.server("postgres"), self.server("redis-server")]
        ours = [one for one in self.machine.running if one not in servers]
        for process in ours:
            process.terminate()
        for process in ours:
            process.wait(40)
            self.machine.running.remove(process)

    def start_desk(self) -> None:
        """By the commands of the units."""
        newcomer.processes(self.machine)

    # --- runbooks --------------------------------------------------------------------------------

    def type(self, line: str, **more: str) -> subprocess.CompletedProcess[str]:
        """What somebody types on this machine, in the checkout, with the desk's settings. What
        would ask systemd is done to the processes of the drill."""
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=ROOT,
            env=self._environment() | more,
            capture_output=True,
            text=True,
            check=False,
        )
        asked = self.folder / "asked"
        words = asked.read_text().splitlines() if asked.exists() else []
        asked.unlink(missing_ok=True)
        for one in words:
            self._units()[one]()
        return done

    def _environment(self) -> dict[str, str]:
        tools = self.folder / "tools"
        if not tools.exists():
            tools.mkdir()
            for name in ("systemctl", "chronyc"):
                text = f'#!/bin/sh\necho "{name} $*" >> {self.folder}/asked\n'
                (tools / name).write_text(text)
                (tools / name).chmod(0o755)
        path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
        known = {"PATH": path, "PGHOST": str(self.folder / "pg"), "PGUSER": "postgres"}
        known["PGPORT"] = str(self.machine.ports["database"])
        return {**environment(), **self.machine.settings, **known}

    def _units(self) -> dict[str, Any]:
        return {
            "systemctl start postgresql": lambda: self.start("postgres"),
            "systemctl start redis-server": lambda: self.start("redis-server"),
            "systemctl stop incidentdesk.target": self.stop_desk,
            "systemctl start incidentdesk.target": self.start_desk,
            "chronyc makestep": lambda: self.move_the_clock(0),
        }


def ready_words(url: str) -> tuple[int, dict[str, str]]:
    """What `/readyz` says that is not well."""
    status, parts = ready(stack.Desk(url, Path(), Path(), None))  # type: ignore[arg-type]
    return status, {part: said for part, said in parts.items() if said != "ok"}
