"""Django's Redis cache that starts the embedded server when it is first used."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.cache.backends import redis

from incidentdesk.embedded import servers
from incidentdesk.embedded.layout import Layout


class RedisCache(redis.RedisCache):
    """The shared cache, started on demand."""

    @cached_property
    def _cache(self) -> Any:
        """Django's client, made by Django once the server runs."""
        layout: Layout | None = settings.EMBEDDED
        if layout is not None:
            servers.acquire_redis(layout)
        return super()._cache
