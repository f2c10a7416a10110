"""The desk's pages of this package, one file a model."""

from cases.admin import (
    alert,
    event,
    evidence,
    fix,
    incident,
    notice,
    playbook,
    registers,
    report,
    severity,
    system,
    task,
)

__all__ = [
    "alert",
    "event",
    "evidence",
    "fix",
    "incident",
    "notice",
    "playbook",
    "registers",
    "report",
    "severity",
    "system",
    "task",
]
