"""The stories of the demo, by category; those that are still open, by name."""

from __future__ import annotations

from incidentdesk.demo.stories import access, api, integrity, outage, trading
from incidentdesk.demo.stories.noise import NOISE
from incidentdesk.demo.story import Story

# Over and reviewed; the director spreads them over the year.
CLOSED: tuple[Story, ...] = (
    *outage.STORIES,
    *trading.STORIES,
    *integrity.STORIES,
    *access.STORIES,
    *api.STORIES,
)

__all__ = ["CLOSED", "NOISE", "access", "api", "integrity", "outage", "trading"]
