"""The desk's pages of the kernel: people, and the audit trail."""

from incidentdesk.kernel.admin import audit, people

__all__ = ["audit", "people"]
