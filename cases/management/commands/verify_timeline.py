"""`verify_timeline`: recomputes every chain, holds it against checkpoints, exports, takes one."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases import checkpoints, export, verification
from cases.models import Incident
from incidentdesk.kernel import clocks, snapshot
from incidentdesk.kernel.errors import InvalidInput

PATIENCE = 2.0  # seconds after which, and between which, progress is shown
BROKEN, NOT_DONE = 1, 2  # exit codes


class Command(BaseCommand):
    """Ends with code 1 if a chain is broken, each named with its first bad entry; 2 if it could
    not do what was asked."""

    help = "Verifies that no timeline was changed, shortened, reordered or written anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to verify, against what, and what to write."""
        parser.add_argument("references", nargs="*", help="only these, for instance INC-2026-0001")
        parser.add_argument("--against", metavar="FILE", help="a checkpoint's file, or its mail")
        parser.add_argument("--export", metavar="FILE", help="write all entries as JSON Lines")
        parser.add_argument("--checkpoint", action="store_true", help="take a checkpoint as well")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verifies, shows progress if it takes long, and says how it went."""
        self._spoken = time.monotonic()
        seen = self._read(options["against"])
        with snapshot.one_moment():
            only = self._only(options["references"])
            self._total = len(only) or Incident.objects.count()
            broken = 0
            for fault in self._faults(seen, only):
                broken += 1
                self.stdout.write(fault)
            if options["export"]:
                self._export(options["export"], only)
        if options["checkpoint"]:
            self._take()
        if broken:
            counted = "1 fault" if broken == 1 else f"{broken} faults"
            raise CommandError(
                f"{counted} in {self._total} timelines; named above.", returncode=BROKEN
            )
        timeline = "timeline" if self._total == 1 else "timelines"
        self.stdout.write(f"{self._total} {timeline} verified; every chain is whole.")

    def _faults(self, seen: checkpoints.Seen | None, only: list[int]) -> Iterator[str]:
        """What does not fit: the checkpoints themselves, then the timelines."""
        against = []
        if said := verification.fault_of_checkpoints():
            yield said
        if newest := verification.newest_checkpoint():
            self.stdout.write(f"Held against {newest}.")
            against.append(checkpoints.held(newest))
        if seen:
            if said := checkpoints.fault_against(seen):
                yield said
            self.stdout.write(f"Held against {seen.label}.")
            against.append(verification.Against(seen.label, checkpoints.heads_of(seen)))
        yield from verification.faults(
            against, only=only, heard=lambda n: self._progress(n, "verified")
        )

    def _read(self, file: str | None) -> checkpoints.Seen | None:
        try:
            return checkpoints.read(Path(file)) if file else None
        except InvalidInput as error:
            raise CommandError(str(error), returncode=NOT_DONE) from error

    def _only(self, references: list[str]) -> list[int]:
        wanted = {reference.upper() for reference in references}
        found = dict(Incident.objects.filter(reference__in=wanted).values_list("reference", "pk"))
        if unknown := wanted - set(found):
            names = ", ".join(sorted(unknown))
            raise CommandError(f"There is no incident {names}.", returncode=NOT_DONE)
        return sorted(found.values())

    def _export(self, file: str, only: list[int]) -> None:
        number = 0

        def heard() -> Iterator[dict[str, Any]]:
            nonlocal number
            for row in export.rows(at=clocks.now(), only=only):
                number += "head" in row
                self._progress(number, "exported")
                yield row

        try:
            checkpoints.write_lines(Path(file), heard())
        except OSError as error:
            raise CommandError(
                f"{file} cannot be written: {error}.", returncode=NOT_DONE
            ) from error
        self.stdout.write(f"{number} timelines exported to {file}.")

    def _take(self) -> None:
        taken = checkpoints.take(at=clocks.now())
        self.stdout.write(f"Took {taken}; {checkpoints.write_newest()}")

    def _progress(self, number: int, done: str) -> None:
        if time.monotonic() - self._spoken > PATIENCE:
            self._spoken = time.monotonic()
            self.stderr.write(f"{number} of {self._total} timelines {done} …")
