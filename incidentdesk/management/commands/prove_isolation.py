"""`manage.py prove_isolation`: that no partner can learn of another, or where one can."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.isolation import proof
from incidentdesk.kernel import clocks


class Command(BaseCommand):
    """Says what it does, names every leak, and ends with code 1 if there is one."""

    help = (
        "Fills two made-up partners with words that stand nowhere else, asks every address as "
        "each kind of person of one of them, and names whatever of the other comes back. Runs "
        "on the installed desk in one transaction that is taken back: no row stays, no mail leaves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A part of it only."""
        parser.add_argument(
            "--only", default="", metavar="ROUTE", help="only routes that begin so: portal/reports"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prove it, or name what stands against it."""
        began = time.monotonic()
        found = proof.prove(say=self._say, at=clocks.now(), only=options["only"].lstrip("/"))
        asked = (
            f"{found.questions} questions to {found.routes} routes in "
            f"{time.monotonic() - began:.0f} s"
        )
        if not found.routes:
            raise CommandError(f"No route begins with {options['only']}.", returncode=2)
        for finding in found.findings:
            self.stdout.write(f"LEAK {finding}")
        if found.findings:
            count = len(found.findings)
            raise CommandError(f"{count} findings, named above; {asked}.", returncode=1)
        self.stdout.write(f"No partner learns of another: {asked}, nothing found.")

    def _say(self, words: str) -> None:
        self.stderr.write(f"{words} …")
