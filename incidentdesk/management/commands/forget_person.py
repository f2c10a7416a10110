"""`manage.py forget_person`: somebody who left is reduced to a pseudonym."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.kernel import access, clocks, people
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User
from partners import forgetting
from partners.models import Contact


class Command(BaseCommand):
    """One person, by the address that goes."""

    help = "Takes the name and address of a removed contact or colleague out of the register."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and in whose name."""
        parser.add_argument("email", help="the address of who left")
        parser.add_argument("--by", required=True, help="the address of who does it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Asks the use cases; says what stays."""
        admin = User.objects.filter(email__iexact=options["by"], is_active=True).first()
        if admin is None:
            raise CommandError(f"Nobody here logs in as {options['by']}.")
        by, at, email = access.actor_for(admin), clocks.now(), options["email"]
        contacts = list(Contact.objects.filter(email__iexact=email))
        colleague = User.objects.filter(email__iexact=email).exclude(roles=[]).first()
        if not contacts and colleague is None:
            raise CommandError(f"Nobody has the address {email}.")
        try:
            for contact in contacts:
                said = forgetting.forget(contact_id=contact.pk, by=by, at=at)
                self.stdout.write(f"{email} is {said} from now on.")
            if colleague is not None:
                user = people.forget(user_id=colleague.pk, by=by, at=at)
                self.stdout.write(f"{email} is {user} from now on.")
        except DeskError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Timelines, the audit trail and field history stay as they were signed.")
