"""The worker's entry points. Each looks for rows that are due; a wake-up says only "look now"."""

from __future__ import annotations

from incidentdesk.kernel import clocks, worker
from notifications import bundling, coverage, delivery, escalation, swaps, turns


@worker.job(queue="page")
def deliver() -> None:
    """Send what is due; a long queue goes on in a further job, behind any escalation."""
    if delivery.deliver_due(at=clocks.now()):
        worker.wake("notifications.jobs.deliver", queue="page")


@worker.job(queue="webhooks")
def deliver_webhooks() -> None:
    """The same for partners' webhooks, whose servers answer when they like: nothing waits here
    but they."""
    if turns.deliver_due(at=clocks.now()):
        worker.wake("notifications.jobs.deliver_webhooks", queue="webhooks")


@worker.job(queue="page")
def escalate() -> None:
    """Take the steps that are due, and send the lists of pages that wait; a long run goes on behind
    the pages that it queued."""
    bundling.send_lists(at=clocks.now())
    if escalation.run_due(at=clocks.now()) == escalation.RUN_LIMIT:
        worker.wake("notifications.jobs.escalate", queue="page")


@worker.job(queue="page")
def sweep() -> None:
    """Beat's net under both: what no wake-up announced is found within seconds."""
    escalate()
    deliver()


@worker.job()
def look_at_rotas() -> None:
    """End the swaps that nobody answered in time, and mail owners the gaps of the coming weeks."""
    swaps.expire(at=clocks.now())
    coverage.look_ahead(at=clocks.now())
