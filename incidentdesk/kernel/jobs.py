"""Worker entry points of the kernel."""

from incidentdesk.kernel import clocks, once, worker


@worker.job()
def prune_sent_forms() -> None:
    """Forget forms that were sent days ago."""
    once.prune(at=clocks.now())
