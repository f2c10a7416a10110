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
    partner,
    playbook,
    registers,
    report,
    request,
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
    "partner",
    "playbook",
    "registers",
    "report",
    "request",
    "severity",
    "system",
    "task",
]
