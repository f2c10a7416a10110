"""Whether the desk itself is well: the red light of whoever watches the first page."""

from __future__ import annotations

from incidentdesk.kernel import clocks, findings, progress, standing

UNSEEN = "The auditor has not looked for a while: nobody sees what the desk loses."
OWN_CLOCK = "The clock of the machine that shows you this page is not the database's."


def faults() -> list[str]:
    """What is wrong now, a sentence each; empty where all is well. Three queries.

    Of what the auditor found only what is about the desk itself: that names no incident.
    """
    at, off = clocks.beside_database()
    said = findings.of_the_desk()
    if off > standing.TOO_FAR:
        said.append(OWN_CLOCK)
    if progress.silent([progress.AUDITOR], at=at):
        said.append(UNSEEN)
    return said
