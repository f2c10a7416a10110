"""How long service has to stay in band after recovery before a review begins. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta


def soak_over_at(recovered_at: datetime, minutes: int) -> datetime:
    """When the soak of a recovery ends."""
    return recovered_at + timedelta(minutes=minutes)
