"""Worker entry points of the kernel."""

from incidentdesk.kernel import clocks, once, passwords, progress, retention, seals, worker
from incidentdesk.kernel.models import Session


@worker.job()
def prune_sent_forms() -> None:
    """Forget forms that were sent days ago."""
    once.prune(at=clocks.database_now())


@worker.job()
def prune_sessions() -> None:
    """Forget sessions that have ended, with what still waited to be shown in them."""
    Session.get_session_store_class().clear_expired()


@worker.job()
def let_go() -> None:
    """Let go of what is older than its kind is kept."""
    retention.forget_due(at=clocks.database_now())


SEALS_A_RUN = 50  # of a thousand lines each, some seconds: others wait for this worker too


@worker.job()
def seal_audit_trail() -> None:
    """Put seals under what the audit trail holds by now."""
    seals.seal(at=clocks.database_now(), most=SEALS_A_RUN)


@worker.job()
def mail_links() -> None:
    """Mail the links with which people set their passwords."""
    passwords.mail_asked(at=clocks.database_now())


@worker.job(queue="page")
def note_beat() -> None:
    """Nobody but beat asks for this: that it was done tells that beat lives."""
    progress.mark(progress.BEAT, "asked for what is due")
