"""Incidents, from the first sign to the review. Read `workflow.py` first."""
