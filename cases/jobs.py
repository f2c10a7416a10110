"""Worker entry points of cases."""

from cases import checkpoints
from cases.intake import alerts
from incidentdesk.kernel import clocks, worker


@worker.job()
def open_pending() -> None:
    """Open what was accepted but could not be opened then."""
    alerts.open_pending(at=clocks.now())


@worker.job()
def take_checkpoint() -> None:
    """Take today's checkpoint of all timelines, once, and see that its file is there."""
    checkpoints.take_daily(at=clocks.now())
    checkpoints.write_newest()
