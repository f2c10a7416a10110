"""`manage.py retention`: what would go by now; with `--apply` it goes, as it does by itself."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incidentdesk.kernel import clocks, retention


class Command(BaseCommand):
    """A dry run by hand, and the run itself by hand."""

    help = "Shows how long each kind of data is kept and what would go now; --apply lets it go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A dry run unless it is told otherwise."""
        parser.add_argument("--apply", action="store_true", help="let it go, for good")

    def handle(self, *args: Any, **options: Any) -> None:
        """A line a kind."""
        at = clocks.database_now()
        for kind in retention.kinds().values():
            found = retention.foresee(kind, at=at)
            oldest = f", the oldest of {found.oldest:%Y-%m-%d}" if found.oldest else ""
            words = f"kept {found.days} days; {found.count} would go{oldest}"
            self.stdout.write(f"{kind.label}: {words}")
        held = retention.held()
        self.stdout.write(f"Under legal hold: {', '.join(held) or 'nothing'}")
        if not options["apply"]:
            self.stdout.write("Nothing was changed; --apply lets it go.")
            return
        for key, count in retention.forget_due(at=at).items():
            self.stdout.write(f"{key}: {count} went")
