"""Worker entry points of reviews."""

from incidentdesk.kernel import clocks, worker
from reviews import action_reminders, controls, problem_reminders, workflow


@worker.job()
def open_missing() -> None:
    """Open the review of every incident in Review that has none."""
    workflow.open_missing(at=clocks.database_now())


@worker.job()
def remind_of_actions() -> None:
    """Remind owners of preventive actions, and of controls, of their days."""
    worker.do(action_reminders.remind, controls.remind)


@worker.job()
def remind_of_recurrences() -> None:
    """Tell whoever keeps problem records, once a month, what came again."""
    problem_reminders.remind(at=clocks.database_now())
