"""Worker entry points of reviews."""

from incidentdesk.kernel import clocks, worker
from reviews import actions, approval, documents, workflow


@worker.job()
def open_missing() -> None:
    """Open the review of every incident in Review that has none."""
    workflow.open_missing(at=clocks.database_now())


@worker.job()
def remind_of_actions() -> None:
    """Remind owners of preventive actions and documents, and approvers of reviews that wait."""
    worker.do(actions.remind, documents.remind, approval.remind)
