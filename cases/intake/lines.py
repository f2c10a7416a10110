"""JSON lines: a body in, what each line tells and the lines that cannot be taken out. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cases.intake.signal import mapping
from incidentdesk.kernel.errors import InvalidInput

T = TypeVar("T")
MOST_LINES = 5_000
LONGEST_KEPT = 500  # of a bad line


@dataclass(frozen=True)
class Bad:
    """A line that cannot be taken: its number, counted from 1, and why, in a sentence."""

    line: int
    error: str
    raw: str = ""


@dataclass(frozen=True)
class Stored:
    """How many lines were stored, how many were there already, and which could not be taken."""

    stored: int
    repeated: int
    refused: Sequence[Bad] = ()


def parse(raw: str, read: Callable[[dict[str, Any], int], T]) -> tuple[list[T], list[Bad]]:
    """What `read` makes of each object and its number, and the lines that are none.

    An array of the same objects is read as well; its first is line 1. InvalidInput if there is
    nothing at all, or too much.
    """
    told: list[T] = []
    bad: list[Bad] = []
    numbered = list(_numbered(raw))
    if not numbered:
        raise InvalidInput("The body is empty; send one JSON object a line.")
    if len(numbered) > MOST_LINES:
        raise InvalidInput(f"Send at most {MOST_LINES:,} lines at once.")
    for number, line, found in numbered:
        try:
            said = found if line is None else _read(line)
            told.append(read(mapping(said, "Each line"), number))
        except InvalidInput as error:
            shown = line if line is not None else _written(found)
            bad.append(Bad(number, str(error), shown[:LONGEST_KEPT]))
    return told, bad


def _numbered(raw: str) -> Iterator[tuple[int, str | None, Any]]:
    """Each line that is not empty, as it stands; or each member of an array, as it was read."""
    if not raw.lstrip().startswith("["):
        lines = enumerate(raw.split("\n"), 1)
        yield from ((number, line, None) for number, line in lines if line.strip())
        return
    try:
        members = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInput("The array is not valid JSON.") from None
    yield from ((number, None, member) for number, member in enumerate(members, 1))


def _read(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidInput("It is not valid JSON.") from None


def _written(member: Any) -> str:
    """A member of an array as text again; nothing of one that is too deep to be written."""
    try:
        return json.dumps(member)
    except RecursionError:
        return ""
