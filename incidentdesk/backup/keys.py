"""The keys of a desk, which a backup does not hold: kept in a file of their own, or by hand.

A backup carries a mark of the key that it goes with, from which the key cannot be told.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from incidentdesk.backup.errors import BackupError

_SALT = "incidentdesk.backup"


def mark(key: str) -> str:
    """What tells whether a key is the one that a backup goes with."""
    return salted_hmac(_SALT, "key", secret=key, algorithm="sha256").hexdigest()


def write(path: Path) -> None:
    """Write this desk's keys into a new file for its owner alone."""
    keys = {"SECRET_KEY": settings.SECRET_KEY, "SECRET_KEY_FALLBACKS": _fallbacks()}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(keys, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise BackupError(f"{path} exists already; name a new file for the keys.") from None
    except OSError as error:
        raise BackupError(f"{path} cannot be written ({error.strerror}).") from error


def take(path: Path | None, *, wanted: str) -> None:
    """See that this desk has the key that a backup goes with; `path` is a file of keys, or None.

    An embedded desk takes the key from the file; elsewhere it is set in SECRET_KEY by hand.
    """
    if any(
        constant_time_compare(mark(key), wanted) for key in [settings.SECRET_KEY, *_fallbacks()]
    ):
        return
    if path is None:
        raise BackupError(
            "This backup goes with another SECRET_KEY, without which its encrypted addresses and "
            "secrets cannot be read: name the file of its keys with --keys, or set SECRET_KEY."
        )
    key = _read(path)
    if not constant_time_compare(mark(key), wanted):
        raise BackupError(f"The key in {path} is not the one that this backup goes with.")
    if not settings.EMBEDDED or os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"):
        raise BackupError(f"Set SECRET_KEY to the one that stands in {path}, and restore again.")
    settings.EMBEDDED.take_key(key)


def _read(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["SECRET_KEY"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path} is no file of keys that `backup --keys` wrote.") from error


def _fallbacks() -> list[str]:
    return [str(key) for key in settings.SECRET_KEY_FALLBACKS]
