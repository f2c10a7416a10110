"""What a mail says, out of its bytes. Never fails: what cannot be read is read as having a fault.

Nothing of it is believed here, and nothing is kept as HTML.
"""

from __future__ import annotations

import codecs
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MissingHeaderBodySeparatorDefect
from email.message import EmailMessage, Message
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from typing import Any

from django.core.files.base import ContentFile

from cases.intake.mail import limits
from incidentdesk.kernel import markdown, uploads

DEEPEST, MOST_FILES = 10, 10
LONGEST = 100_000  # characters of its text
MOST_HTML = 200_000  # characters that are reduced to text, which takes their square
# Twice there, each reader could take another one: nobody's mail has them so.
ONCE = ("from", "subject", "date", "message-id", "to", "cc", "content-type", "mime-version")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# Those that are written, and that take time by their length; punycode and others take its square.
_CHARSETS = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d{1,2}|(windows-|cp)125\d|koi8-[ru]|shift_jis"
    r"|euc-(jp|kr)|gb2312|gbk|gb18030|big5|iso-2022-jp"
)


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


class _Policy(EmailPolicy):
    """As usual, but for headers of parts, which are asked for often and cost much to take apart."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """Such a header as text."""
        if not name.lower().startswith("content-"):
            return super().header_fetch_parse(name, value)
        line = value.replace("\r", "").replace("\n", "")
        return line.encode("ascii", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True)
class _Part:
    """A part that holds something, and what its headers say of it."""

    message: Message
    kind: str
    name: str
    is_file: bool


def read(raw: bytes) -> Mail:
    """Read a mail within limits of size, parts and depth; of what is beyond them, its raw text."""
    if refused := limits.refusal(raw):
        return Mail(text=_as_it_came(raw), fault=refused)
    try:
        return _mail(message_from_bytes(raw, policy=_Policy()))
    except (Exception, RecursionError):  # noqa: BLE001 -- the parser fails on bad mail in many ways
        return Mail(text=_as_it_came(raw), fault="it cannot be read as a mail")


def _as_it_came(raw: bytes) -> str:
    return cleaned(raw[:LONGEST].decode("utf-8", "replace"))


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
    names = [name.lower() for name in message]
    twice = [name for name in ONCE if names.count(name) > 1]
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
    """Address and name, of each in the first header of this name."""
    header: Any = message.get(name)
    return [
        (cleaned(one.addr_spec, 320).lower(), " ".join(cleaned(one.display_name).split())[:120])
        for one in (() if header is None else header.addresses)
    ]


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message.get("date", "")))
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _leaves(part: Message, depth: int = 0) -> Iterator[_Part]:
    """The parts that hold something; a mail inside a mail is one of them, as a file."""
    if depth > DEEPEST:
        raise RecursionError
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.get_payload():
            yield from _leaves(inner, depth + 1)  # type: ignore[arg-type]
        return
    kind, name = part.get_content_type(), _name(part)
    is_text = kind in ("text/plain", "text/html")
    is_file = not is_text or part.get_content_disposition() == "attachment" or bool(name)
    yield _Part(part, kind, name, is_file)


def _name(part: Message) -> str:
    """Of a file; many write it as the words of a subject are written."""
    found = part.get_filename() or ""
    return str(policy.default.header_factory("subject", found)) if "=?" in found else found


def _text(parts: list[_Part]) -> str:
    """The plain text if there is any, or else what the HTML says."""
    plain = _said(parts, "text/plain", LONGEST)
    if any(one.strip() for one in plain):
        return cleaned("\n\n".join(plain))
    html = _said(parts, "text/html", MOST_HTML)
    return cleaned("\n\n".join(markdown.text_of(one) for one in html))


def _said(parts: list[_Part], kind: str, most: int) -> list[str]:
    """The texts of this kind, so many characters of all of them together."""
    found: list[str] = []
    for part in parts:
        if part.kind == kind and not part.is_file and most > 0:
            found.append(_decoded(part.message, most))
            most -= len(found[-1])
    return found


def _decoded(part: Message, most: int) -> str:
    """The beginning, in the character set that it names, or the nearest that reads it."""
    data = _payload(part)
    kept, is_whole = data[: 4 * most], len(data) <= 4 * most
    named = part.get_content_charset() or ""
    for charset in filter(None, (named if _CHARSETS.fullmatch(named) else "", "utf-8")):
        try:
            return codecs.getincrementaldecoder(charset)().decode(kept, is_whole)[:most]
        except (LookupError, ValueError):
            continue
    return kept.decode("latin-1")[:most]


def _files(parts: list[_Part]) -> tuple[list[ContentFile[Any]], int]:
    """The files within our limits, and how many are not among them."""
    found, left_out = list[ContentFile[Any]](), 0
    for part in parts:
        if not part.is_file:
            continue
        data = b"" if len(found) == MOST_FILES else _bytes(part)
        if not data or len(data) > uploads.limit():
            left_out += 1
            continue
        ending = mimetypes.guess_extension(part.kind) or ".bin"
        found.append(ContentFile(data, name=cleaned(part.name or f"file{ending}", 255)))
    return found, left_out


def _bytes(part: _Part) -> bytes:
    if part.kind == "message/rfc822" and part.message.is_multipart():
        inner: Any = part.message.get_payload(0)
        return bytes(inner.as_bytes(policy=policy.compat32))
    return _payload(part.message)


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
