"""Regulators: limits, anchors, clocks, outcomes."""
