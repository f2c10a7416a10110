"""`verify_timeline`: recomputes the hash chain of every incident and names what does not fit."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases import timeline
from cases.models import Incident

PATIENCE = 2.0  # seconds after which, and between which, progress is shown


class Command(BaseCommand):
    """Ends with code 1 if a chain is broken; each broken one is named with its first bad entry."""

    help = "Verifies that no timeline was changed, shortened or reordered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """All incidents, or some."""
        parser.add_argument("references", nargs="*", help="only these, for instance INC-2026-0001")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verifies, shows progress if it takes long, and says how it went."""
        incidents = Incident.objects.order_by("pk")
        wanted = {reference.upper() for reference in options["references"]}
        if wanted:
            incidents = incidents.filter(reference__in=wanted)
            unknown = wanted - set(incidents.values_list("reference", flat=True))
            if unknown:
                raise CommandError(f"There is no incident {', '.join(sorted(unknown))}.")
        total, broken, spoken = incidents.count(), 0, time.monotonic()
        for number, incident in enumerate(incidents.iterator(chunk_size=500), start=1):
            fault = timeline.first_fault(incident)
            if fault:
                broken += 1
                self.stdout.write(fault)
            if time.monotonic() - spoken > PATIENCE:
                spoken = time.monotonic()
                self.stderr.write(f"{number} of {total} timelines verified …")
        if broken:
            raise CommandError(f"{broken} of {total} timelines are broken; they are named above.")
        self.stdout.write(f"{total} timelines verified; every chain is whole.")
