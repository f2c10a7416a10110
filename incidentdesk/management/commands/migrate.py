"""`migrate`, as Django has it, while the desk is running: it never makes others wait for long."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.migration import Migration
from django.db.migrations.recorder import MigrationRecorder
from psycopg2.errors import LockNotAvailable

from incidentdesk.kernel import patience, rendering

WAITS = 5  # seconds for a table that others use; who comes after us waits as long as we do
TIMES = 24  # so many tries
PAUSE = 5.0  # seconds between two, for the others


class Command(migrate.Command):
    """A step that would wait for a table is given up and tried again; what is done stays done.

    Without a limit one long transaction on a table would hold the step, and the step everybody who
    wants the table after it.
    """

    connection: BaseDatabaseWrapper

    def handle(self, *args: Any, **options: Any) -> None:
        """CommandError, in one sentence, where the table did not become free."""
        for attempt in range(1, TIMES + 1):
            if self._is_done(*args, **options):
                return
            if attempt < TIMES:
                self.stderr.write(
                    f"\nA table is in use; trying again in {PAUSE:.0f} s ({attempt} of {TIMES})."
                )
                time.sleep(PAUSE)
        raise CommandError(
            "A table stayed in use, so not every migration is applied; the desk goes on as it is. "
            "Run this again, or end the transaction that pg_stat_activity shows as the oldest."
        )

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        """A step outside a transaction makes an index while everybody goes on: nobody waits behind
        it, it waits for those who work, and cut off it would begin from nothing."""
        if migration is not None and action.endswith("_start"):
            patience.wait_at_most(self.connection, WAITS if migration.atomic else 0)
        super().migration_progress_callback(action, migration, fake)

    def _is_done(self, *args: Any, **options: Any) -> bool:
        """Whether nothing had to wait for too long."""
        try:
            self.connection = connections[options["database"]]
            with patience.limited(self.connection, waits=WAITS), self._rendering():
                super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            return False
        return True

    def _rendering(self) -> AbstractContextManager[None]:
        """An empty database is made in a sixth of the time; where there are data, all goes Django's
        own way."""
        is_empty = not MigrationRecorder(self.connection).applied_migrations()
        return rendering.of_what_changed() if is_empty else nullcontext()
