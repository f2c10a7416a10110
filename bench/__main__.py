"""`python -m bench`: starts the stack, measures, prints the table."""

from __future__ import annotations

import signal
import sys
import time

from bench import intake, lists, pager, scratch, table, trends
from incidentdesk.embedded.errors import EmbeddedError


def main() -> None:
    """All figures; what takes longest is filling in a million incidents."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # its servers end with it
    figures: list[table.Figure] = []
    try:
        with scratch.stack() as stack:
            scratch.say(f"Alerts, {intake.CLIENTS} clients …")
            figures += intake.measure(stack)
            scratch.say("Tidying up …")
        with scratch.stack() as stack:
            scratch.say("Pages and mails …")
            figures += pager.measure(stack)
            scratch.say("Tidying up …")
        with scratch.stack() as stack:  # tables of its own: they grow from small to large
            figures += lists.measure(stack)
            scratch.say("Tidying up …")
        with scratch.stack() as stack:
            scratch.say("Trends …")
            figures += trends.measure(stack)
            scratch.say("Tidying up …")
    except (EmbeddedError, RuntimeError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(f"\n{table.show(figures, seconds=time.monotonic() - began)}")


if __name__ == "__main__":
    main()
