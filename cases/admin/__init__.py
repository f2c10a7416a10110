"""The desk's pages of this package, one file a model."""

from cases.admin import (
    alert,
    checkpoint,
    event,
    evidence,
    fix,
    incident,
    notice,
    notice_template,
    playbook,
    registers,
    report,
    severity,
    system,
    task,
)

__all__ = [
    "alert",
    "checkpoint",
    "event",
    "evidence",
    "fix",
    "incident",
    "notice",
    "notice_template",
    "playbook",
    "registers",
    "report",
    "severity",
    "system",
    "task",
]
