"""Refusals: each is one sentence for the person who reads it."""

from __future__ import annotations

from incidentdesk.kernel import errors
from incidentdesk.kernel.errors import DeskError, GateNotMet


def test_every_refusal_can_be_caught_as_one():
    kinds = {k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)}
    assert {kind.__name__ for kind in kinds if issubclass(kind, DeskError)} == {
        "Conflict",
        "DeskError",
        "GateNotMet",
        "InvalidInput",
        "NotAllowed",
        "NotFound",
    }
    assert all(issubclass(kind, DeskError) for kind in kinds)


def test_a_move_that_has_to_wait_names_every_gate():
    error = GateNotMet("Containment", ["Category set", "Commander named"])
    assert str(error) == "Containment has to wait: Category set; Commander named."
    assert error.unmet == ["Category set", "Commander named"]
