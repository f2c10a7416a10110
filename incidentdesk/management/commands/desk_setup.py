"""`desk_setup [EMAIL]`: the first start: an administrator, a test mail, the doctor's looks."""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from incidentdesk import first
from incidentdesk.doctor import examining, outside
from incidentdesk.doctor.told import State
from incidentdesk.kernel import clocks, passwords
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User
from incidentdesk.management.commands import doctor


class Command(BaseCommand):
    """Prints a link with which that person, and nobody before, sets a password."""

    help = "Makes the first administrator with a one-time link, sends a test mail, looks at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is, where a test mail goes, and what is left out."""
        parser.add_argument(
            "email",
            nargs="?",
            default="",
            help="the address with which the administrator logs in; asked for at a terminal",
        )
        parser.add_argument("--organisation", default="", help="whose desk this is")
        parser.add_argument("--name", default="", help="the name that others see")
        parser.add_argument(
            "--test-mail", default="", metavar="ADDRESS", help="where a test mail is sent"
        )
        parser.add_argument("--no-checks", action="store_true", help="do not run the doctor")
        parser.add_argument("--no-input", action="store_true", help="ask nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """In the order in which one needs it; ends with one sentence where something is wrong."""
        self.asks = sys.stdin.isatty() and not options["no_input"]
        self._organisation(options["organisation"])
        email = options["email"].strip().lower()
        if email or first.is_needed():
            email = email or self._asked("E-mail of the first administrator").lower()
            name = options["name"].strip() or (self._asked("Name", email.partition("@")[0]))
            self._make(email, name)
        else:
            self.stdout.write("This desk has an administrator.")
        wrong = self._test_mail(options["test_mail"].strip(), email)
        if not options["no_checks"]:
            self.stdout.write("")
            names = [name for name in examining.LOOKS if name not in examining.PARTS]
            wrong += doctor.wrong_among(doctor.tell(examining.examine(names), self.stdout.write))
        if wrong:
            raise CommandError(
                f"{'Something is' if wrong == 1 else f'{wrong} things are'} wrong: do what is said "
                "above, then run `manage.py doctor`."
            )
        if not options["no_checks"]:
            self.stdout.write("Start the desk's processes, then run `manage.py doctor`.")

    def _asked(self, what: str, otherwise: str = "") -> str:
        """What the person at the terminal types; without one, `otherwise`, or the end."""
        if not self.asks:
            if otherwise:
                return otherwise
            raise CommandError("Nobody administers this desk: name the e-mail of who shall.")
        hint = f" [{otherwise}]" if otherwise else ""
        return input(f"{what}{hint}: ").strip() or otherwise

    def _organisation(self, given: str) -> None:
        """Say what has to be set where the desk is called otherwise."""
        known = settings.ORGANISATION_NAME
        wanted = " ".join(given.split()) or self._asked("Organisation, as people read it", known)
        if wanted != known:
            self.stdout.write(f"Pages and reports say {known}.")
            self.stdout.write(f'→ Set ORGANISATION_NAME="{wanted}" for every process of the desk.')

    def _make(self, email: str, name: str) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email or 'That'} is no e-mail address.") from None
        if User.objects.filter(email=email).exists():
            raise CommandError(f"Somebody has the address {email} already; take another.")
        try:  # the password is nobody's: the link replaces it
            user = first.make(email=email, name=name, password=secrets.token_urlsafe(32))
        except DeskError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{user.name} <{user.email}> administers this desk. Set a password here:")
        self.stdout.write(passwords.link(user))
        self.stdout.write(f"The link works once, and for {passwords.valid_days()} days.")

    def _test_mail(self, address: str, administrator: str) -> int:
        """Send one where asked to; whether that was wrong."""
        if not address and self.asks:
            address = self._asked("Send a test mail to (nothing: none)", administrator or "none")
        if address in ("", "none"):
            return 0
        told = outside.test_mail(address, at=clocks.now())
        self.stdout.write(told.said)
        if told.do:
            self.stdout.write(f"→ {told.do}")
        return int(told.state is State.WRONG)
