"""`manage.py load_demo`: a year of demo data on an empty desk, once."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.models import Incident, Notice, Report
from incidentdesk import published
from incidentdesk.demo import cast, director
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict
from reviews.models import PreventiveAction


class Command(BaseCommand):
    """Shows how far it is, and what it made."""

    help = "Loads demo data into an empty desk: partners, people, a year of incidents."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, or refuse in a sentence and change nothing."""
        if why := published.refusal():
            raise CommandError(why)
        began = time.monotonic()
        try:
            director.load(at=clocks.now(), say=self._progress)
        except Conflict as error:
            raise CommandError(str(error)) from None
        self._summary(time.monotonic() - began)

    def _progress(self, done: int, total: int) -> None:
        """One line that counts; in a log a line now and then."""
        line = f"loading demo data: {done} of {total} incidents"
        if self.stdout.isatty():
            self.stdout.write(f"\r{line}", ending="\n" if done == total else "")
            self.stdout.flush()
        elif done % 20 == 0 or done == total:
            self.stdout.write(line)

    def _summary(self, seconds: float) -> None:
        is_open = Incident.objects.open().count()
        self.stdout.write(
            f"Demo data loaded in {seconds:.0f} s: {Incident.objects.count()} incidents "
            f"({is_open} open), {Notice.objects.count()} notices, {Report.objects.count()} "
            f"partner reports, {PreventiveAction.objects.count()} preventive actions; the "
            f"password of every demo login is {cast.PASSWORD}."
        )
