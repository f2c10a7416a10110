"""The desk's pages of the kernel: people, their tokens, and the audit trail."""

from incidentdesk.kernel.admin import audit, people, tokens

__all__ = ["audit", "people", "tokens"]
