"""Whether a mail is within the limits of all that its readers' time grows with. Bytes only.

The parser takes the square of some of these; every check here takes time by the length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

MOST_HEADERS = 256 * 1024  # bytes of the mail's headers, and of its parts' headers
MOST_FIELDS = 500  # headers before the first empty line
LONGEST_HEADER = 8 * 1024
LONGEST_KIND = 1024  # bytes of a header that says what a part is
MOST_PARTS = 100
MOST_KINDS = 5 * MOST_PARTS
MOST_SEPARATORS = 10_000  # lines that begin as those between parts do
MOST_STEPS = 10_000_000  # lines, each held against every separator

MANY_PARTS = "it has more parts than any mail needs"
LARGE_HEADERS = "its headers are larger than any mail's"
MANY_LINES = "it has more lines than any mail needs"
BAD_LINES = "its headers hold a line end or a NUL that no mail has"

_BARE = re.compile(rb"\r(?!\n)|\0")
_EMPTY = re.compile(rb"\r?\n\r?\n")
_FIELDS = re.compile(rb"\r?\n(?![ \t])")  # a header goes on where a line begins with a space
_BOUNDARY = re.compile(rb"boundary\s*=\s*\"?([^\";\s]+)", re.IGNORECASE)
_NAMED = re.compile(rb"boundary[\s*\d]*=", re.IGNORECASE)
# Wherever such a line stands, also in a mail inside of a mail: the parser may take it for a header.
_KIND = re.compile(
    rb"(?:\A|[\r\n])content-[^:\r\n]*:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.IGNORECASE
)


def refusal(raw: bytes) -> str:
    """Why it is not given to the parser; empty: it may be."""
    above = head(raw)
    fields = _FIELDS.split(above)
    if len(above) > MOST_HEADERS or len(fields) > MOST_FIELDS or _longest(fields) > LONGEST_HEADER:
        return LARGE_HEADERS
    if _BARE.search(above):  # some readers end a line there and others do not
        return BAD_LINES
    kinds = [one[0] for one in islice(_KIND.finditer(raw), MOST_KINDS + 1)]
    boundaries = _boundaries(raw, kinds)
    if boundaries is None:
        return MANY_PARTS
    if _longest(kinds) > LONGEST_KIND or not _are_small(_heads(raw, boundaries)):
        return LARGE_HEADERS
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    return MANY_LINES if lines * (1 + len(boundaries)) > MOST_STEPS else ""


def head(raw: bytes) -> bytes:
    """The headers that stand above, or as much of them as may."""
    return _EMPTY.split(raw[: MOST_HEADERS + 4], maxsplit=1)[0]


def _boundaries(raw: bytes, kinds: list[bytes]) -> set[bytes] | None:
    """What parts its parts; None if there are too many, or what parts them cannot be told."""
    types = [one for one in kinds if one.strip().lower().startswith(b"content-type")]
    many = [one for one in types if b"multipart" in one.lower()]
    if len(kinds) > MOST_KINDS or sum(b"message" in one.lower() for one in types) > MOST_PARTS:
        return None
    if raw.count(b"\n--") + raw.count(b"\r--") > MOST_SEPARATORS:
        return None
    if any(len(_NAMED.findall(one)) != 1 or not _BOUNDARY.search(one) for one in many):
        return None
    found = {one[1] for kind in many for one in _BOUNDARY.finditer(kind)}
    if len(found) > MOST_PARTS or any(set(one) & set(b"()\\") for one in found):
        return None
    return found if sum(raw.count(b"--" + one) for one in found) <= 3 * MOST_PARTS else None


def _heads(raw: bytes, boundaries: set[bytes]) -> Iterator[bytes]:
    """The headers of each part."""
    for one in boundaries:
        for found in re.finditer(re.escape(b"--" + one), raw):
            block = raw[found.end() : found.end() + MOST_HEADERS + 4]
            _, _, below = block.partition(b"\n")
            yield b"" if below.startswith((b"\n", b"\r\n")) else head(below)


def _are_small(heads: Iterator[bytes]) -> bool:
    """Each header of parts, and all of them together."""
    total = 0
    for one in heads:
        total += len(one)
        if total > MOST_HEADERS or _longest(_FIELDS.split(one)) > LONGEST_HEADER:
            return False
    return True


def _longest(lines: list[bytes]) -> int:
    return max(map(len, lines), default=0)
