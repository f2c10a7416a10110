"""`follow_log [sshd|nginx] FILE --key KEY [--to https://desk.example]`: tells a desk of a log."""

from __future__ import annotations

import hashlib
import os
import time
from argparse import ArgumentParser
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cases.access import following
from cases.access.tail import Tail
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput


class Command(BaseCommand):
    """Follows the file until it is stopped; where it stands is kept, and taken up again."""

    help = "Follows a log of sshd (auth.log) or nginx and tells a desk of every access in it."
    requires_system_checks = ()  # it may run where there is no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The log, the desk, and the source's key."""
        parser.add_argument("log", nargs="+", metavar="[sshd|nginx] FILE", help="the log to follow")
        parser.add_argument("--to", default=settings.SITE_URL, help="the desk's address")
        parser.add_argument("--key", default="", help="the source's key; or set ACCESS_KEY")
        parser.add_argument("--key-file", type=Path, help="a file with the source's key")
        parser.add_argument("--state", type=Path, help="where to keep how far it is")
        parser.add_argument("--zone", default="", help="of times that name none; else this host's")
        parser.add_argument("--once", action="store_true", help="end when there is nothing new")

    def handle(self, *args: Any, **options: Any) -> None:
        """Follows, or ends with one sentence."""
        kind, path = self._log(options["log"])
        key, zone = self._key(options), self._zone(options["zone"])
        try:
            kind = kind or following.guess(path, zone, now=clocks.now())
            url = f"{options['to'].rstrip('/')}/intake/{key}/access"
            sender = following.Sender(url, sleep=time.sleep, say=self.stderr.write)
            tail = Tail(path, options["state"] or self._state(path, options["to"]))
            if tail.is_lost:
                self.stderr.write("The file it stood in is gone; it begins anew.")
            self.stdout.write(f"Following {path} as {kind} for {options['to']}.")
            reader = following.READERS[kind](zone)
            told = following.follow(
                tail,
                reader,
                sender.deliver,
                sleep=time.sleep,
                clock=clocks.now,
                once=options["once"],
            )
        except (InvalidInput, OSError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            return
        self.stdout.write(f"{told} events told.")

    def _log(self, words: list[str]) -> tuple[str, Path]:
        *kinds, file = words
        if kinds[1:] or (kinds and kinds[0] not in following.READERS):
            raise CommandError(
                "Say follow_log sshd FILE, follow_log nginx FILE or follow_log FILE."
            )
        path = Path(file).resolve()
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        return kinds[0] if kinds else "", path

    def _key(self, options: dict[str, Any]) -> str:
        key = options["key"] or os.environ.get("ACCESS_KEY", "")
        if options["key_file"]:
            try:
                key = options["key_file"].read_text(encoding="utf-8").strip()
            except OSError as error:
                raise CommandError(f"The key cannot be read: {error}.") from None
        if not key:
            raise CommandError(
                "Give the key of a source of the format access: --key, --key-file or ACCESS_KEY."
            )
        return str(key)

    def _zone(self, name: str) -> tzinfo:
        try:
            return ZoneInfo(name) if name else following.own_zone()
        except (ZoneInfoNotFoundError, ValueError):
            raise CommandError(
                f"There is no zone {name}; say it like Europe/Berlin or UTC."
            ) from None

    def _state(self, path: Path, to: str) -> Path:
        name = hashlib.sha256(f"{path}\0{to}".encode()).hexdigest()[:16]
        return Path(settings.DATA_DIR) / "follow" / f"{name}.json"
