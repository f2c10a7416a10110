"""The same thing for several incidents: each through its use case, in a transaction of its own.

What is refused for one is said of that one; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cases.models import Incident
from incidentdesk.kernel.errors import DeskError


@dataclass(frozen=True)
class Result:
    """What became of one incident: what was done, or why not."""

    reference: str
    said: str
    is_done: bool


def one_by_one(incidents: Iterable[Incident], call: Callable[[int], str]) -> list[Result]:
    """Call for each; `call` makes one call into a use case and says what was done."""
    return [_one(incident, call) for incident in incidents]


def _one(incident: Incident, call: Callable[[int], str]) -> Result:
    try:
        return Result(incident.reference, call(incident.pk), is_done=True)
    except DeskError as refusal:
        return Result(incident.reference, str(refusal), is_done=False)
