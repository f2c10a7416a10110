"""A mailbox that the desk reads by IMAP: what is unread is taken in, and marked as read after that.

A mail that cannot be stored now stays unread, and is read again the next time.
"""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from django.db import InterfaceError, OperationalError, close_old_connections

from cases.intake.mail import receiving, resolver
from cases.intake.mail.receiving import TryLater
from cases.intake.mail.resolver import Resolver
from cases.intake.mail.verdicts import Envelope
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import DeskError, InvalidInput

SECONDS = 30  # for one answer of the server
logger = logging.getLogger(__name__)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True)
class Mailbox:
    """Where it is, and who reads it. The password is never printed."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    is_encrypted: bool

    def __repr__(self) -> str:
        return f"{self.user} at {self.host}, folder {self.folder}"


def named(url: str) -> Mailbox:
    """`imaps://user:password@host/folder`; `imap://` only on this machine, where nobody listens."""
    parts = urlsplit(url)
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
        raise InvalidInput("A mailbox is named like imaps://user:password@host/INBOX.")
    is_encrypted = parts.scheme == "imaps"
    if not is_encrypted and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise InvalidInput("A mailbox on another machine is read by imaps:// only.")
    return Mailbox(
        host=parts.hostname,
        port=parts.port or (993 if is_encrypted else 143),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        is_encrypted=is_encrypted,
    )


def poll(mailbox: Mailbox, *, resolver: Resolver = resolver.ask) -> int:
    """Take in what is unread; answers how many were. Raises OSError or imaplib's error."""
    count = 0
    with _opened(mailbox) as server:
        _, found = server.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").split():
            if _take(server, uid.decode("ascii"), resolver):
                count += 1
    return count


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    place = (mailbox.host, mailbox.port)
    server: imaplib.IMAP4
    if mailbox.is_encrypted:  # by itself imaplib would check no certificate
        context = ssl.create_default_context()
        server = imaplib.IMAP4_SSL(*place, ssl_context=context, timeout=SECONDS)
    else:
        server = imaplib.IMAP4(*place, timeout=SECONDS)
    try:
        server.login(mailbox.user, mailbox.password)
        quoted = mailbox.folder.replace("\\", "\\\\").replace('"', '\\"')
        answer, _ = server.select(f'"{quoted}"')
        if answer != "OK":
            raise InvalidInput(f"There is no folder {mailbox.folder} in this mailbox.")
        yield server
    finally:
        try:
            server.logout()
        except (OSError, imaplib.IMAP4.error):
            logger.info("the mailbox's server did not take leave")


def _take(server: imaplib.IMAP4, uid: str, resolver: Resolver) -> bool:
    """One mail: stored, then marked. Of one that is too large only the headers are kept."""
    _, sizes = server.uid("FETCH", uid, "(RFC822.SIZE)")
    size = _SIZE.search(b" ".join(one for one in sizes if isinstance(one, bytes)))
    is_large = size is None or int(size[1]) > receiving.most()
    _, parts = server.uid("FETCH", uid, "(BODY.PEEK[HEADER])" if is_large else "(BODY.PEEK[])")
    raw = next((one[1] for one in parts if isinstance(one, tuple)), b"")
    if not raw:
        return False
    close_old_connections()
    if not _is_stored(raw, uid, receiving.TOO_LARGE if is_large else "", resolver):
        return False
    server.uid("STORE", uid, "+FLAGS", r"(\Seen)")
    return True


def _is_stored(raw: bytes, uid: str, refused: str, resolver: Resolver) -> bool:
    """A mail at which something breaks is kept as unreadable if it can be; it stops no other."""
    envelope = Envelope(sender=_return_path(raw))
    for why in (refused, receiving.UNREADABLE):
        try:
            receiving.receive(
                raw=raw, envelope=envelope, resolver=resolver, refused=why, at=clocks.now()
            )
            return True
        except (TryLater, DeskError) as error:
            logger.warning("mail %s stays unread: %s", uid, error)
            return False
        except (OSError, OperationalError, InterfaceError):  # no fault of this mail
            raise
        except Exception:
            logger.exception("mail %s could not be taken in", uid)
    return False


def _return_path(raw: bytes) -> str | None:
    """The envelope's sender as the mailbox's server wrote it down, or None."""
    head = re.split(rb"\r?\n\r?\n", raw[: 64 * 1024], maxsplit=1)[0]
    found = message_from_bytes(head + b"\r\n\r\n").get("Return-Path")
    return None if found is None else parseaddr(str(found))[1]
