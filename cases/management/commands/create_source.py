"""`create_source NAME --format alertmanager [--key KEY]`: a source, its key, what to configure."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.intake import presets, snippets, sources
from cases.models import Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import DeskError


class Command(BaseCommand):
    """Prints the key once; the desk keeps only its digest."""

    help = "Makes a source of alerts and prints its key and the configuration of the tool."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name, the format, and a key for those who bring their own."""
        parser.add_argument("name", help="what the desk calls the source, for instance prod-eu")
        parser.add_argument("--format", required=True, choices=Source.Format.values)
        parser.add_argument(
            "--tool",
            default="",
            choices=["", *presets.PRESETS],
            help="of plain JSON: what sends it; desk is our own shape",
        )
        parser.add_argument("--key", default="", help="a key of your own; one is made without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes it, or ends with one sentence."""
        try:
            source, key = sources.create(
                name=options["name"],
                source_format=options["format"],
                key=options["key"],
                preset=options["tool"],
                by=SYSTEM,
                at=clocks.now(),
            )
        except DeskError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Source {source.name} ({source.get_format_display()}) is ready.")
        self.stdout.write(f"Its key, shown this once: {key}")
        self.stdout.write("Write this into the tool:\n")
        self.stdout.write(snippets.snippet(source.format, key, source.preset))
