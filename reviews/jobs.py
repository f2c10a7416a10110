"""Worker entry points of reviews."""

from incidentdesk.kernel import clocks, worker
from reviews import action_reminders, approval, controls, documents, problem_reminders, workflow


@worker.job()
def open_missing() -> None:
    """Open the review of every incident in Review that has none."""
    workflow.open_missing(at=clocks.database_now())


@worker.job()
def remind_of_actions() -> None:
    """Remind owners of preventive actions, documents and controls, and approvers of reviews."""
    worker.do(action_reminders.remind, documents.remind, controls.remind, approval.remind)


@worker.job()
def remind_of_recurrences() -> None:
    """Tell whoever keeps problem records, once a month, what came again."""
    problem_reminders.remind(at=clocks.database_now())
