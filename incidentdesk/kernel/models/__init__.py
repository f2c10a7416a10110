"""Rows of the kernel: people and what belongs to them, and records."""

from __future__ import annotations

from incidentdesk.kernel.models.people import Session, Token, User, UserManager
from incidentdesk.kernel.models.records import (
    AuditEvent,
    AuditSeal,
    Finding,
    LinkRequest,
    Progress,
    Retention,
    SentForm,
)

__all__ = [
    "AuditEvent",
    "AuditSeal",
    "Finding",
    "LinkRequest",
    "Progress",
    "Retention",
    "SentForm",
    "Session",
    "Token",
    "User",
    "UserManager",
]
