"""The worker's entry points. Each looks for rows that are due; a wake-up says only "look now".

What is due is decided by the database's clock, so that no worker whose clock is wrong pages early.
"""

from __future__ import annotations

from datetime import datetime

from incidentdesk.kernel import clocks, progress, worker
from notifications import bundling, delivery, escalation, failover, proving, turns
from notifications.rotas import coverage, handover, swaps


@worker.job(queue="page")
def deliver() -> None:
    """Send what is due; a long queue goes on in a further job, behind any escalation."""
    _deliver(at=clocks.database_now())


@worker.job(queue="webhooks")
def deliver_webhooks() -> None:
    """The same for webhooks and chats, whose servers answer when they like: nothing waits here
    but they. What waits for its next way is looked for here too, since a mail server may hang."""
    worker.do(_call, failover.follow_due)


@worker.job(queue="page")
def escalate() -> None:
    """Take the steps that are due, and send the lists of pages that wait; a long run goes on behind
    the pages that it queued."""
    worker.do(bundling.send_lists, _take_steps)


@worker.job()
def try_ways() -> None:
    """Test the ways to people that were not tested for a month."""
    proving.send_due(at=clocks.database_now())


@worker.job(queue="page")
def sweep() -> None:
    """Beat's net under both: what no wake-up announced is found within seconds."""
    worker.do(bundling.send_lists, _take_steps, _deliver, failover.follow_due)


@worker.job()
def look_at_rotas() -> None:
    """End the swaps that nobody answered in time, tell who is on call from tomorrow on, and mail
    owners the gaps of the coming weeks."""
    worker.do(swaps.expire, handover.remind, coverage.look_ahead)


# --- parts, each a round of a part of the desk ----------------------------------------------------


def _deliver(*, at: datetime) -> None:
    is_left = delivery.deliver_due(at=at)
    progress.mark(progress.SENDER, "more waits" if is_left else "nothing waits")
    if is_left:
        worker.wake("notifications.jobs.deliver", queue="page")


def _call(*, at: datetime) -> None:
    is_left = turns.deliver_due(at=at)
    progress.mark(progress.WEBHOOKS, "more waits" if is_left else "nothing waits")
    if is_left:
        worker.wake("notifications.jobs.deliver_webhooks", queue="webhooks")


def _take_steps(*, at: datetime) -> None:
    moved = escalation.run_due(at=at)
    progress.mark(progress.SCHEDULER, f"{moved} escalations moved" if moved else "nothing was due")
    if moved == escalation.RUN_LIMIT:
        worker.wake("notifications.jobs.escalate", queue="page")
