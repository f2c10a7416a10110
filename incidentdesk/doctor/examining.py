"""All that the doctor looks at, in the order in which it is told. A further look is a line here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import InterfaceError, OperationalError, ProgrammingError

from incidentdesk.doctor import choices, machine, outside, rows, running
from incidentdesk.doctor.told import State, Told, wrong
from incidentdesk.kernel.aside import Aside, Hangs

Look = Callable[[], Iterator[Told]]
SECONDS = 20.0  # for a look; what hangs is told and left alone
BY_ITSELF: dict[str, Look] = {
    "settings": choices.setting,
    "disk": machine.disk,
    "scanner": machine.scanner,
    "pdf": machine.printing,
    "redis": running.redis,
    "mail": outside.mail,
    "site": outside.site,
    "heartbeat": running.heartbeat,
    "pager": running.of_queue("pager"),
    "worker": running.of_queue("worker"),
    "caller": running.of_queue("caller"),
}
WITH_ROWS: dict[str, Look] = {
    "database": rows.database,
    "rights": rows.rights,
    "migrations": rows.migrations,
    "clock": machine.clock,
    "keys": choices.keys,
    "people": choices.people,
    "beat": running.beat,
    "auditor": running.auditor,
    "findings": running.findings,
}
LOOKS = {**WITH_ROWS, **BY_ITSELF}
PARTS = ("site", "pager", "worker", "caller", "beat", "auditor", "findings")  # of a desk that runs
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Looked:
    """One sentence of one look."""

    name: str
    told: Told


def examine(names: Collection[str] = ()) -> Iterator[Looked]:
    """Look at everything, or at what is named; each within its time, and none stops another."""
    is_away = False
    for name, look in LOOKS.items():
        if names and name not in names:
            continue
        if is_away and name in WITH_ROWS:
            yield Looked(name, Told(State.UNKNOWN, "Not known without the database."))
            continue
        try:
            found = Aside().ask(partial(_all, look), seconds=SECONDS)
        except (OperationalError, InterfaceError) as error:
            is_away = True
            found = [rows.away(error)]
        except ProgrammingError:
            found = [Told(State.UNKNOWN, "Not known before all migrations are applied.")]
        except Hangs:
            found = [
                wrong(f"There is no answer within {SECONDS:.0f} s.", "Look what it waits for.")
            ]
        except Exception as error:  # that is what is to be told
            logger.debug("the look %s failed", name, exc_info=True)
            said = f"This could not be looked at: {type(error).__name__}."
            found = [wrong(said, "Mend what is told above first; then look again.")]
        for told in found:
            yield Looked(name, told)


def _all(look: Look) -> list[Told]:
    return list(look())
