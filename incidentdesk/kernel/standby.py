"""A database that takes nothing: one that is being failed over answers reads, and no change.

What has to be recorded when it is read (restricted incidents, an auditor's reading, files that are
taken) is then not shown. What is only noted for proof is noted when it is read the next time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, InternalError, OperationalError
from psycopg2.errors import DiskFull, ReadOnlySqlTransaction

READ_ONLY = (
    "The desk can be read, and nothing can be changed for the moment: its database is being moved. "
    "Try again in a minute."
)
FULL = (
    "The desk can be read, and nothing can be changed: its database has no room left on its disk. "
    "Tell an administrator; it goes on by itself once there is room."
)
AWAY = "The desk cannot reach its database at the moment. Try again in a minute."
logger = logging.getLogger(__name__)


def is_read_only(error: BaseException | None) -> bool:
    """Whether the database takes no change, which is no fault of whoever asked for one."""
    return isinstance(error, InternalError) and isinstance(error.__cause__, ReadOnlySqlTransaction)


def words(error: BaseException | None) -> str:
    """What to say of an error of a database that is moved, full or away; '' of any other."""
    if is_read_only(error):
        return READ_ONLY
    if isinstance(error, OperationalError) and isinstance(error.__cause__, DiskFull):
        return FULL
    return AWAY if isinstance(error, OperationalError | InterfaceError) else ""


def or_next_time(note: Callable[[], object]) -> Callable[[], None]:
    """The note, left out where the database takes none: it is made when it is read again."""

    def made() -> None:
        try:
            note()
        except InternalError as error:
            if not is_read_only(error):
                raise
            logger.warning("the database takes no change; what was read is noted the next time")

    return made
