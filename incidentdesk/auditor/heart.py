"""The dead man's switch: `HEARTBEAT_URL` is called while all is well, and somebody else notices
when that stops. What is asked for there is not read."""

from __future__ import annotations

import logging
import urllib.request

from incidentdesk.kernel.aside import Aside

SECONDS = 10.0
logger = logging.getLogger(__name__)
_aside = Aside()


def beat(url: str) -> bool:
    """Call `url` once, ten seconds at most; whether it answered 2xx. A failure is logged."""
    try:
        status = _aside.ask(lambda: _called(url), seconds=SECONDS)
    except Exception as error:  # noqa: BLE001 -- the desk goes on whatever that server does
        logger.warning("HEARTBEAT_URL could not be called: %s", error)
        return False
    if not 200 <= status < 300:
        logger.warning("HEARTBEAT_URL answered HTTP %s", status)
        return False
    return True


def _called(url: str) -> int:
    # http and https alone: the settings saw to it.
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310
        return int(answer.status)
