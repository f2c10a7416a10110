"""`manage.py audit`: the auditor, until it is stopped, or for one round."""

from __future__ import annotations

import re
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.auditor import rounds
from incidentdesk.kernel import clocks


class Command(BaseCommand):
    """A part of the desk, or one look by hand."""

    help = "Sees every minute that nothing is overdue or lost; mends, pages, and says so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the web listens, and whether to look only once."""
        parser.add_argument("--web", default="", help="host:port at which a web process answers")
        parser.add_argument(
            "--once", action="store_true", help="look once; fail if all is not well"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs, or prints what one round found, a line each."""
        if options["web"] and not re.fullmatch(r"[^:/\s]+:\d{1,5}", options["web"]):
            raise CommandError("--web must look like 127.0.0.1:8000.")
        auditor = rounds.Auditor(web=options["web"])
        if options["once"]:
            self._once(auditor)
        while not options["once"]:
            auditor.step(at=clocks.now())
            time.sleep(rounds.LOOK_SECONDS)

    def _once(self, auditor: rounds.Auditor) -> None:
        """With nothing before it, all that is late is late."""
        auditor.since = clocks.database_now() - timedelta(days=1)
        seen = auditor.step(at=clocks.now())
        if seen is None:
            raise CommandError("The database does not answer.")
        for words in seen.wrong:
            self.stdout.write(words)
        if seen.wrong:
            raise CommandError(f"{len(seen.wrong)} found wrong.")
        self.stdout.write("All is well.")
