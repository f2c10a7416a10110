"""What a mail says, out of its bytes. Never fails: what cannot be read is read as having a fault.

Nothing of it is believed here, and nothing is kept as HTML.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MissingHeaderBodySeparatorDefect
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

from django.core.files.base import ContentFile

from incidentdesk.kernel import markdown, uploads

MOST_HEADERS = 256 * 1024  # bytes before the first empty line
LONGEST_HEADER = 8 * 1024
MOST_PARTS, DEEPEST, MOST_FILES = 100, 10, 10
LONGEST = 100_000  # characters of its text
_HTML = 2_000_000  # characters that are reduced to text
# Twice there, each reader could take another one: nobody's mail has them so.
ONCE = ("from", "subject", "date", "message-id", "to", "cc", "content-type", "mime-version")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_BARE = re.compile(rb"\r(?!\n)|\0")
_BOUNDARY = re.compile(rb"boundary\s*=\s*\"?([^\";\s]+)", re.IGNORECASE)
_TYPE = re.compile(rb"^content-type\s*:.*(?:\r?\n[ \t].*)*", re.IGNORECASE | re.MULTILINE)
_EMPTY = re.compile(rb"\r?\n\r?\n")
_LINES = re.compile(rb"\r?\n(?![ \t])")  # a header goes on where a line begins with a space


@dataclass(frozen=True)
class Mail:
    """A mail as read. `fault` says why its sender cannot be told for sure; empty: it can."""

    sender: str = ""  # the one address in From, in lower case
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    message_id: str = ""
    date: datetime | None = None
    named: tuple[str, ...] = ()  # addresses in To and Cc, in lower case
    files: tuple[ContentFile[Any], ...] = ()
    left_out: int = 0  # files that are not among these: too many, too large, empty or unreadable
    fault: str = ""
    headers: Message = field(default_factory=EmailMessage)

    @property
    def domain(self) -> str:
        """Of the sender's address."""
        return self.sender.rpartition("@")[2]


def read(raw: bytes) -> Mail:
    """Read a mail within limits of size, parts and depth."""
    if refused := _refusal(raw):
        return Mail(fault=refused)
    try:
        return _mail(message_from_bytes(raw, policy=policy.default))
    except (Exception, RecursionError):  # noqa: BLE001 -- the parser fails on bad mail in many ways
        return Mail(fault="it cannot be read as a mail")


def _refusal(raw: bytes) -> str:
    """Why it is not given to the parser, whose time grows with the square of some of these."""
    head = _head(raw, 0)
    if _BARE.search(head):  # some readers end a line there and others do not
        return "its headers hold a line end or a NUL that no mail has"
    boundaries = _boundaries(raw)
    if boundaries is None:
        return "it has more parts than any mail needs"
    heads = [head]
    for one in boundaries:
        heads += [_head(raw, found.end()) for found in re.finditer(re.escape(b"--" + one), raw)]
    longest = max(len(line) for each in heads for line in _LINES.split(each))
    if len(head) > MOST_HEADERS or longest > LONGEST_HEADER:
        return "its headers are larger than any mail's"
    return ""


def _boundaries(raw: bytes) -> set[bytes] | None:
    """What parts its parts; None if there are too many, or what parts them cannot be told."""
    found = {one[1] for one in islice(_BOUNDARY.finditer(raw), MOST_PARTS + 1)}
    if len(found) > MOST_PARTS or raw.lower().count(b"message/rfc822") > MOST_PARTS:
        return None
    if any(set(one) & set(b"()\\") for one in found):
        return None
    types = (one[0] for one in _TYPE.finditer(raw))
    if any(b"multipart" in one.lower() and not _BOUNDARY.search(one) for one in types):
        return None
    return found if sum(raw.count(b"--" + one) for one in found) <= 3 * MOST_PARTS else None


def _head(raw: bytes, start: int) -> bytes:
    """The headers that begin there."""
    block = (
        raw[start : start + MOST_HEADERS + 4].lstrip(b"\r\n") if start else raw[: MOST_HEADERS + 4]
    )
    return _EMPTY.split(block, maxsplit=1)[0]


def cleaned(text: str, most: int = LONGEST) -> str:
    """Without what a database refuses and what steers a screen."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", plain)[:most].strip()


def _mail(message: Message) -> Mail:
    senders = _addresses(message, "from")
    address, name = senders[0] if len(senders) == 1 else ("", "")
    parts = list(_leaves(message))
    files, left_out = _files(parts)
    named = [one for header in ("to", "cc") for one, _ in _addresses(message, header)]
    return Mail(
        sender=address,
        sender_name=name,
        subject=_line(message, "subject", 200),
        text=_text(parts),
        message_id=_line(message, "message-id", 300),
        date=_date(message),
        named=tuple(dict.fromkeys(named))[:50],
        files=tuple(files),
        left_out=left_out,
        fault=_fault(message, address),
        headers=message,
    )


def _fault(message: Message, address: str) -> str:
    twice = [name for name in ONCE if len(message.get_all(name, [])) > 1]
    if twice:
        return f"it has the header {twice[0].title()} more than once"
    if any(isinstance(one, MissingHeaderBodySeparatorDefect) for one in message.defects):
        return "something stands among its headers that is none"
    if not re.fullmatch(r"[^\s@<>\"]{1,200}@[a-z0-9.-]{1,255}", address):
        return "it does not come from one plain address"
    return ""


def _line(message: Message, name: str, most: int) -> str:
    return " ".join(cleaned(str(message.get(name, ""))).split())[:most]


def _addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Address and name, of each in a header."""
    headers: list[Any] = message.get_all(name, [])
    found = [one for header in headers for one in header.addresses]
    return [
        (cleaned(one.addr_spec, 320).lower(), " ".join(cleaned(one.display_name).split())[:120])
        for one in found
    ]


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message.get("date", "")))
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _leaves(part: Message, depth: int = 0) -> Iterator[Message]:
    """The parts that hold something; a mail inside a mail is one of them, as a file."""
    if depth > DEEPEST:
        raise RecursionError
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.get_payload():
            yield from _leaves(inner, depth + 1)  # type: ignore[arg-type]
    else:
        yield part


def _is_file(part: Message) -> bool:
    is_text = part.get_content_type() in ("text/plain", "text/html")
    return (
        not is_text or part.get_content_disposition() == "attachment" or bool(part.get_filename())
    )


def _text(parts: list[Message]) -> str:
    """The plain text if there is any, or else what the HTML says."""
    texts = [part for part in parts if not _is_file(part)]
    plain = [_decoded(part) for part in texts if part.get_content_type() == "text/plain"]
    if any(one.strip() for one in plain):
        return cleaned("\n\n".join(plain))
    html = [_decoded(part) for part in texts if part.get_content_type() == "text/html"]
    return cleaned("\n\n".join(markdown.text_of(one[:_HTML]) for one in html))


def _decoded(part: Message) -> str:
    """In the character set that it names, or the nearest that reads it."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")


def _files(parts: list[Message]) -> tuple[list[ContentFile[Any]], int]:
    """The files within our limits, and how many are not among them."""
    found, left_out = list[ContentFile[Any]](), 0
    for part in filter(_is_file, parts):
        data = _bytes(part)
        if not data or len(data) > uploads.limit() or len(found) == MOST_FILES:
            left_out += 1
            continue
        ending = mimetypes.guess_extension(part.get_content_type()) or ".bin"
        found.append(ContentFile(data, name=cleaned(part.get_filename() or f"file{ending}", 255)))
    return found, left_out


def _bytes(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        return bytes(part.get_payload(0).as_bytes(policy=policy.compat32))  # type: ignore[union-attr]
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
