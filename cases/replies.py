"""The address that an answer by mail goes to: `reply+i17-<seal>@desk.example`.

It says which partner's view of an incident (`i`) or which request (`q`) is answered, and is sealed
by the desk's secret key, so that nobody makes one up. It lets nobody in: who answers has to be an
authenticated contact of that very partner. Letters and digits only, since mail servers may change
the case of an address; below 64 characters before the @ (RFC 5321, 4.5.3.1.1).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

INCIDENT, REQUEST = "i", "q"
_SALT = "cases.replies"
_ADDRESS = re.compile(r"reply\+([iq])(\d{1,18})-([a-z2-7]{26})")


@dataclass(frozen=True)
class Target:
    """What is answered: the kind, and the id of the involvement or of the request."""

    kind: str
    pk: int


def address(kind: str, pk: int) -> str:
    """Where an answer goes; empty where the desk takes no mail."""
    domain = settings.INBOUND_DOMAIN
    return f"reply+{kind}{pk}-{_seal(kind, pk)}@{domain}" if domain else ""


def targets(addresses: tuple[str, ...]) -> tuple[set[Target], bool]:
    """What these addresses answer, and whether one of them looks so but is not ours."""
    found, is_forged = set[Target](), False
    for one in addresses:
        local, _, domain = one.lower().rpartition("@")
        if domain != settings.INBOUND_DOMAIN or not local.startswith("reply+"):
            continue
        read = _ADDRESS.fullmatch(local)
        if read and constant_time_compare(read[3], _seal(read[1], int(read[2]))):
            found.add(Target(read[1], int(read[2])))
        else:
            is_forged = True
    return found, is_forged


def _seal(kind: str, pk: int) -> str:
    """130 bits."""
    digest = salted_hmac(_SALT, f"{kind}{pk}", algorithm="sha256").digest()
    return base64.b32encode(digest).decode("ascii").lower()[:26]
