"""The desk as a mail server, for what other servers bring to it: one domain, nothing passed on.

A mail is answered with 250 once it is committed, and with 451 while it cannot be: the other server
keeps it and comes again. Limits on size, connections, recipients and time keep a flood out.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from cases.intake.mail import receiving, resolver
from cases.intake.mail.receiving import TryLater
from cases.intake.mail.resolver import Resolver
from cases.intake.mail.verdicts import Envelope as Came
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import DeskError

MOST_CONNECTIONS = 20
MOST_RECIPIENTS = 20
MOST_MAILS = 50  # over one connection
SECONDS = 60  # of silence, after which a connection is ended
AT_ONCE = 4  # mails that are taken in at the same time; some of them wait for the DNS
LATER = "451 4.3.0 It cannot be stored now; please try again later"
logger = logging.getLogger(__name__)


class Door:
    """What aiosmtpd asks at each step."""

    def __init__(self, resolver: Resolver = resolver.ask) -> None:
        """Mails are taken in by threads, each with a connection to the database of its own."""
        self.resolver = resolver
        self.threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mail")
        self.open = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The envelope's sender; it may be empty, as that of bounces is."""
        guarded = cast(_Guarded, server)
        guarded.mails += 1
        if guarded.mails > MOST_MAILS:
            return "421 4.7.0 Enough for one connection"
        envelope.mail_from = address or ""
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only the desk's own domain: nothing is passed on to anybody."""
        if address.rpartition("@")[2].lower() != settings.INBOUND_DOMAIN:
            return "550 5.7.1 This server takes mail for the incident desk alone"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The mail itself. Yes is said after the commit, whatever becomes of it."""
        peer = session.peer[0] if isinstance(session.peer, tuple) else ""
        came = Came(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            peer=str(peer).removeprefix("::ffff:"),
            helo=str(session.host_name or ""),
        )
        raw = envelope.original_content or b""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, self._take, raw, came)

    def _take(self, raw: bytes, came: Came) -> str:
        close_old_connections()
        try:
            receiving.receive(raw=raw, envelope=came, resolver=self.resolver, at=clocks.now())
        except (TryLater, DeskError, DatabaseError, OSError) as error:
            logger.warning("a mail from %s waits at its sender's: %s", came.peer, error)
            return LATER
        except Exception:
            logger.exception("a mail from %s could not be taken in", came.peer)
            return LATER
        finally:
            close_old_connections()
        return "250 2.0.0 Taken"


class _Guarded(SMTP):
    """Lets so many in at once; others are told to come again."""

    mails = 0  # over this connection

    def connection_made(self, transport: Any) -> None:
        """One more, or one too many."""
        self.event_handler.open += 1
        if self.event_handler.open > MOST_CONNECTIONS:
            transport.write(b"421 4.7.0 Too many connections; please try again later\r\n")
            transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """One fewer."""
        self.event_handler.open -= 1
        super().connection_lost(error)


async def listen(host: str, port: int, door: Door) -> asyncio.Server:
    """Begin to take mail; ends when the server is closed."""
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return _Guarded(
            door,
            data_size_limit=receiving.most(),
            timeout=SECONDS,
            hostname=settings.INBOUND_DOMAIN,
            ident="incident desk",
            loop=loop,
        )

    return await loop.create_server(connection, host, port)
