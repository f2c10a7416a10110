"""Work in a thread of its own, for what may hang: whoever asks waits so long and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

from django.db import connections

Answer = TypeVar("Answer")
Said = SimpleQueue[tuple[object, Exception | None]]


class Hangs(Exception):
    """There is no answer in time, or none yet from the time before."""


class Aside:
    """One piece of work at a time. What hangs is left alone, and nothing is begun beside it."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self._free = threading.Lock()

    def begin(self, work: Callable[[], object], *, patience: float = 0.0) -> Said:
        """Start it and wait for nothing but, for so many seconds, for what was begun before.

        Hangs, if that is still under way then.
        """
        if not self._free.acquire(timeout=patience):
            raise Hangs("it is still busy with what it was asked before")
        said = Said()

        def run() -> None:
            try:
                said.put((work(), None))
            except Exception as error:  # noqa: BLE001 -- told to whoever asked
                said.put((None, error))
            finally:
                connections.close_all()
                self._free.release()

        threading.Thread(target=run, daemon=True).start()
        return said

    def ask(self, work: Callable[[], Answer], *, seconds: float) -> Answer:
        """What `work` answers, or raises. Hangs, if that takes longer than so many seconds."""
        try:
            answer, error = self.begin(work, patience=seconds).get(timeout=seconds)
        except Empty:
            raise Hangs(f"no answer within {seconds:g} s") from None
        if error is not None:
            raise error
        return cast(Answer, answer)
