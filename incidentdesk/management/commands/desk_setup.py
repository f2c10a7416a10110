"""`desk_setup EMAIL [--name NAME]`: the first administrator of a desk that has none."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from incidentdesk import first
from incidentdesk.kernel import passwords
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User


class Command(BaseCommand):
    """Prints a link with which that person, and nobody before, sets a password."""

    help = "Makes the first administrator and prints a one-time link to set a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is."""
        parser.add_argument("email", help="the address with which the administrator logs in")
        parser.add_argument("--name", default="", help="the name that others see")

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes the person, or ends with one sentence."""
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        if User.objects.filter(email=email).exists():
            raise CommandError(f"Somebody has the address {email} already; take another.")
        name = options["name"].strip() or email.partition("@")[0]
        try:  # the password is nobody's: the link replaces it
            user = first.make(email=email, name=name, password=secrets.token_urlsafe(32))
        except DeskError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{user.name} <{user.email}> administers this desk. Set a password here:")
        self.stdout.write(passwords.link(user))
        self.stdout.write(f"The link works once, and for {passwords.valid_days()} days.")
