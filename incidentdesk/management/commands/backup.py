"""`backup FILE [--keys FILE]`: the whole desk in one file, while it runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.backup import keys, making
from incidentdesk.backup.errors import BackupError
from incidentdesk.backup.progress import Progress
from incidentdesk.kernel import clocks


class Command(BaseCommand):
    """Ends with one sentence where it could not."""

    help = "Writes the database and the files of the desk into one new file, while it runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path, help="a file that does not exist yet")
        parser.add_argument(
            "--keys", type=Path, metavar="FILE", help="write the keys too, to be kept elsewhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes it and says what is in it."""
        file, keys_file = options["file"].absolute(), options["keys"]
        try:
            told, files = making.make(file, progress=Progress(self.stderr.write), at=clocks.now())
            if keys_file:
                keys.write(keys_file)
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(told["counts"].values())
        self.stdout.write(
            f"Backed up to {file}: {rows} rows of {len(told['counts'])} tables as of "
            f"{told['made_at'][:19]} UTC, {files} files; "
            f"{file.stat().st_size / 1e6:.1f} MB."
        )
        if keys_file:
            self.stdout.write(f"The keys are in {keys_file}: keep them apart from the backup.")
        else:
            self.stdout.write(
                "SECRET_KEY is not in it: keep it elsewhere, it is needed to restore."
            )
