"""Secrets that are shown once: how one is made, and the digest that is stored instead of it."""

from __future__ import annotations

import base64
import hashlib
import secrets


def secret() -> str:
    """One that nobody guesses; fit for an address."""
    return secrets.token_urlsafe(32)


def signing_secret() -> str:
    """One that signs what is sent to a program, as Standard Webhooks write it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def digest(said: str) -> str:
    """How a secret is stored. It is random and long, so it needs no slow hash."""
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
