"""The address of somebody's program, as it is typed; the door of calls looks again at each."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from incidentdesk.kernel import networks, outgoing
from incidentdesk.kernel.errors import InvalidInput


def checked(url: str, *, field: str) -> str:
    """An address that can be called; where its name leads is looked at when it is. `field` is the
    argument that a refusal is about."""
    url = url.strip()
    if (why := _refusal(url)) is not None:
        raise InvalidInput(why, field=field)
    return url


def _refusal(url: str) -> str | None:
    """Why it cannot be called, and what to give instead."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it is what checks it
    except ValueError:
        parts = urlsplit("")
    plain = settings.WEBHOOK_LOOPBACK and parts.scheme == "http"
    is_good = url.isascii() and url.isprintable() and " " not in url
    if not is_good or not parts.hostname or not (parts.scheme == "https" or plain):
        return "Give an address that begins with https://, as your program has it."
    if parts.username or parts.password or parts.fragment:
        return "Leave user name, password and # out; each call is signed instead."
    if not _may_be_public(parts.hostname):
        return "Give an address that can be reached from the internet."
    if not outgoing.is_web_port(parts.port):
        return f"Give an address with another port. {outgoing.PORTS}"
    return "Keep the address to 300 characters." if len(url) > 300 else None


def _may_be_public(host: str) -> bool:
    """Whether a host can be one of the internet; a name is looked at when it is called."""
    try:
        return networks.is_public(host) or settings.WEBHOOK_LOOPBACK
    except ValueError:  # a name
        return host != "localhost" or settings.WEBHOOK_LOOPBACK
