"""Who did or read what: one function, one append-only table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import AuditEvent

REFUSED = "was refused"  # what somebody asked for and may not have; see incidentdesk.refused
# What only reads or takes away. What an auditor read may be closed to others who read this trail,
# so what these lines name is shown to auditors only.
READINGS = ("read", "downloaded evidence", "exported", "viewed the portal as")


def record(*, by: Actor, at: datetime, action: str, about: str, **detail: Any) -> AuditEvent:
    """Write one line; `about` names the object, for instance `incident:12`."""
    return AuditEvent.objects.create(
        at=at, actor=by.name, user_id=by.user_id, action=action, about=about, detail=detail
    )


def is_known(*, actor: Actor, since: datetime, action: str, about: str, **detail: Any) -> bool:
    """Whether the same line was written after `since`."""
    lines = AuditEvent.objects.filter(
        user_id=actor.user_id, action=action, about=about, at__gt=since
    )
    return lines.filter(detail=detail).exists()
