"""`restore FILE [--keys FILE] [--moved]`: an empty desk becomes the one of a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.backup import restoring
from incidentdesk.backup.errors import BackupError
from incidentdesk.backup.progress import Progress
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.kernel import clocks


class Command(BaseCommand):
    """Ends with one sentence where it could not, and with code 1 where something is not whole."""

    help = "Makes this empty desk the one that a backup holds, and verifies it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """From where, and what happened since."""
        parser.add_argument("file", type=Path, help="a file that `backup` wrote")
        parser.add_argument("--keys", type=Path, metavar="FILE", help="what `backup --keys` wrote")
        parser.add_argument(
            "--moved",
            action="store_true",
            help="the old desk stood still since the backup: nothing is missing, numbers go on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restores and says what there is, and what is not."""
        try:
            found = restoring.restore(
                options["file"].absolute(),
                keys_file=options["keys"],
                moved=options["moved"],
                progress=Progress(self.stderr.write),
                at=clocks.now(),
            )
        except (BackupError, EmbeddedError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Restored the desk as of {found.made_at:%-d %b %Y, %H:%M:%S} UTC: {found.rows} rows, "
            f"{found.files} files, {found.timelines} timelines."
        )
        if not options["moved"]:
            self.stdout.write(
                f"What happened after that is not there; administrators are told. Numbers go on "
                f"{restoring.SKIPPED} later, so that none is given out twice."
            )
        for fault in found.faults:
            self.stdout.write(fault)
        if found.faults:
            raise CommandError(f"{len(found.faults)} things are not whole; they are named above.")
        self.stdout.write(
            "Every timeline is whole. The audit trail fits its seals. Everybody logs in anew."
        )
