"""Stops the servers after a desk that was killed; the desk runs it beside its parts.

A worker's children end without a word, so that the last user of the servers may be one that stops
nothing. This process outlives the desk until it is the last user, and then does.
"""

import os
import time
from pathlib import Path

from incidentdesk.embedded import servers
from incidentdesk.embedded.layout import Layout

PATIENCE = 40.0  # seconds for the parts of a killed desk to end; they are told as it dies


def main() -> None:
    """Waits for the desk to end without it; a desk that ends in order ends this first."""
    desk = os.getppid()
    layout = Layout(Path(os.environ["DATA_DIR"]))
    servers.acquire_postgres(layout)
    while os.getppid() == desk:
        time.sleep(0.5)
    servers.release(layout, patience=PATIENCE)


if __name__ == "__main__":
    main()
