"""Words that stand nowhere else, one for each field: whoever reads one knows where it came from."""

from __future__ import annotations

import html
import io
import re
import secrets
import string
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

LONG_AGO = datetime(2001, 3, 5, 9, 41, tzinfo=UTC)  # its references leave no gap in this year's
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


@dataclass
class Canaries:
    """The words of one side; each begins alike, so one search finds them all."""

    whose: str
    salt: str = field(
        default_factory=lambda: (
            "Q" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(6))
        )
    )
    places: list[str] = field(default_factory=list)
    spoken: set[str] = field(default_factory=set)  # other texts that give this side away

    def word(self, place: str) -> str:
        """A new word for this place: capital letters and digits, ten of them."""
        self.places.append(place)
        return f"{self.salt}{len(self.places) - 1:03d}"

    def found_in(self, text: str) -> list[str]:
        """The places whose words stand in the text, in words."""
        numbers = re.findall(rf"{self.salt}(\d{{3}})", text, re.IGNORECASE)
        places = {self.places[int(number)] for number in numbers if int(number) < len(self.places)}
        places |= {f"“{said}”" for said in self.spoken if said.lower() in text.lower()}
        return sorted(f"{place} of {self.whose}" for place in places)


def readable(content: bytes) -> str:
    """What a person or a program can read in an answer: pages, archives, compressed documents."""
    texts = [content.decode("utf-8", "replace")]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts += [*archive.namelist(), *(readable(archive.read(n)) for n in archive.namelist())]
    if content.startswith(b"%PDF"):
        texts += [_inflated(part) for part in _STREAM.findall(content)]
    return html.unescape("\n".join(texts))


def _inflated(part: bytes) -> str:
    try:
        return zlib.decompressobj().decompress(part).decode("latin-1")
    except zlib.error:
        return ""
