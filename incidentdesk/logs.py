"""What the processes log: a line an event, with what is known of its request, job and incident.

As JSON for programs, or as a line for people. Secrets are masked in both, whoever logs them: those
that the desk was started with by their very letters, all others by where they stand. Nothing that
is logged can begin a line of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from structlog import contextvars, processors, stdlib

Event = MutableMapping[str, Any]
MASK = "***"
SHORTEST = 8  # letters of a secret that is looked for by itself; less would mask half the language

_NAMES = re.compile(
    r"pass(word|wd)|secret|token|api.?key|routing.?key|authori[sz]ation|cookie|csrf|sessionid|dsn",
    re.IGNORECASE,
)
_PATTERNS = (
    (re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+@"), rf"\1{MASK}@"),  # user:password@host
    (re.compile(r"\b(Bearer|Basic|GenieKey|Token)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"\b((?:desk|partner)_)[\w-]{20,}"), rf"\1{MASK}"),  # tokens of ours
    (
        re.compile(rf"((?:{_NAMES.pattern})\w*[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+", re.IGNORECASE),
        None,  # keeps what stands before: the groups within it have no number that stays
    ),
    (
        re.compile(
            r"(/(?:intake|heartbeat|ack|reached|oncall|first|invitation|reset/key|hooks/mail/[^/\s]+)/)"
            r"[^/\s?#\"']+"
        ),
        rf"\1{MASK}",
    ),
)
_BREAKS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_spoken: set[str] = set()  # secrets that this process was started with


# --- what is known of what goes on ----------------------------------------------------------------


def know(**known: object) -> None:
    """From here on every line of this request or job says so."""
    contextvars.bind_contextvars(**known)


def forget() -> None:
    """Nothing is known."""
    contextvars.clear_contextvars()


def known() -> dict[str, Any]:
    """What every line says now."""
    return contextvars.get_contextvars()


@contextmanager
def apart(**more: object) -> Iterator[None]:
    """What becomes known inside is known no more after."""
    before = known()
    know(**more)
    try:
        yield
    finally:
        forget()
        know(**before)


# --- masking --------------------------------------------------------------------------------------


def never_say(*values: str) -> None:
    """Mask these wherever they stand; of an address its password, or all of it without one."""
    for value in values:
        secret = _password(value) or value
        for written in (secret, unquote(secret), quote(secret, safe="")):
            if len(written) >= SHORTEST:
                _spoken.add(written)


def _password(value: str) -> str:
    try:
        return urlsplit(value).password or "" if "://" in value else ""
    except ValueError:
        return ""


def masked(text: str) -> str:
    """The text without secrets."""
    for secret in _spoken:
        text = text.replace(secret, MASK)
    for pattern, to in _PATTERNS:
        text = pattern.sub(to, text) if to else pattern.sub(lambda m: m[1] + MASK, text)
    return text


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: MASK if _NAMES.search(str(key)) else _mask(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_mask(one) for one in value]
    return value if isinstance(value, int | float | bool | None) else masked(str(value))


def mask_event(_: object, __: str, event: Event) -> Event:
    """A processor of structlog's."""
    return {key: MASK if _NAMES.search(key) else _mask(value) for key, value in event.items()}


# --- writing --------------------------------------------------------------------------------------


def as_json(_: object, __: str, event: Event) -> str:
    """A line of JSON; what would break it is escaped."""
    text = json.dumps(event, default=str, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def as_line(_: object, __: str, event: Event) -> str:
    """A line for people, what is known in brackets at its end, a traceback set in below."""
    level, name = str(event.pop("level", "")).upper(), event.pop("logger", "")
    said, trace = event.pop("event", ""), event.pop("exception", "")
    event.pop("timestamp", None)
    more = " ".join(f"{key}={value}" for key, value in event.items())
    line = _flat(f"{level:<7} {name}: {said}{f' [{more}]' if more else ''}")
    return "\n".join([line, *(f"    {_flat(one)}" for one in str(trace).splitlines())])


def _flat(text: str) -> str:
    return _BREAKS.sub(lambda found: "\\n" if found[0] == "\n" else f"\\x{ord(found[0]):02x}", text)


def configuration(*, json_lines: bool) -> dict[str, Any]:
    """The value of Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    contextvars.merge_contextvars,
                    stdlib.add_log_level,
                    stdlib.add_logger_name,
                    processors.TimeStamper(fmt="iso", utc=True),
                ],
                "processors": [
                    stdlib.ProcessorFormatter.remove_processors_meta,
                    processors.format_exc_info,
                    mask_event,
                    as_json if json_lines else as_line,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # scanners would fill the log
            "celery": {"level": "WARNING"},
            "mail.log": {"level": "WARNING"},  # aiosmtpd would log every address
            "weasyprint": {"level": "WARNING"},  # each step of each page
        },
    }


def of(names: Iterable[str]) -> dict[str, str]:
    """What is known, of these names alone, as text."""
    now = known()
    return {name: str(now[name]) for name in names if name in now}
