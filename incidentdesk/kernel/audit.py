"""Who did or read what: one function, one append-only table."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.aside import Aside, Hangs
from incidentdesk.kernel.models import AuditEvent

REFUSED = "was refused"  # what somebody asked for and may not have; see incidentdesk.refused
# What only reads or takes away. What an auditor read may be closed to others who read this trail,
# so what these lines name is shown to auditors only.
logger = logging.getLogger(__name__)
READINGS = ("read", "downloaded evidence", "exported", "viewed the portal as")


def record(*, by: Actor, at: datetime, action: str, about: str, **detail: Any) -> AuditEvent:
    """Write one line; `about` names the object, for instance `incident:12`."""
    return AuditEvent.objects.create(
        at=at, actor=by.name, user_id=by.user_id, action=action, about=about, detail=detail
    )


def record_apart(*, actor: Actor, at: datetime, action: str, about: str, **detail: Any) -> None:
    """Write a line that stays where what is under way is refused and taken back.

    By a connection of its own. Five seconds at most: a database that gives none loses the line,
    and whoever asked is still refused.
    """
    line = partial(record, by=actor, at=at, action=action, about=about, **detail)
    try:
        Aside().ask(line, seconds=5.0)
    except (Hangs, DatabaseError):
        logger.exception("a line of the audit trail could not be written: %s %s", action, about)


def is_known(*, actor: Actor, since: datetime, action: str, about: str, **detail: Any) -> bool:
    """Whether the same line was written after `since`."""
    lines = AuditEvent.objects.filter(
        user_id=actor.user_id, action=action, about=about, at__gt=since
    )
    return lines.filter(detail=detail).exists()
