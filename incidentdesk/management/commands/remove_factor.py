"""`manage.py remove_factor person@desk.example --reason …`: for the last administrator.

Everybody else's lost second factor is removed by an administrator, on the person's page.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidentdesk.kernel import clocks, factors
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User


class Command(BaseCommand):
    """Whoever may run it on the server may do everything; the audit trail keeps the reason."""

    help = "Removes somebody's second factor, when no administrator can."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and why."""
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="stands in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses in a sentence, or removes it."""
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']}.")
        try:
            factors.remove(user_id=user.pk, reason=options["reason"], by=SYSTEM, at=clocks.now())
        except DeskError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user} has no second factor any more and is logged out everywhere.")
