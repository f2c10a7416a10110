"""One moment of the database, for what reads much and has to agree with itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_moment(*, writes: bool = False) -> Iterator[None]:
    """Inside, every query sees the database as it was at the first of them."""
    access = "READ WRITE" if writes else "READ ONLY"
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}")
        yield
