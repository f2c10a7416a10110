"""The dead man's switch: `HEARTBEAT_URL` is called while all is well, and somebody else notices
when that stops. What is asked for there is not read."""

from __future__ import annotations

import logging

from incidentdesk.kernel import outgoing

SECONDS = 10.0
logger = logging.getLogger(__name__)


def beat(url: str) -> bool:
    """Call `url` once, ten seconds at most; whether it answered 2xx. A failure is logged."""
    try:
        caps = outgoing.Caps(read=SECONDS, whole=SECONDS)
        status = outgoing.call("GET", url, outgoing.NAMED, caps=caps).status
    except outgoing.Failed as error:
        logger.warning("HEARTBEAT_URL could not be called: %s", error)
        return False
    if not 200 <= status < 300:
        logger.warning("HEARTBEAT_URL answered HTTP %s", status)
        return False
    return True
