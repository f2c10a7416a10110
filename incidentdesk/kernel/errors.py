"""Refusals. Each carries one sentence for the person who reads it: what happened, what to do."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol

# A row went between showing a form and sending it.
CONTRADICTS = "This contradicts what the desk holds; look at it again."
GONE = "What you chose is gone by now; look at the page again."
REFUSED = "was_refused"  # on a request of whose person a use case said that they may not


class DeskError(Exception):
    """A use case said no. `str(error)` is the sentence; nothing was changed.

    `field` is which of its arguments was wrong, where it is one; `others` are wrong as well.
    """

    def __init__(self, sentence: str = "", *, field: str = "", others: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.field, self.others = field, tuple(others)


class NotAllowed(DeskError):
    """The actor lacks the permission."""


class InvalidInput(DeskError):
    """What was given can never work as it stands."""


class NotFound(DeskError):
    """There is no such thing, or none that the actor may see."""


class Conflict(DeskError):
    """Somebody else was faster, or the state does not fit any more."""


class GateNotMet(DeskError):
    """A move was refused; `unmet` names every gate in words."""

    def __init__(self, move: str, unmet: Sequence[str]) -> None:
        self.unmet = list(unmet)
        super().__init__(f"{move} has to wait: {'; '.join(self.unmet)}.")


def note(request: object, error: DeskError) -> None:
    """A use case said that this request's person may not: that is written down (`refused`)."""
    if isinstance(error, NotAllowed):
        setattr(request, REFUSED, True)


class Form(Protocol):
    """What a refusal is shown in."""

    @property
    def fields(self) -> Container[str]:
        """Its fields, by name."""

    def add_error(self, field: str | None, error: str) -> None:
        """Show a sentence at a field, or above all of them."""


def mark(form: Form, error: DeskError) -> None:
    """Show the refusal in the form: at each field that it is about, or above all of them."""
    wrong: list[str | None]
    wrong = [name for name in (error.field, *error.others) if name in form.fields]
    for name in wrong or [None]:
        form.add_error(name, str(error))
