"""Worker entry points of reviews."""

from incidentdesk.kernel import clocks, worker
from reviews import workflow


@worker.job()
def open_missing() -> None:
    """Open the review of every incident in Review that has none."""
    workflow.open_missing(at=clocks.now())
