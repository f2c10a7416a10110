"""Worker entry points of reviews."""

from incidentdesk.kernel import clocks, worker
from reviews import actions, workflow


@worker.job()
def open_missing() -> None:
    """Open the review of every incident in Review that has none."""
    workflow.open_missing(at=clocks.database_now())


@worker.job()
def remind_of_actions() -> None:
    """Remind owners of preventive actions of their due days."""
    actions.remind(at=clocks.database_now())
