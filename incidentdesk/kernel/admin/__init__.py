"""The desk's pages of the kernel: people, their tokens, the audit trail, the auditor."""

from incidentdesk.kernel.admin import audit, findings, people, tokens

__all__ = ["audit", "findings", "people", "tokens"]
