"""Mail as partners' servers send it: signed with real keys, beside a zone of a DNS of our own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cases.intake.mail import receiving
from cases.intake.mail.resolver import Unreachable
from cases.intake.mail.verdicts import Envelope
from cases.models import Letter
from tests.conftest import NOW

DOMAIN = "desk.test"
REPORT = f"report@{DOMAIN}"


class Zone(dict[tuple[str, str], list[Any]]):
    """What the DNS says; a name with None gives no answer at all."""

    asked: list[str]

    def __call__(self, name: str, kind: str) -> list[Any]:
        self.asked.append(f"{name} {kind}")
        found = self.get((name, kind), [])
        if found is None:
            raise Unreachable(name)
        return found


def _key() -> tuple[bytes, bytes]:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


KEYS = {name: _key() for name in ("helix.test", "norrbank.test", "desk.test", "evil.test")}


@pytest.fixture
def zone(settings: Any) -> Zone:
    """Each domain's DKIM key, and SPF that names 192.0.2.10 for Helix; the desk takes mail."""
    settings.INBOUND_DOMAIN = DOMAIN
    made = Zone()
    made.asked = []
    for domain, (_, public) in KEYS.items():
        text = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        made["k1._domainkey." + domain, "TXT"] = [(text[:200], text[200:])]
    made["helix.test", "TXT"] = [(b"v=spf1 ip4:192.0.2.10 -all",)]
    return made


def mail(
    sender: str = "Helix contact <contact@helix.test>",
    *,
    to: str = REPORT,
    subject: str = "Odd fills",
    text: str = "Two fills came twice.",
    message_id: str = "<one@helix.test>",
    **headers: str,
) -> EmailMessage:
    """A mail that a person writes now."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"], made["Message-ID"] = format_datetime(NOW), message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def signed(message: EmailMessage | bytes, domain: str = "helix.test", **how: Any) -> bytes:
    """Its bytes, with this domain's signature above them."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    names = how.pop("include_headers", [b"from", b"to", b"subject", b"date", b"message-id"])
    line = dkim.sign(raw, b"k1", domain.encode(), KEYS[domain][0], include_headers=names, **how)
    return line + raw


@pytest.fixture
def receive(zone: Zone) -> Callable[..., Letter]:
    """`receive(raw)`: it comes by SMTP from an address that nobody vouches for."""

    def take(raw: bytes, **envelope: Any) -> Letter:
        known = {"sender": "contact@helix.test", "recipients": (REPORT,), "peer": "198.51.100.9"}
        came = Envelope(**{**known, **envelope})
        return receiving.receive(raw=raw, envelope=came, resolver=zone, at=NOW)

    return take
