"""Worker entry points of cases."""

from cases.intake import alerts
from incidentdesk.kernel import clocks, worker


@worker.job()
def open_pending() -> None:
    """Open what was accepted but could not be opened then."""
    alerts.open_pending(at=clocks.now())
