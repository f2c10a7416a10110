"""Signatures: a source that has a signing secret takes only what was signed with it.

Sentry signs the body; Grafana the body, or a time and the body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cases.models import Source
from incidentdesk.kernel.encrypted import Lost

MOST_AGE = timedelta(minutes=5)  # of a signed time, either way

Headers = Mapping[str, str]


def refusal(*, key: str, source_format: str, headers: Headers, body: bytes, at: datetime) -> str:
    """Why this is not taken, if the source with this key wants a signature; empty if it is."""
    if source_format not in _CHECKS:
        return ""
    rows = Source.objects.with_key(key, source_format, at=at)
    secret = rows.values_list("signing_secret", flat=True).first()
    if isinstance(secret, Lost):
        return "The desk cannot read this source's signing secret any more; give it a new one."
    if secret and not _CHECKS[source_format](secret, headers, body, at):
        return "The signature is not right; check the signing secret."
    return ""


def _sentry(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    return _fits(secret, body, headers.get("Sentry-Hook-Signature", ""))


def _grafana(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    said, sent = (headers.get(f"X-Grafana-Alerting-{n}", "") for n in ("Signature", "Timestamp"))
    if not sent:
        return _fits(secret, body, said)
    is_recent = sent.isdecimal() and len(sent) < 12
    is_recent = is_recent and abs(at.timestamp() - int(sent)) <= MOST_AGE.total_seconds()
    return is_recent and _fits(secret, f"{sent}:".encode() + body, said)


def _fits(secret: str, signed: bytes, said: str) -> bool:
    made = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made.encode(), said.strip().lower().encode("utf-8", "replace"))


_CHECKS: dict[str, Callable[[str, Headers, bytes, datetime], bool]] = {
    Source.Format.SENTRY: _sentry,
    Source.Format.GRAFANA: _grafana,
}
SIGNED = tuple(_CHECKS)
