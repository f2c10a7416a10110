"""The shared cache that starts the embedded Redis when it is first used."""

from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings

from incidentdesk import cache
from incidentdesk.embedded import servers
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import Layout


class RedisCache(cache.RedisCache):
    """The shared cache, started on demand."""

    faults: ClassVar = (*cache.RedisCache.faults, EmbeddedError)

    @cached_property
    def _cache(self) -> Any:
        """Django's client, made by Django once the server runs."""
        layout: Layout | None = settings.EMBEDDED
        if layout is not None:
            servers.acquire_redis(layout)
        return super()._cache
