"""AWS SNS at the door: which topics are taken, whether Amazon signed it, and the subscription.

After AWS's “Verifying the signatures of Amazon SNS messages”: the certificate comes over HTTPS from
sns.<region>.amazonaws.com, of the region of the topic, and from nowhere else; a confirmation goes
to the same host, to an address that is made here and not taken from the message. The network is
used before anything is written, never inside a transaction.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string

from cases.intake import alerts, formats, sns
from cases.intake.receipt import Receipt
from cases.intake.signal import mapping, moment, text
from cases.models import Event, Source
from incidentdesk.kernel import outgoing
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.shown_once import digest

OLDEST = timedelta(hours=1)  # of a message, by the time that Amazon signed
AHEAD = timedelta(minutes=5)  # that a clock may go before ours
MOST_BYTES = 64 * 1024  # of what Amazon answers
CERTIFICATE_SECONDS = 24 * 3600  # that a certificate is kept
_REGION = re.compile(r"arn:aws:sns:([a-z0-9-]{4,30}):\d{12}:[\w-]{1,256}(?:\.fifo)?")
_CERTIFICATE = "https://sns.{}.amazonaws.com/SimpleNotificationService-"
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_SIGNED = {
    sns.NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    sns.CONFIRMATION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED[sns.CONFIRMATION]

Fetch = Callable[[str], tuple[int, bytes]]  # an address → the status and the body of the answer


class NotSigned(InvalidInput):
    """Amazon did not sign this message."""


class Unreachable(Exception):
    """Amazon did not answer; the message has to be sent again."""


@dataclass(frozen=True)
class Envelope:
    """What is looked at before anything is believed."""

    fields: dict[str, str]
    region: str

    @classmethod
    def of(cls, raw: str) -> Envelope:
        """Read it; InvalidInput says what it lacks."""
        payload = mapping(formats.payload_of(raw), "The body")
        fields = {n: v for n, v in payload.items() if isinstance(v, str)}
        if fields.get("Type") not in _SIGNED:
            raise InvalidInput("The body is no message of AWS SNS.")
        needed = {*_SIGNED[fields["Type"]], "SignatureVersion", "Signature", "SigningCertURL"}
        if missing := sorted(needed - {"Subject"} - set(fields)):
            raise InvalidInput(f"The message has no {missing[0]}.")
        region = _REGION.fullmatch(fields["TopicArn"])
        if region is None:
            raise InvalidInput("TopicArn is no ARN of a topic.")
        return cls(fields, region[1])

    @property
    def signed(self) -> bytes:
        """What the signature is of: names and values, a line each, in Amazon's order."""
        names = [name for name in _SIGNED[self.fields["Type"]] if name in self.fields]
        return "".join(f"{name}\n{self.fields[name]}\n" for name in names).encode()


def take(*, key: str, raw: str, at: datetime) -> Receipt | None:
    """A message of SNS. None if no source has this key; InvalidInput says why it is refused.

    Unreachable if it has to come again. One that came already is answered and counts once.
    """
    rows = Source.objects.with_key(key, Source.Format.SNS, at=at)
    source = rows.select_related("category").first()
    if source is None:
        return None
    source.is_by_former_key = source.key_digest != digest(key)
    try:
        envelope = Envelope.of(raw)
        _require_expected(source, envelope, at=at)
        _require_signed(envelope, at=at)
        signals = formats.read(source.format, raw)
    except InvalidInput as error:
        alerts.refuse(source=source, raw=_masked(raw), why=str(error), at=at)
        raise
    fields = envelope.fields
    if Event.objects.filter(source=source, delivery_id=fields["MessageId"][:100]).exists():
        return Receipt(status="repeated")
    said = ""
    if fields["Type"] == sns.CONFIRMATION:
        _confirm(envelope)
        said = f"confirmed the subscription to {fields['TopicArn']}"
    return alerts.receive(
        source=source,
        raw=_masked(raw),
        signals=signals,
        delivery_id=fields["MessageId"][:100],
        said=said,
        at=at,
    )


def topics_of(source: Source) -> set[str]:
    """The topics that a source names."""
    return {line.strip() for line in source.topics.splitlines()} - {""}


def wrong_topic(topics: str) -> str:
    """The first line that is no ARN of a topic; '' if all are."""
    lines = (line.strip() for line in topics.splitlines())
    return next((line for line in lines if line and not _REGION.fullmatch(line)), "")


def _require_expected(source: Source, envelope: Envelope, *, at: datetime) -> None:
    topic, sent = envelope.fields["TopicArn"], moment(envelope.fields["Timestamp"])
    if topic not in topics_of(source):
        raise InvalidInput(f"The source does not name the topic {text(topic, 200)}; add it there.")
    if sent is None or not at - OLDEST <= sent <= at + AHEAD:
        raise InvalidInput("The message is older than an hour, or has no time.")


def _require_signed(envelope: Envelope, *, at: datetime) -> None:
    fields = envelope.fields
    algorithm = _HASHES.get(fields["SignatureVersion"])
    if algorithm is None:
        raise NotSigned("The desk knows signatures of version 1 and 2.")
    key = _key(envelope, at=at)
    try:
        signature = base64.b64decode(fields["Signature"], validate=True)
        key.verify(signature, envelope.signed, padding.PKCS1v15(), algorithm())
    except (InvalidSignature, ValueError):
        raise NotSigned("The signature is not Amazon's.") from None


def _key(envelope: Envelope, *, at: datetime) -> rsa.RSAPublicKey:
    """The public key of the certificate that the message names, once it is known to be Amazon's."""
    url = envelope.fields["SigningCertURL"]
    begins = _CERTIFICATE.format(envelope.region)
    if not re.fullmatch(re.escape(begins) + r"[A-Za-z0-9]{1,80}\.pem", url):
        raise NotSigned("The certificate is not where Amazon keeps those of this region.")
    known = f"sns-{digest(url)}"
    pem = cache.get(known)
    try:
        certificate = x509.load_pem_x509_certificate(pem or _fetched(url))
    except ValueError:
        raise Unreachable("What Amazon sent is no certificate.") from None
    key = certificate.public_key()
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise NotSigned("The certificate is not valid at this time.")
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotSigned("The certificate has no RSA key.")
    if pem is None:
        cache.set(known, certificate.public_bytes(Encoding.PEM), CERTIFICATE_SECONDS)
    return key


def _confirm(envelope: Envelope) -> None:
    """Tell Amazon that the messages of this topic are wanted."""
    fields = envelope.fields
    asked = {
        "Action": "ConfirmSubscription",
        "TopicArn": fields["TopicArn"],
        "Token": fields["Token"],
    }
    _fetched(f"https://sns.{envelope.region}.amazonaws.com/?{urlencode(asked)}")


def _fetched(url: str) -> bytes:
    fetch = cast(Fetch, import_string(settings.SNS_FETCH))
    try:
        status, body = fetch(url)
    except outgoing.Failed as error:
        raise Unreachable("Amazon did not answer.") from error
    if status != 200:
        raise Unreachable(f"Amazon answered {status}.")
    return body


def fetch(url: str) -> tuple[int, bytes]:
    """The status and, as far as `MOST_BYTES`, the body of an address of Amazon's."""
    answer = outgoing.call("GET", url, outgoing.PUBLIC, caps=outgoing.Caps(most=MOST_BYTES))
    return answer.status, answer.body


def _masked(raw: str) -> str:
    """A message as it is kept: without what would confirm or end a subscription."""
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    if not isinstance(fields, dict):
        return raw
    secret = [name for name in ("Token", "SubscribeURL", "UnsubscribeURL") if name in fields]
    return json.dumps(fields | dict.fromkeys(secret, "(not kept)")) if secret else raw
