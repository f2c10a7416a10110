"""The kernel: who acts and what they may, clocks, refusals, the audit trail, the partner scope."""
