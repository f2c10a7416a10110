"""`manage.py desk`: the whole desk in one terminal, or some of its processes.

It prepares (servers, migrations, static files, demo data), then watches over the processes.
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connections

from incidentdesk import first, published
from incidentdesk.auditor import checks
from incidentdesk.embedded import parts, preparation, servers
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import Layout
from incidentdesk.embedded.supervisor import Supervisor


class Command(BaseCommand):
    """The options, the order of the steps, and what is told to the person at the terminal."""

    help = "Starts the desk: web, workers, beat, auditor; PostgreSQL and Redis where none are set."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Demo data or none, and which processes."""
        demo = parser.add_mutually_exclusive_group()
        demo.add_argument("--demo", action="store_true", help="load the demo data")
        demo.add_argument("--no-demo", action="store_true", help="start with an empty desk")
        parser.add_argument(
            "--processes",
            default="",
            help=f"a part of {','.join(parts.PROCESSES)}; all of them unless given, mail only in "
            "the demo or where INBOUND_SMTP or INBOUND_IMAP is set",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses in a sentence, or prepares and runs until it is stopped."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end_at_once)
        self.layout: Layout = settings.EMBEDDED or Layout(settings.DATA_DIR)
        self.port = int(settings.PORT)
        self.began = time.monotonic()
        try:
            processes = parts.chosen(options["processes"] or ",".join(parts.ALWAYS))
            with _only_desk(self.layout, self.port) as killed_before:
                if "web" in processes:
                    _require_free(self.port, patience=15 if killed_before else 0)
                self._prepare(demo=options["demo"], empty=options["no_demo"])
                if not options["processes"] and (self.has_demo or _takes_mail()):
                    processes.append("mail")
                self._run(processes)
        except EmbeddedError as error:
            sys.exit(str(error))
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            servers.release(self.layout)

    def _prepare(self, *, demo: bool, empty: bool) -> None:
        self.work = self.layout.data_dir / "work"
        self.work.mkdir(mode=0o700, exist_ok=True)
        if settings.EMBEDDED:
            preparation.say(f"Starting PostgreSQL and Redis under {self.layout.data_dir} …")
            self._keep_servers()
        preparation.migrate()
        preparation.collect_static(self.work)
        marker = self.work / "first-start"
        before = marker.read_text().strip() if marker.exists() else ""
        by_itself = settings.EMBEDDED is not None and settings.IS_LOCAL
        wanted = demo or (not empty and not before and by_itself)
        if (wanted or before == "demo") and (why := published.refusal()):
            raise EmbeddedError(why)
        if wanted and before != "demo":
            if not published.is_loaded():  # a start that was killed here may have loaded it
                preparation.load_demo(settings.BASE_DIR)
            marker.write_text("demo\n")
        elif not before:
            marker.write_text("empty\n")
        self.has_demo = marker.read_text().strip() == "demo"
        connections.close_all()

    def _keep_servers(self) -> None:
        servers.acquire_postgres(self.layout)
        if self.layout.redis_url == settings.CELERY_BROKER_URL:
            servers.acquire_redis(self.layout)

    def _run(self, processes: list[str]) -> None:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "incidentdesk.settings",
            "DATA_DIR": str(self.layout.data_dir),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            # Celery warns at every start that it runs as root, as everything in a container does.
            "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
        }
        self.mail_in = ""
        if "mail" in processes:
            environment |= self._inbound()
        running = parts.parts(
            processes, port=self.port, work=self.work, embedded=settings.EMBEDDED is not None
        )
        self.announced = False
        self.has_web = "web" in processes
        preparation.say(
            f"Starting {', '.join(part.name for part in running if not part.outlives_us)} …"
        )
        supervisor = Supervisor(running, environment=environment, folder=settings.BASE_DIR)
        supervisor.run(self._each_second)
        preparation.say("The desk has stopped.")

    def _inbound(self) -> dict[str, str]:
        """Where mail comes in: as set, or else a free port of this machine, for all parts alike."""
        if _takes_mail():
            place = settings.INBOUND_SMTP
            self.mail_in = f"{place[0]}:{place[1]}" if place else ""
            return {}
        port = next(one for one in range(self.port + 25, 65536) if not _is_taken(one))
        self.mail_in = f"127.0.0.1:{port}"
        return {"INBOUND_SMTP": self.mail_in}

    def _each_second(self) -> None:
        if settings.EMBEDDED:
            try:
                self._keep_servers()
            except EmbeddedError as error:
                preparation.say(f"{error} The desk tries again.")
        if not self.announced and (
            not self.has_web or not checks.asked_web(f"127.0.0.1:{self.port}")[0]
        ):
            self.announced = True
            self._announce()

    def _announce(self) -> None:
        lines = [f"The desk runs (ready after {time.monotonic() - self.began:.0f} s).", ""]
        if self.has_web:
            lines.append(f"  desk     {settings.SITE_URL}/admin/")
            lines.append(f"  portal   {settings.SITE_URL}/portal/")
        if self.has_demo and self.has_web:
            staff, partners = published.STAFF.split(), published.PARTNERS.split()
            lines.append(f"  staff    {'  '.join(staff[:4])}")
            lines.append(f"           {'  '.join(staff[4:])}")
            lines.append(f"  partners {'  '.join(partners)}")
            lines.append(f"  password {published.PASSWORD} (every demo login)")
        if self.has_web and _lacks_administrator():
            lines.append(f"  begin    {first.link()}")
            lines.append("           makes the first administrator (works once, for a day)")
        if hasattr(settings, "EMAIL_FILE_PATH"):
            lines.append(f"  mail     {_short(Path(settings.EMAIL_FILE_PATH))}/*.eml")
        if self.mail_in:
            lines.append(f"  mail in  SMTP at {self.mail_in}, see docs/mail.md")
        lines += ["", "Ctrl-C stops it."]
        preparation.say("\n".join(["", *lines, ""]))


def _end_at_once(number: int, frame: object) -> None:
    """While preparing; the supervisor sets its own handler. SystemExit releases the servers."""
    sys.exit(128 + number)


def _takes_mail() -> bool:
    return bool(settings.INBOUND_SMTP or settings.INBOUND_IMAP)


def _lacks_administrator() -> bool:
    """False where the tables are not there yet: that was said already."""
    try:
        return first.is_needed()
    except Error:
        return False
    finally:
        connections.close_all()


def _short(path: Path) -> Path:
    """As one would type it, if it lies below where one stands."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@contextlib.contextmanager
def _only_desk(layout: Layout, port: int) -> Iterator[bool]:
    """One desk a data folder: two would send twice. The lock goes with the process.

    Yields whether the desk before this one was killed: its parts may just be ending.
    """
    layout.make_data_dir()
    with _lock_file(layout) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            where = file.read().strip()
            raise EmbeddedError(
                f"A desk already runs on {layout.data_dir} ({where}): "
                "stop it, or set DATA_DIR and PORT for a second one."
            ) from error
        file.seek(0)
        killed_before = bool(file.read())
        file.truncate(0)
        file.write(f"http://localhost:{port}, process {os.getpid()}\n")
        file.flush()
        try:
            yield killed_before
        finally:
            file.truncate(0)


def _lock_file(layout: Layout) -> IO[str]:
    try:
        return (layout.data_dir / "desk.lock").open("a+")
    except OSError as error:
        raise EmbeddedError(
            f"The data folder {layout.data_dir} cannot be written ({error.strerror}): "
            "run as its owner, or set DATA_DIR to a folder of your own."
        ) from error


def _require_free(port: int, *, patience: float) -> None:
    """Refuses a port that is taken, after so many seconds."""
    end = time.monotonic() + patience
    while _is_taken(port):
        if time.monotonic() >= end:
            raise EmbeddedError(
                f"Port {port} is taken by another program: "
                "stop it, or choose another with PORT=8123."
            )
        time.sleep(0.2)


def _is_taken(port: int) -> bool:
    """Browsers reach localhost by IPv6 first, so a stranger there would take our visitors."""
    with contextlib.suppress(OSError), socket.create_connection(("::1", port), timeout=1):
        return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise EmbeddedError(
                f"Port {port} may only be used by root: set PORT to a number above 1023."
            ) from error
        except OSError:
            return True
    return False
