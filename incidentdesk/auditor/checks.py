"""All that the auditor looks at, a function each; a further check is a line here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from cases import auditing as of_cases
from incidentdesk.auditor import ground
from incidentdesk.kernel import auditing as of_the_trail
from incidentdesk.kernel import clocks, findings, outgoing, progress
from incidentdesk.kernel.findings import Fault
from notifications import auditing as of_the_post

Check = Callable[..., Iterator[Fault]]
logger = logging.getLogger(__name__)

# The parts that a round watches; the job that is the round of each, and its queue.
JOBS = {
    progress.INTAKE: {"cases.jobs.open_pending": "default"},
    progress.SCHEDULER: {"notifications.jobs.escalate": "page"},
    progress.SENDER: {"notifications.jobs.deliver": "page"},
    progress.WEBHOOKS: {"notifications.jobs.deliver_webhooks": "webhooks"},
}
WEB_SECONDS = 5.0  # in which a web process has to answer
WEB_STARTS = timedelta(seconds=60)  # given to one that has just been started


def silent_parts(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Parts of the desk that have not finished a round for too long."""
    for part in progress.silent(JOBS, at=at, since=since):
        limit = progress.LIMITS[part].total_seconds()
        words = f"The {part} has not finished a round in the last {limit:.0f} s."
        yield Fault(f"silent {part}", words, mend=findings.waking("It was woken.", JOBS[part]))


CHECKS: tuple[Check, ...] = (
    *of_cases.CHECKS,
    *of_the_post.CHECKS,
    *of_the_trail.CHECKS,
    silent_parts,
    *ground.CHECKS,
)


def found(*, web: str, at: datetime, since: datetime) -> Iterator[Fault]:
    """Everything that is wrong. A check that fails is wrong itself, and stops no other."""
    for check in CHECKS:
        try:
            yield from list(check(at=at, since=since))
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:  # that is what is to be told
            logger.exception("the check %s failed", check.__name__)
            words = f"The check “{check.__name__}” failed: {type(error).__name__}."
            yield Fault(f"check {check.__name__}"[:40], words)
    why, web_said = asked_web(web) if web else ("", None)
    is_up = at - since >= WEB_STARTS  # it was told to start when the auditor was
    if is_up and why:
        yield Fault("silent web", f"The web at {web} does not answer ({why}).")
    yield from ground.wrong_clocks(web_said, at=clocks.database_now())


def asked_web(place: str) -> tuple[str, datetime | None]:
    """Why the web at `host:port` does not answer `/healthz`, or nothing; and what time it says.

    Asked the way a proxy in front of the desk would ask.
    """
    site = urlsplit(settings.SITE_URL)
    headers = {"Host": site.netloc, "X-Forwarded-Proto": site.scheme}
    caps = outgoing.Caps(whole=WEB_SECONDS)
    try:
        url = f"http://{place}/healthz"
        answer = outgoing.call("GET", url, outgoing.NAMED, headers=headers, caps=caps)
    except outgoing.Failed as error:
        return type(error.__cause__ or error).__name__, None
    said = answer.headers.get("Date")
    why = "" if answer.status == 200 else f"HTTP {answer.status}"
    return why, parsedate_to_datetime(said) if said else None


def mended(faults: Sequence[Fault]) -> list[tuple[Fault, str]]:
    """Each with what was done about it, in words."""
    return [(fault, _mend(fault)) for fault in faults]


def _mend(fault: Fault) -> str:
    if fault.mend is None:
        return ""
    try:
        return fault.mend()
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:  # what cannot be mended is still told
        logger.exception("“%s” could not be mended", fault.words)
        return f"It could not be mended: {type(error).__name__}."
