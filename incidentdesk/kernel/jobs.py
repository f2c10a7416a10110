"""Worker entry points of the kernel."""

from django.contrib.sessions.backends.db import SessionStore

from incidentdesk.kernel import clocks, once, passwords, retention, worker


@worker.job()
def prune_sent_forms() -> None:
    """Forget forms that were sent days ago."""
    once.prune(at=clocks.database_now())


@worker.job()
def prune_sessions() -> None:
    """Forget sessions that have ended, with what still waited to be shown in them."""
    SessionStore.clear_expired()


@worker.job()
def let_go() -> None:
    """Let go of what is older than its kind is kept."""
    retention.forget_due(at=clocks.database_now())


@worker.job()
def mail_links() -> None:
    """Mail the links with which people set their passwords."""
    passwords.mail_asked(at=clocks.database_now())
