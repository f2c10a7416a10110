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

from incidentdesk import logs

env = Env()
ROLE_KEYS = (  # as in kernel.roles, which is loaded after the settings
    "administrator",
    "approver",
    "auditor",
    "commander",
    "communications",
    "responder",
    "security",
)
CONNECTION = {  # seconds, the last in ms: a network that swallows all holds nobody for long
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
KEY_LENGTH = 50  # letters of a SECRET_KEY, as Django asks for them
_PLACEHOLDER = re.compile("django-insecure|change.?me|your.?secret|desk-demo", re.IGNORECASE)


def stop(sentence: str) -> Any:
    """End the start with a sentence for the person who reads it."""
    sys.exit(f"incidentdesk: {sentence}")


def secret(name: str) -> str:
    """The value of `name`, or the content of the file that `name_FILE` names, or ''.

    It is in no line of the log.
    """
    value = os.environ.get(name, "")
    if file := os.environ.get(f"{name}_FILE"):
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            stop(f"{name}_FILE names {file}, which cannot be read ({error.strerror}).")
    logs.never_say(value)
    return value


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


def words(name: str, *, default: str, most: int) -> str:
    """A line of words that is shown to people."""
    value = " ".join((os.environ.get(name) or default).split())
    if len(value) > most or not value.isprintable():
        stop(f"{name} must be one line of at most {most} characters.")
    return value


def is_loopback(host: str) -> bool:
    """Whether an address with this host is reached from this machine alone."""
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def fit_for_others(site: str, *, key: str, debug: bool) -> None:
    """A desk that others reach starts without DEBUG, and with a SECRET_KEY that nobody guesses."""
    if debug:
        stop(f"DEBUG is on, and others reach {site}: it shows them the desk's insides; unset it.")
    if len(key) < KEY_LENGTH or len(set(key)) < 10 or _PLACEHOLDER.search(key):
        stop(f"SECRET_KEY can be guessed: set it to {KEY_LENGTH} or more random characters.")


def host_names(name: str) -> list[str]:
    """Host names without ports, separated by commas; none that stands for all."""
    found = [host.strip() for host in os.environ.get(name, "").split(",") if host.strip()]
    for host in found:
        if not re.fullmatch(r"\.?[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]", host):
            stop(f"{name} must be host names like desk.internal, each by itself, not “{host}”.")
    return found


def page(name: str, url: str) -> str:
    """The address of a page, or ''; it may hold a secret and is not repeated."""
    parts = address(name, url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        stop(f"{name} must look like https://hc-ping.com/your-check.")
    return url


def sentry(name: str) -> str:
    """Where errors are told, or ''."""
    value = secret(name)
    parts = address(name, value)
    if value and not (parts.scheme in ("http", "https") and parts.username and parts.path[1:]):
        stop(f"{name} must look like https://key@sentry.example.com/1.")
    logs.never_say(parts.username or "")
    return value


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
        dj_database_url.parse(
            url, conn_max_age=None, conn_health_checks=True, disable_server_side_cursors=True
        )
    )
    return found | {"OPTIONS": CONNECTION | found.get("OPTIONS", {})}


def _smtp(url: str) -> dict[str, Any]:
    """`smtp://user:pass@host:587?tls=starttls|tls|none` as Django's mail settings."""
    parts = address("EMAIL_URL", url)
    tls = parse_qs(parts.query).get("tls", ["none"])[0]
    if parts.scheme != "smtp" or not parts.hostname or tls not in ("none", "starttls", "tls"):
        stop("EMAIL_URL must look like smtp://user:pass@host:587?tls=starttls (or tls, or none).")
    return {
        "EMAIL_BACKEND": "notifications.channels.email.SmtpBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if tls == "tls" else 587 if tls == "starttls" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": tls == "starttls",
        "EMAIL_USE_SSL": tls == "tls",
    }


# How a provider's key is called in django-anymail's settings, in the order in which they stand
# before the @ of EMAIL_URL: anymail+mailjet://key:secret@
_KEYS = {
    "brevo": ("API_KEY",),
    "mailersend": ("API_TOKEN",),
    "mailgun": ("API_KEY",),
    "mailjet": ("API_KEY", "SECRET_KEY"),
    "mandrill": ("API_KEY",),
    "postmark": ("SERVER_TOKEN",),
    "resend": ("API_KEY",),
    "sparkpost": ("API_KEY",),
}
_BY_PROVIDER = "anymail+"


def mailer(url: str) -> dict[str, Any]:
    """Django's mail settings for a mail server (`smtp://…`) or a provider (`anymail+…://…`)."""
    return _anymail(url) if url.startswith(_BY_PROVIDER) else _smtp(url)


def _anymail(url: str) -> dict[str, Any]:
    """`anymail+postmark://token@?option=value` as Django's and django-anymail's settings.

    What stands after the ? are that provider's further settings: `?api_url=…` is Mailgun's API_URL.
    A host is the domain that sends, where the provider asks for one.
    """
    parts = address("EMAIL_URL", url)
    name = parts.scheme.removeprefix(_BY_PROVIDER)
    given = [unquote(part) for part in (parts.username, parts.password) if part]
    keys = _KEYS.get(name, ())
    if len(given) != len(keys) or not keys:
        known = ", ".join(_KEYS)
        stop(f"EMAIL_URL must look like anymail+postmark://token@ (Mailjet: key:secret); {known}.")
    values = dict(zip(keys, given, strict=True))
    values |= {key.upper(): value for key, (value, *_) in parse_qs(parts.query).items()}
    if parts.hostname:
        values["SENDER_DOMAIN"] = parts.hostname
    return {
        "MAIL_PROVIDER": name,
        "EMAIL_BACKEND": f"anymail.backends.{name}.EmailBackend",
        "ANYMAIL": {
            "REQUESTS_TIMEOUT": 10,
            "IGNORE_UNSUPPORTED_FEATURES": True,
            **{f"{name.upper()}_{key}": value for key, value in values.items()},
        },
    }


def hook_secret(name: str) -> str:
    """A secret that stands in an address; '' where it is not set."""
    value = secret(name)
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{20,100}", value):
        stop(f"{name} must be 20 to 100 letters, digits, - or _; it stands in an address.")
    return value


def listening(name: str) -> tuple[str, int] | None:
    """`host:port` to listen on; None where it is not set."""
    value = os.environ.get(name, "")
    if not value:
        return None
    parts = address(name, f"//{value}")
    if not parts.hostname or not parts.port or set(value) & set("/@?# "):
        stop(f"{name} must look like 127.0.0.1:2525, not “{value}”.")
    return str(parts.hostname), int(parts.port or 0)


def scanner(name: str) -> tuple[str, int] | str | None:
    """Where clamd listens: a host and a port, or a socket's path; None where it is not set."""
    value = os.environ.get(name, "")
    parts = address(name, value)
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return parts.path
    if value and (parts.scheme != "tcp" or not parts.hostname or not parts.port):
        stop(f"{name} must look like tcp://clamav:3310 or unix:///run/clamav/clamd.ctl.")
    return (str(parts.hostname), int(parts.port or 0)) if value else None


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


def groups(name: str) -> dict[str, list[str]]:
    """`role=group,role=another group` as role → groups."""
    found: dict[str, list[str]] = {}
    for one in filter(None, (part.strip() for part in os.environ.get(name, "").split(","))):
        role, _, group = (part.strip() for part in one.partition("="))
        if role not in ROLE_KEYS or not group:
            stop(f"{name} must look like commander=desk-leads,responder=desk, not “{one}”.")
        found.setdefault(role, []).append(group)
    return found


def provider_of(url: str) -> list[str]:
    """The origin of an address, for a policy that names it; nothing where there is none."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if url else []
