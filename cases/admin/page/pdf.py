"""The record of an incident as a PDF, as far as one can be drawn while a person waits."""

from __future__ import annotations

from incidentdesk.kernel.pdf import MISSING, answer, missing

__all__ = ["LONG", "LONGEST", "MISSING", "answer", "missing"]

LONGEST = 600  # entries of a timeline; it is drawn while the person waits, in about a second
LONG = "of so long a timeline would take too long; let your browser save the page as one"
