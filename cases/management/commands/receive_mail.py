"""`receive_mail`: takes mail in by SMTP on `INBOUND_SMTP`, and reads a mailbox by IMAP."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import logging
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from cases.intake.mail import mailbox, server
from cases.intake.mail.mailbox import Mailbox
from incidentdesk.kernel.errors import InvalidInput

EVERY_SECONDS = 60
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is stopped. Prints nothing of what a mail says."""

    help = "Takes in reports and answers by mail: by SMTP, out of a mailbox, or both."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mailbox; better named by INBOUND_IMAP, since others can read a command line."""
        parser.add_argument("--imap", default="", help="imaps://user:password@host/folder")
        parser.add_argument("--once", action="store_true", help="read the mailbox once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses in a sentence, or runs."""
        url = options["imap"] or settings.INBOUND_IMAP
        try:
            read = mailbox.named(url) if url else None
        except InvalidInput as error:
            raise CommandError(str(error)) from None
        if options["once"]:
            self._once(read)
            return
        if read is None and settings.INBOUND_SMTP is None:
            raise CommandError("Set INBOUND_SMTP to host:port, or name a mailbox by --imap.")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._run(read))

    def _once(self, read: Mailbox | None) -> None:
        if read is None:
            raise CommandError("Name the mailbox by --imap or INBOUND_IMAP.")
        try:
            count = mailbox.poll(read)
        except (OSError, imaplib.IMAP4.error, InvalidInput) as error:
            raise CommandError(f"The mailbox {read} could not be read: {error}") from None
        self.stdout.write(f"{count} mails were taken in.")

    async def _run(self, read: Mailbox | None) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        listening = None
        if settings.INBOUND_SMTP is not None:
            host, port = settings.INBOUND_SMTP
            try:
                listening = await server.listen(host, port, server.Door())
            except OSError as error:
                raise CommandError(f"No mail can be taken at {host}:{port}: {error}") from None
        reading = asyncio.create_task(_poll_for_ever(read)) if read else None
        await ended.wait()
        if reading is not None:
            reading.cancel()
        if listening is not None:
            listening.close()


async def _poll_for_ever(read: Mailbox) -> None:
    while True:
        await asyncio.to_thread(_poll, read)
        await asyncio.sleep(EVERY_SECONDS)


def _poll(read: Mailbox) -> None:
    try:
        mailbox.poll(read)
    except (OSError, imaplib.IMAP4.error, InvalidInput, DatabaseError) as error:
        logger.warning("the mailbox %s could not be read: %s", read, error)
