"""Worker entry points of cases."""

from cases import (
    checkpoints,
    classifying,
    digests,
    downtime,
    evidence,
    offers,
    procedures,
    reminding,
    request_mails,
    silence,
    warning,
)
from cases.access import judging
from cases.access import own as own_accesses
from cases.anomalies import of_the_desk, scraping, watching
from cases.intake import alerts, beats, figures, releasing, storm
from incidentdesk.kernel import clocks, progress, worker


@worker.job()
def open_pending() -> None:
    """Open what was accepted but could not be opened then."""
    opened = alerts.open_pending(at=clocks.database_now())
    progress.mark(progress.INTAKE, f"{opened} deliveries opened" if opened else "nothing waited")


@worker.job()
def end_maintenance() -> None:
    """Open what still fires when its maintenance window ended; set the next time of those that
    repeat."""
    releasing.end_due(at=clocks.database_now())


@worker.job()
def calm_storms() -> None:
    """Clear the incidents about sources that send too much or what cannot be read, once over."""
    storm.calm_down(at=clocks.database_now())


@worker.job()
def find_missing_beats() -> None:
    """Open an incident for each source that should have called in by now."""
    beats.find_missing(at=clocks.database_now())


@worker.job()
def add_due_floors() -> None:
    """Raise what a critical system that stays down makes worse."""
    downtime.add_due_floors(at=clocks.database_now())


@worker.job()
def sweep_evidence() -> None:
    """Give up files that no row speaks of."""
    evidence.sweep(at=clocks.database_now())


@worker.job()
def remind_partners() -> None:
    """Remind partners of answers that they owe and of procedures that expire."""
    worker.do(request_mails.remind, procedures.remind)


@worker.job()
def warn() -> None:
    """Remind people of clocks, tasks and temporary fixes that passed a stage of their time."""
    warning.warn(at=clocks.database_now())


@worker.job()
def page_again() -> None:
    """Page again where an acknowledgement led to nothing, an offer has no answer, or nobody has
    classified."""
    worker.do(silence.watch, offers.chase, classifying.chase)


@worker.job()
def send_digests() -> None:
    """Send each partner the digest of the month before, once."""
    digests.send_due(at=clocks.database_now())


@worker.job()
def remind_of_notices() -> None:
    """Tell the next contact of what nobody at a partner acknowledged in time."""
    reminding.remind(at=clocks.database_now())


@worker.job()
def take_checkpoint() -> None:
    """Take today's checkpoint of all timelines, once, and see that its file is there."""
    checkpoints.take_daily(at=clocks.database_now())
    checkpoints.write_newest()


@worker.job()
def watch_series() -> None:
    """Feed the figures that came to the series that are on, and tell what was found."""
    watching.watch(at=clocks.database_now())


@worker.job()
def measure_desk() -> None:
    """The desk's own figures of the minutes that are over."""
    of_the_desk.measure(at=clocks.database_now())


@worker.job(queue="webhooks")
def ask_prometheus() -> None:
    """Ask what is due of every Prometheus that the desk may ask; they answer when they like."""
    scraping.ask(at=clocks.database_now())


@worker.job()
def prune_figures() -> None:
    """Let go of figures that are older than they are kept."""
    figures.prune(at=clocks.database_now())


@worker.job()
def judge_access() -> None:
    """Show the access rules what arrived since."""
    judging.judge(at=clocks.database_now())


@worker.job()
def take_audit_trail() -> None:
    """Let the access rules see what the audit trail says, and all that is waiting for them."""
    worker.do(own_accesses.take_audit_trail, judging.judge)
