"""What goes to servers on other machines: encrypted, to whom it is meant for.

`settings` asks for the database and Redis, `check --deploy` and the doctor for the mail server. A
server on this machine needs no TLS, and neither does one that PLAINTEXT_HOSTS names because nobody
else is on the network in between.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from incidentdesk.environment import is_loopback, stop

_WEAK = {"none", "optional", "cert_none", "cert_optional"}


def require_database(name: str, found: dict[str, Any], plaintext: Sequence[str]) -> None:
    """Stop unless the database that `name` leads to is near, allowed, or proves who it is."""
    host = str(found.get("HOST") or "")
    given = found.get("OPTIONS", {})
    if _is_near(host, found.get("PORT"), plaintext) or given.get("sslmode") == "verify-full":
        return
    stop(
        f"{name} leads to {host} without a certificate that is checked: add ?sslmode=verify-full "
        f"(and &sslrootcert=FILE of your own authority), or name {host} in PLAINTEXT_HOSTS if "
        "nobody else is on the network in between."
    )


def require_redis(url: str, plaintext: Sequence[str]) -> None:
    """Stop unless the Redis at `url` is near, allowed, or proves who it is."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    given = {name: value[0].lower() for name, value in parse_qs(parts.query).items()}
    is_weak = given.get("ssl_cert_reqs") in _WEAK or given.get("ssl_check_hostname") == "false"
    if "socket" in parts.scheme or _is_near(host, parts.port, plaintext):
        return
    if parts.scheme == "rediss" and not is_weak:
        return
    stop(
        f"REDIS_URL leads to {host} without a certificate that is checked: use rediss:// "
        "(and ?ssl_ca_certs=FILE of your own authority), without ssl_cert_reqs and "
        f"ssl_check_hostname, or name {host} in PLAINTEXT_HOSTS if nobody else is on the network "
        "in between."
    )


def of_broker(url: str) -> dict[str, Any] | None:
    """What Celery has to be told of TLS to Redis; what stands after the ? it reads itself.

    Without this it would check no certificate of a rediss:// address that has nothing after the ?.
    """
    if not url.startswith("rediss://"):
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}


def is_mail_in_clear(settings: Any) -> bool:
    """Whether what goes to the mail server of these settings by SMTP can be read on the way."""
    if settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL:
        return False
    return not _is_near(settings.EMAIL_HOST, settings.EMAIL_PORT, settings.PLAINTEXT_HOSTS)


def _is_near(host: str, port: object, plaintext: Sequence[str]) -> bool:
    is_here = not host or host.startswith("/") or is_loopback(host)
    return is_here or bool({host, f"{host}:{port}"} & set(plaintext))
