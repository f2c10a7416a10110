"""`verify_audit`: recomputes the audit trail's seals and holds them against what was kept."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.kernel import seals
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.models import AuditSeal

BROKEN, NOT_DONE = 1, 2  # exit codes


class Command(BaseCommand):
    """Ends with code 1 if something was changed, each broken seal named with its first bad line; 2
    if it could not do what was asked."""

    help = "Verifies that no line of the audit trail was changed, removed or put in afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """From where on, and against what."""
        parser.add_argument("--from", type=int, default=1, metavar="SEAL", dest="first")
        parser.add_argument(
            "--against", metavar="FILE", help="a checkpoint's mail, or an export of the audit trail"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verifies, and says how it went and what to keep."""
        first = max(options["first"], 1)
        broken = [said.words for said in seals.faults(first)]
        if options["against"]:
            try:
                kept = seals.told(Path(options["against"]))
            except InvalidInput as error:
                raise CommandError(str(error), returncode=NOT_DONE) from error
            self.stdout.write(f"Held against seal {kept.number} in {kept.label}.")
            broken += [said] if (said := seals.fault_against(kept)) else []
        for words in broken:
            self.stdout.write(words)
        self._conclude(first, broken)

    def _conclude(self, first: int, broken: list[str]) -> None:
        count = AuditSeal.objects.filter(number__gte=first).count()
        if gone := seals.let_go():
            self.stdout.write(f"The lines up to seal {gone} were let go of; the trail says so.")
        if broken:
            number = "1 fault" if len(broken) == 1 else f"{len(broken)} faults"
            raise CommandError(f"{number} in {count} seals; named above.", returncode=BROKEN)
        seal = "seal" if count == 1 else "seals"
        self.stdout.write(f"{count} {seal} verified; the chain is whole.")
        if newest := seals.newest_seal():
            self.stdout.write(f"Audit seal: {newest.number}\nSeal hash: {newest.hash}")
        if waiting := seals.unsealed().count():
            wait = "line waits for its" if waiting == 1 else "lines wait for their"
            self.stdout.write(f"{waiting} {wait} seal.")
