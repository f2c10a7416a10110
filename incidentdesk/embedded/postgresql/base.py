"""Starts the embedded PostgreSQL with the first connection of a process, and not before.

So a command that touches no database (check, collectstatic, mypy) starts no server. Django asks
for a module of this name.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from incidentdesk.embedded import servers
from incidentdesk.embedded.layout import Layout


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL as Django knows it, started on demand."""

    def get_connection_params(self) -> dict[str, Any]:
        """Asked for before every new connection: the moment to see that the server runs."""
        layout: Layout | None = settings.EMBEDDED
        if layout is None:
            raise ImproperlyConfigured(
                "The embedded database engine is set without a data folder: "
                "set DATABASE_URL, or leave it unset for the embedded PostgreSQL."
            )
        servers.acquire_postgres(layout)
        params: dict[str, Any] = super().get_connection_params()
        return params
