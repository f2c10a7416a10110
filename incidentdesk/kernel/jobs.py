"""Worker entry points of the kernel."""

from django.contrib.sessions.backends.db import SessionStore

from incidentdesk.kernel import clocks, once, worker


@worker.job()
def prune_sent_forms() -> None:
    """Forget forms that were sent days ago."""
    once.prune(at=clocks.now())


@worker.job()
def prune_sessions() -> None:
    """Forget sessions that have ended, with what still waited to be shown in them."""
    SessionStore.clear_expired()
