"""How long a transaction waits for what others hold, and how long it may stand still itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


def limit(*, waits: int, stands_still: int) -> None:
    """Until the transaction ends: OperationalError after so many seconds of waiting for a lock; and
    whoever stands still for so many seconds between two statements, as a frozen process does, is
    cut off by the server, which lets go of what it held."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true),"
            " set_config('idle_in_transaction_session_timeout', %s, true)",
            [f"{waits}s", f"{stands_still}s"],
        )


def wait_at_most(of: BaseDatabaseWrapper, seconds: int) -> None:
    """From now on, over all transactions of this connection: so long for a lock; 0 is for ever."""
    with of.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds}s"])


@contextmanager
def limited(of: BaseDatabaseWrapper, *, waits: int) -> Iterator[None]:
    """Within the block, over all transactions of this connection: so many seconds for a lock."""
    wait_at_most(of, waits)
    try:
        yield
    finally:
        with of.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
