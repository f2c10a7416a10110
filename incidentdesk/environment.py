"""Reading the environment: every value is checked, and a bad one stops the start in one sentence.

Used by `settings` only. A secret may also come from the file that `NAME_FILE` names.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import dj_database_url
from environs import Env, EnvError

env = Env()
CONNECTION = {  # seconds, the last in ms: a network that swallows all holds nobody for long
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


def stop(sentence: str) -> Any:
    """End the start with a sentence for the person who reads it."""
    sys.exit(f"incidentdesk: {sentence}")


def secret(name: str) -> str:
    """The value of `name`, or the content of the file that `name_FILE` names, or ''."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            stop(f"{name}_FILE names {file}, which cannot be read ({error.strerror}).")
    return os.environ.get(name, "")


def flag(name: str, *, default: bool) -> bool:
    """A yes/no setting."""
    try:
        return bool(env.bool(name, default)) if os.environ.get(name) else default
    except EnvError:
        return bool(stop(f"{name} must be true or false, not “{os.environ[name]}”."))


def number(name: str, *, default: int, most: int, least: int = 1) -> int:
    """A whole number from `least` to `most`."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and least <= int(value[:9]) <= most):
        stop(f"{name} must be a whole number from {least} to {most}, not “{value}”.")
    return int(value)


def page(name: str, url: str) -> str:
    """The address of a page, or ''; it may hold a secret and is not repeated."""
    parts = address(name, url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        stop(f"{name} must look like https://hc-ping.com/your-check.")
    return url


def hosts(name: str) -> list[str]:
    """Hosts, each with its port if it has one, separated by commas."""
    found = [host.strip().lower() for host in os.environ.get(name, "").split(",")]
    for host in filter(None, found):
        if not address(name, f"//{host}").hostname or set(host) & set("/@?# "):
            stop(f"{name} must be hosts like prometheus.internal:9090, not “{host}”.")
    return [host for host in found if host]


def address(name: str, url: str) -> SplitResult:
    """`url` in its parts, with a host and a port that can be read."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it is what checks it
    except ValueError as error:
        stop(f"{name} cannot be read as an address ({error}).")
    return parts


def database(url: str, name: str) -> dict[str, Any]:
    """A PostgreSQL address as Django wants it; connections are kept open."""
    address(name, url)
    if not url.startswith(("postgres://", "postgresql://")):
        stop(f"{name} must begin with postgresql://; the desk runs on PostgreSQL and nothing else.")
    found: dict[str, Any] = dict(
        dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
    )
    return found | {"OPTIONS": CONNECTION | found.get("OPTIONS", {})}


def smtp(url: str) -> dict[str, Any]:
    """`smtp://user:pass@host:587?tls=starttls|tls|none` as Django's mail settings."""
    parts = address("EMAIL_URL", url)
    tls = parse_qs(parts.query).get("tls", ["none"])[0]
    if parts.scheme != "smtp" or not parts.hostname or tls not in ("none", "starttls", "tls"):
        stop("EMAIL_URL must look like smtp://user:pass@host:587?tls=starttls (or tls, or none).")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if tls == "tls" else 587 if tls == "starttls" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": tls == "starttls",
        "EMAIL_USE_SSL": tls == "tls",
    }


def listening(name: str) -> tuple[str, int] | None:
    """`host:port` to listen on; None where it is not set."""
    value = os.environ.get(name, "")
    if not value:
        return None
    parts = address(name, f"//{value}")
    if not parts.hostname or not parts.port or set(value) & set("/@?# "):
        stop(f"{name} must look like 127.0.0.1:2525, not “{value}”.")
    return str(parts.hostname), int(parts.port or 0)


def domain(name: str) -> str:
    """A domain such as desk.example.com, in lower case; '' where it is not set."""
    value = os.environ.get(name, "").strip().lower()
    if value and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", value):
        stop(f"{name} must be a domain like desk.example.com, not “{value}”.")
    return value


def addresses(name: str) -> list[str]:
    """IP addresses separated by commas."""
    found = [one.strip() for one in os.environ.get(name, "").split(",") if one.strip()]
    for one in found:
        try:
            ipaddress.ip_address(one)
        except ValueError:
            stop(f"{name} must be addresses like 10.0.0.5, not “{one}”.")
    return found
