"""What one look of the doctor's ends with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings


class State(StrEnum):
    """Only what is wrong makes the command fail."""

    WELL = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Told:
    """A sentence on what was found, and where something is to be done, what."""

    state: State
    said: str
    do: str = ""


def well(said: str) -> Told:
    """As it should be."""
    return Told(State.WELL, said)


def warning(said: str, do: str) -> Told:
    """The desk works, though not as it could."""
    return Told(State.WARNING, said, do)


def wrong(said: str, do: str) -> Told:
    """The desk does not work, or is open to somebody."""
    return Told(State.WRONG, said, do)


def for_others(said: str, do: str) -> Told:
    """Wrong where others reach the desk; on one's own machine worth a word."""
    return warning(said, do) if settings.IS_LOCAL else wrong(said, do)
