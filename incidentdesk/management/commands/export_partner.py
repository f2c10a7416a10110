"""`manage.py export_partner`: all that a partner sees, as a zip, when it leaves."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk import offboarding
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User
from partners.models import Partner


class Command(BaseCommand):
    """One partner, one file that must not be there yet."""

    help = "Writes all that a partner sees into a zip, and records who took it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, where to, and in whose name."""
        parser.add_argument("code", help="the partner's code")
        parser.add_argument("--to", required=True, type=Path, help="the file to write")
        parser.add_argument("--by", required=True, help="the address of who takes it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Asks the use case; says what is in it."""
        who = User.objects.filter(email__iexact=options["by"], is_active=True).first()
        partner = Partner.objects.filter(code=options["code"]).first()
        if who is None or partner is None:
            raise CommandError("There is no such partner, or nobody logs in with that address.")
        by, at = access.actor_for(who), clocks.now()
        try:
            counts = offboarding.export(partner_id=partner.pk, to=options["to"], by=by, at=at)
        except (DeskError, OSError) as error:
            raise CommandError(str(error)) from error
        for name, count in counts.items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write(f"Written to {options['to']}; hand it over encrypted.")
