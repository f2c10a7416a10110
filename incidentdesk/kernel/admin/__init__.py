"""The desk's pages of the kernel: people, their tokens, the audit trail, the auditor, retention."""

from incidentdesk.kernel.admin import audit, findings, people, retention, tokens

__all__ = ["audit", "findings", "people", "retention", "tokens"]
