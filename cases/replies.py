"""The address that an answer by mail goes to: `reply+<40 letters and digits>@desk.example`.

They hold which partner's view of an incident or which request is answered, encrypted and sealed by
the desk's secret key (AES-SIV, RFC 5297), so that nobody makes one up, and nobody reads from two of
them how many others there were in between. It lets nobody in: who answers has to be an
authenticated contact of that very partner. Letters and digits only, since mail servers may change
the case of an address; below 64 characters before the @ (RFC 5321, 4.5.3.1.1).
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings

from incidentdesk.kernel import encrypted

INCIDENT, REQUEST = "i", "q"
_SALT = "cases.replies"
_ADDRESS = re.compile(r"reply\+([a-z2-7]{40})")
_INSIDE = struct.Struct(">cQ")  # the kind and the id: with the seal 25 bytes, which are 40 letters


@dataclass(frozen=True)
class Target:
    """What is answered: the kind, and the id of the involvement or of the request."""

    kind: str
    pk: int


def address(kind: str, pk: int) -> str:
    """Where an answer goes; empty where the desk takes no mail."""
    domain = settings.INBOUND_DOMAIN
    return f"reply+{_sealed(kind, pk)}@{domain}" if domain else ""


def targets(addresses: tuple[str, ...]) -> tuple[set[Target], bool]:
    """What these addresses answer, and whether one of them looks so but is not ours."""
    found, is_forged = set[Target](), False
    for one in addresses:
        local, _, domain = one.lower().rpartition("@")
        if domain != settings.INBOUND_DOMAIN or not local.startswith("reply+"):
            continue
        read = _ADDRESS.fullmatch(local)
        if read and (target := _opened(read[1])):
            found.add(target)
        else:
            is_forged = True
    return found, is_forged


def _sealed(kind: str, pk: int) -> str:
    sealed = _box(encrypted.keys(_SALT)[0]).encrypt(_INSIDE.pack(kind.encode(), pk), None)
    return base64.b32encode(sealed).decode("ascii").lower()


def _opened(letters: str) -> Target | None:
    """What was sealed by this desk, with the present key or a former one."""
    sealed = base64.b32decode(letters.upper())
    for key in encrypted.keys(_SALT):
        try:
            kind, pk = _INSIDE.unpack(_box(key).decrypt(sealed, None))
        except InvalidTag:
            continue
        return Target(kind.decode(), pk)
    return None


@lru_cache(maxsize=8)
def _box(key: bytes) -> AESSIV:
    return AESSIV(key)
