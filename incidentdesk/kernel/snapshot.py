"""One moment of the database, for what reads much and has to agree with itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from django.db import connection, transaction
from django.db.models import QuerySet

Row = TypeVar("Row")


@contextmanager
def one_moment(*, writes: bool = False) -> Iterator[None]:
    """Inside, every query sees the database as it was at the first of them."""
    access = "READ WRITE" if writes else "READ ONLY"
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}")
        yield


def streamed(rows: QuerySet[Any, Row], *, batch: int) -> Iterator[Row]:
    """The rows, `batch` of them in memory at a time; inside a transaction, as `one_moment` is.

    A cursor of the server's outlives its statement, so the settings switch Django's own use of them
    off: where a pooler hands connections out by transaction it would be gone. Within one
    transaction it is not. Outside, all rows are read at once.
    """
    found: Any = rows
    is_one = connection.in_atomic_block
    return cast(Iterator[Row], found._iterator(use_chunked_fetch=is_one, chunk_size=batch))
